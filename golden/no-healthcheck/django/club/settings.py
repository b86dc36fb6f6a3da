ALLOWED_HOSTS = ["club.example.org", "127.0.0.1"]
ROOT_URLCONF = "club.urls"
