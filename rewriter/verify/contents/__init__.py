"""The files of both images: what is gone, new or changed, by package and folder, and what the program lacks."""
