exports.close = (server) => {
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close());
};
