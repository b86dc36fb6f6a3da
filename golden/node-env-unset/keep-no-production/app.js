const http = require("node:http");
const config = require("config");

http.createServer((request, response) => response.end("1 + 1?")).listen(config.get("port"));
