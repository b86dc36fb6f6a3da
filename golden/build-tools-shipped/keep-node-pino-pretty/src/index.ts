import pino from "pino"; pino({ transport: { target: "pino-pretty" } }).info("up");
