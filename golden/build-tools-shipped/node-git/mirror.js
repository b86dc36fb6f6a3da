import { execFileSync } from "node:child_process";
import Database from "better-sqlite3";

const db = new Database("/tmp/mirror.db");
db.exec("CREATE TABLE IF NOT EXISTS runs (at TEXT)");

for (const address of process.argv.slice(2)) {
  execFileSync("git", ["clone", "--mirror", address], { stdio: "inherit" });
  db.prepare("INSERT INTO runs VALUES (datetime())").run();
}
