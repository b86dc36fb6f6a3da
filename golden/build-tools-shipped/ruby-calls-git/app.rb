require "sinatra"

get("/log") { IO.popen(["git", "-C", "/data", "log", "-1"]).read }
