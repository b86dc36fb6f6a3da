"""The kit of Node: what its commands build, and on what that runs."""
