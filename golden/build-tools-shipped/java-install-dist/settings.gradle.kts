rootProject.name = "feeds"
