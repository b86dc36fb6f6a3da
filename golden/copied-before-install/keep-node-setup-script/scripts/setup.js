const fs = require("node:fs");

fs.copyFileSync("config/default.json", "config/local.json");
