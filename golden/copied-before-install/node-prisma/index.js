const { PrismaClient } = require("@prisma/client");

new PrismaClient().guest.findMany().then(console.log);
