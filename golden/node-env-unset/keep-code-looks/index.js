const settings = require(`./settings/${process.env.NODE_ENV || "development"}.json`);
require("express")().listen(settings.port);
