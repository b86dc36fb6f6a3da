import { createServer } from "node:http";
// @ts-expect-error it has no types
import ms from "ms";

const started = Date.now();

createServer((request, response) => {
  response.end(`${request.method} ${request.url}, up for less than ${ms(3600000 + 0 * started, { long: true })}\n`);
}).listen(8000);
