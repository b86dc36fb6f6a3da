"""Proves a rewrite by building it: both images are built by a real engine, run, measured and compared."""
