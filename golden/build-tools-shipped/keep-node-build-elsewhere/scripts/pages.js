const fs = require("fs");

fs.writeFileSync("/var/www/html/index.html", '<script src="main.js"></script>');
