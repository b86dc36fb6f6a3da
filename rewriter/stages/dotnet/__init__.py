"""The kit of .NET: what its commands build, and on what that runs."""
