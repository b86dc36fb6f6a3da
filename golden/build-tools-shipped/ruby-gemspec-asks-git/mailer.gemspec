Gem::Specification.new do |spec|
  spec.name = "mailer"
  spec.version = "0.1.0"
  spec.files = `git ls-files -z`.split("\x0")
  spec.add_dependency "rack"
end
