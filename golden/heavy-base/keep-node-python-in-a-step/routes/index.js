const escape = require("escape-html");

module.exports = (request, response) => response.end(`<p>${escape(request.url)}</p>`);
