const http = require("http");
const ms = require("ms");
const routes = require("./routes");

http.createServer(routes).listen(process.env.PORT || 3000, () => console.log("up, polls every", ms(60000)));
