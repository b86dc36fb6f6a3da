import Koa from "koa";

new Koa().use((context) => { context.body = "soup"; }).listen(3000);
