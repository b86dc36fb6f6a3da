const dgram = require("node:dgram");

dgram.createSocket("udp4").on("message", (message) => console.log(message.toString())).bind(8125);
