const app = require("fastify")();

app.get("/health", async () => ({ ok: true }));
app.listen({ port: 3000 });
