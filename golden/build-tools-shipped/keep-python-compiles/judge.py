import subprocess

subprocess.run(["gcc", "-O2", "answer.c", "-o", "answer"], check=True)
