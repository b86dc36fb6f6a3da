const http = require("node:http");

http.createServer((request, response) => response.end("worker")).listen(3000);
