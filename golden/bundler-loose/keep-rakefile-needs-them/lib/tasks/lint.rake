# frozen_string_literal: true

require "web/console/testing"

task(:lint) { puts "fine" }
