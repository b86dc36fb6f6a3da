const { createServer } = require("http");
const bcrypt = require("bcrypt");

const salt = "$2b$04$abcdefghijklmnopqrstuu";

createServer(async (request, response) => {
  response.end(await bcrypt.hash(request.url, salt));
}).listen(process.env.PORT || 5000);
