console.log(require("ms")(1000));
require(process.env.PLUGIN);
