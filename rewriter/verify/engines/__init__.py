"""The engines that build and run images: one module each, behind the interface in `rewriter.verify.engine`."""
