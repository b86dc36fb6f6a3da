package org.example;

import javax.tools.*;

public class Rules {
    public static void main(String[] args) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        System.out.println(compiler.getSourceVersions());
    }
}
