const babel = require("@babel/core");

test("compiles", () => babel.transformFileSync("src/index.js"));
