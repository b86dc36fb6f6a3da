"""What the transforms of cache order share: what may cross a copy, how it is divided, moves, the ignore file."""
