const http = require("http");
const fs = require("fs");
const path = require("path");
const Database = require("better-sqlite3");

const db = new Database(process.env.DATABASE || ":memory:");
db.exec("CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
db.prepare("INSERT INTO entries (text) VALUES (?)").run("Welcome");

http
  .createServer((request, response) => {
    if (request.url === "/entries") {
      response.end(JSON.stringify(db.prepare("SELECT * FROM entries").all()));
      return;
    }
    fs.createReadStream(path.join(__dirname, "public", "index.html")).pipe(response);
  })
  .listen(8080);
