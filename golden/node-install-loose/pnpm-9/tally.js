import("nanoid").then(({ nanoid }) => console.log(nanoid()));
