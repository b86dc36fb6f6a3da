import { createServer } from "node:http";
import { rates } from "./rates.js";

const port = Number(process.env.PORT ?? 8080);

createServer((_request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(rates()));
}).listen(port);
