const ms = require("ms");

setInterval(() => console.log("tick"), ms("1m"));
