import pathlib

DATA = pathlib.Path("/srv/app/data/notes.json")


def save(text):
    with open("/srv/app/data/notes.json", "w") as file:
        file.write(text)


save("x")
