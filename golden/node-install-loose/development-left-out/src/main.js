import { later } from "./later.js";
import settings from "./settings.json" with { type: "json" };

setInterval(() => console.log("ping"), later(settings.every));
