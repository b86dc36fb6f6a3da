"""Ruby: Bundler and RubyGems."""
