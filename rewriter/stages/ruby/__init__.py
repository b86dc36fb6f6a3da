"""The kit of Ruby: what its commands build, and on what that runs."""
