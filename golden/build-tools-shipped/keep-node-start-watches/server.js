require("http").createServer((q, r) => r.end("chat")).listen(3000);
