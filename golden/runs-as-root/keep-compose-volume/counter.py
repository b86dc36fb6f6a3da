with open("data/count", "a") as file:
    file.write("1\n")
