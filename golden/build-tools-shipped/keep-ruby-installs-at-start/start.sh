#!/bin/sh
bundle check || bundle install
exec bundle exec puma
