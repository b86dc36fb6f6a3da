const { WebSocketServer } = require("ws");

new WebSocketServer({ port: 8080 }).on("connection", (socket) => socket.send("up"));
