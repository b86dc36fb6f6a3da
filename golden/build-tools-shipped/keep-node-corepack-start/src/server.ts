import { createServer, type IncomingMessage } from "node:http";
import { Links } from "./links.js";

const links = new Links();
links.add("Read me first", "https://example.org/first");

function path(request: IncomingMessage): string {
  return new URL(request.url ?? "/", "http://localhost").pathname.slice(1);
}

const server = createServer((request, response) => {
  const target = links.get(path(request));
  response.setHeader("content-type", "text/plain");
  if (path(request) === "") {
    response.end(links.names().join("\n"));
  } else if (target) {
    response.writeHead(302, { location: target }).end();
  } else {
    response.writeHead(404).end("no such link");
  }
});

server.listen(Number(process.env.PORT ?? 3000));
process.on("SIGTERM", () => server.close());
