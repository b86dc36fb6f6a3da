"""The kit of Rust: what its commands build, and on what that runs."""
