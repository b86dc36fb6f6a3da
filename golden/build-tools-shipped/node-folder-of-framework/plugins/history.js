// A loader of plugins finds it in its folder
const { execFile } = require("child_process");

module.exports = (app) =>
  app.get("/history", (request, response) => execFile("git", ["log", "--oneline"], (_, out) => response.end(out)));
