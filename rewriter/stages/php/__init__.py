"""The kit of PHP: what its commands build, and on what that runs."""
