import http from "node:http";

http.createServer((_, response) => response.end("up")).listen(80);
