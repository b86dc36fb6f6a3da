module.exports = "red";
