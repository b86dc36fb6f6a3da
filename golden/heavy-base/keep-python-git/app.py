import os

os.system("git pull")
