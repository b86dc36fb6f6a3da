const ms = require("ms");

require("http").createServer((_, response) => response.end(ms(60000))).listen(8080);
