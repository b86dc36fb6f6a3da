const http = require("http");
const fs = require("fs");
const path = require("path");
const escape = require("escape-html");

const page = fs.readFileSync(path.join(process.cwd(), "views", "menu.html"), "utf8");

http
  .createServer((request, response) => response.end(page.replace("%table%", escape(request.url.slice(1)))))
  .listen(process.env.PORT);
