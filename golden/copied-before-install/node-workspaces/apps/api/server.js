require("@shop/log").log(require("@shop/money").format(1250));
