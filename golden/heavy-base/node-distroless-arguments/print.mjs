import ms from "ms";

const words = process.argv.slice(2);
console.log(words.includes("--help") ? "print DURATION ..." : words.map((word) => ms(word)).join("\n"));
