const { createServer } = require("http");
const bcrypt = require("bcrypt");

createServer(async (request, response) => {
  response.end(await bcrypt.hash(request.url, 4));
}).listen(process.env.PORT || 5000);
