import sys

with open(sys.argv[1], "w") as target:
    target.write("done")
