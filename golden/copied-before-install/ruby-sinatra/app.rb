require "sinatra/base"

class Greeter < Sinatra::Base
  get("/") { "hello" }
end
