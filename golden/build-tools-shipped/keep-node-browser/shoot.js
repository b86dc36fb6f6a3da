const puppeteer = require("puppeteer"); puppeteer.launch().then((browser) => browser.close());
