require("debug")("clock")(new Date());
