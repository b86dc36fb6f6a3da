const http = require("node:http");
const { DatabaseSync } = require("node:sqlite");

const file = process.env.LINKS_FILE;
const links = new DatabaseSync(file);
links.exec("create table if not exists links (name text, target text)");

http.createServer((request, response) => response.end(JSON.stringify(links.prepare("select * from links").all())))
  .listen(3000);
