"""The kit of Go: what its commands build, and on what that runs."""
