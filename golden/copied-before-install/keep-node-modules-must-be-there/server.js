import polka from "polka";
import sirv from "sirv";

polka()
  .use(sirv("public"))
  .get("/health", (req, res) => res.end("ok"))
  .listen(process.env.PORT ?? 3000);
