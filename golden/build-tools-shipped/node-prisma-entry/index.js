const { PrismaClient } = require("@prisma/client");
const http = require("http");

const client = new PrismaClient();

http
  .createServer(async (request, response) => response.end(JSON.stringify(await client.booking.findMany())))
  .listen(3000);
