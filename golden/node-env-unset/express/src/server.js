const express = require("express");

const app = express();
app.get("/parcels/:id", (req, res) => res.json({ id: req.params.id }));
app.listen(8080);
