import express from "express";

const app = express();
const admin = express.Router();
admin.get("/health", (request, response) => response.sendStatus(204));
app.use("/admin", admin);
app.get("/seats/:row", (request, response) => response.json([]));
app.get("/healthz", (request, response) => response.send("ok"));
app.listen(process.env.PORT);
