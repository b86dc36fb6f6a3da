const express = require("express");
const fs = require("fs");
const path = require("path");
const multer = require("multer");

const app = express();
const uploads = path.join(__dirname, "..", "uploads");
const port = process.env.PORT || 3000;

fs.mkdirSync(uploads, { recursive: true });

const upload = multer({
  storage: multer.diskStorage({
    destination: (req, file, cb) => cb(null, uploads),
    filename: (req, file, cb) => cb(null, `${Date.now()}-${file.originalname}`),
  }),
});

app.post("/pictures", upload.single("picture"), (req, res) => res.sendStatus(201));
app.listen(port, () => console.log(`listening on ${port}`));
