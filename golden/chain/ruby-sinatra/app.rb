require "sinatra"
require "redcarpet"

get("/") { "hello" }
