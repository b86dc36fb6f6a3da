"""What the transforms of cache order share: copies of the context, what may cross them, moves, costs."""
