const bcrypt = require("bcrypt");
const ffmpeg = require("fluent-ffmpeg");

ffmpeg(process.argv[2])
  .screenshots({ count: 1, filename: `${bcrypt.genSaltSync(4)}.png`, folder: "/thumbnails" })
  .on("error", (error) => console.error(error.message));
