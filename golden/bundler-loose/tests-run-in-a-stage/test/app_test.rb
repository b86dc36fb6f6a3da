require "rack/test"
require "minitest/autorun"
