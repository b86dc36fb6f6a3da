import { readFileSync } from "node:fs";

export function rates(): unknown {
  return JSON.parse(readFileSync(process.env.RATES ?? "/etc/rates.json", "utf8"));
}
