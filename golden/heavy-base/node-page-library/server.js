const fs = require("fs");
const http = require("http");
const path = require("path");
const ms = require("ms");

const page = fs.readFileSync(path.join(__dirname, "public", "index.html"));

http.createServer((request, response) => {
  response.setHeader("Cache-Control", `max-age=${ms("1h") / 1000}`);
  response.end(page);
}).listen(process.env.PORT || 3000);
