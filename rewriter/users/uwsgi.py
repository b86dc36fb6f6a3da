"""What a configuration file of uWSGI shows. Source: https://uwsgi-docs.readthedocs.io/en/latest/Options.html"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from rewriter.project.context import Unfit
from rewriter.project.needs import View
from rewriter.users.code import Code, Port, Write, tables

_LINE = re.compile(r"\s*([\w-]+)\s*(?:=\s*(.*?))?\s*\Z")
_PORT = re.compile(r"(?:.*:)?(\d{1,5})\Z")


def files(words: Sequence[str]) -> Iterator[str]:
    """The configuration files that the arguments `words` name."""
    for at, word in enumerate(words):
        option, _, value = word.partition("=")
        if option in ("--ini", "-i") and (value or at + 1 < len(words)):
            yield value or words[at + 1]
        elif word.endswith(".ini") and not word.startswith("-") and words[at - 1 : at] not in (["--ini"], ["-i"]):
            yield word


def read(view: View, folder: str, path: str, code: Code) -> tuple[str, str]:
    """Add to `code` what the file `path` shows. A refusal and a doubt, each "" where there is none: it works as root
    and gives root away by itself, or does what is not known."""
    table = tables()["uwsgi"]
    place = posixpath.join(folder, path)
    try:
        text = view.text(place)
    except Unfit as error:
        return "", f"what uwsgi does is not known: {error}"
    file, doubt = view.file(place) or path, ""
    section = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]")
        match = _LINE.match(line)
        if section != "uwsgi" or not line or line.startswith((";", "#")) or match is None:
            continue
        key, value = match[1], match[2] or ""
        if key in table["drops"]:
            return f"{file}:{number} sets {key}: uWSGI works as root, and gives root away by itself", ""
        if key == "chdir":
            folder = posixpath.join(folder, value)
        elif any(re.fullmatch(pattern, key) for pattern in table["open"]):
            doubt = doubt or f"what uwsgi does for {file}:{number} ({key}) is not known"
        elif key in table["sockets"] and (port := _PORT.match(value)):
            code.ports.append(Port(int(port[1]), file, number))
        elif key in (*table["sockets"], *table["files"]) and value not in ("/dev/stdout", "/dev/stderr", "/dev/null"):
            target = "\0" if "%" in value or "$" in value else posixpath.join(folder, value)
            code.writes.append(Write(target, False, file, number, key))
    return "", doubt
