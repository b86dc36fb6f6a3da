import subprocess

subprocess.run(["git", "clone", "--mirror", "https://example.org/x.git", "/data/x"], check=True)
