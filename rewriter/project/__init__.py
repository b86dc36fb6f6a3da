"""What lies beside the Dockerfile: the files of the build context."""
