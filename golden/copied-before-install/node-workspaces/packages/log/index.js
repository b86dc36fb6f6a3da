exports.log = (line) => console.log(line);
