#!/usr/bin/env node
const { exec } = require("node:child_process");
const ms = require("ms");

exec("git log --format=%ct -n 1", (error, out) => console.log(error ?? ms(Date.now() - out * 1000)));
