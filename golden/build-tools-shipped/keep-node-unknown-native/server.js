require("robotjs");
