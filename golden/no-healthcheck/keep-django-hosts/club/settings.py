ALLOWED_HOSTS = ["club.example.org"]
ROOT_URLCONF = "club.urls"
