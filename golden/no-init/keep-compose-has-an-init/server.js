require("http").createServer((_, response) => response.end()).listen(80);
