console.log(require("kleur").bold(require("./paint")));
