import config from "config";
import fastify from "fastify";

await fastify().listen({ port: config.get("port") });
