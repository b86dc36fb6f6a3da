// Stands for the map of Plug'n'Play.
