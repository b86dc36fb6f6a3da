const { close } = require("./stop");
const server = require("http").createServer((_, response) => response.end()).listen(80);

close(server);
