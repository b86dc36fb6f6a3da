"""The kit of Python: what its commands build, and on what that runs."""
