"""Facts as data files, each with its source: base images, package managers, commands, packages."""
