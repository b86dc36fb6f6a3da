require_relative "lib/ledger/version"

Gem::Specification.new do |spec|
  spec.name = "ledger"
  spec.version = Ledger::VERSION
  spec.summary = "Books"
  spec.authors = ["Acme"]
  spec.files = `git ls-files`.split("\n")
end
