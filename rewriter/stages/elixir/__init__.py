"""The kit of Elixir: what its commands build, and on what that runs."""
