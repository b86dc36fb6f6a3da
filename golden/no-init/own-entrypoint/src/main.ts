import { createServer } from "node:http";

createServer((request, response) => response.end("tide table")).listen(8080);
