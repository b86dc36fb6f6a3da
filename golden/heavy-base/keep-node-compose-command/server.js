const http = require("node:http");

http.createServer((request, response) => response.end("server")).listen(3000);
