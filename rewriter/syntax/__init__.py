"""What a Dockerfile says: a lossless tree of instructions, the shell of a RUN, words and variables."""
