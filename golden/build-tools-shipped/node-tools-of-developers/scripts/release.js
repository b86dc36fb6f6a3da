const { execSync } = require("child_process");

const version = require("../package.json").version;
execSync(`git tag -a v${version} -m "Release ${version}"`, { stdio: "inherit" });
execSync("git push --follow-tags", { stdio: "inherit" });
