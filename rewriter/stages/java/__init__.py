"""The kit of Java and Kotlin: what its commands build, and on what that runs."""
