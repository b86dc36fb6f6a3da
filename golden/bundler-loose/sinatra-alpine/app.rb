require "bundler/setup"
require "sinatra"
require "redis"

get("/") { "#{Redis.new.incr("hits")} hits" }
