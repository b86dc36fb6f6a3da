const express = require("express");
const app = express();
app.get("/", (q, r) => r.send("hi"));
app.listen(3000);
const upload = require("multer")({ dest: "uploads/" });
const Store = require("better-sqlite3");
const store = new Store("data/shop.db");
