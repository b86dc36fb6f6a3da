"""What a program on a Python image needs of the system: packages that its runtime stage installs."""

from __future__ import annotations

import posixpath
import re

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.knowledge import apt_packages
from rewriter.project.context import Unfit
from rewriter.stages.kit import Cut, Obstacle, Shown
from rewriter.stages.mentions import full_tools, in_text, mentions, sources
from rewriter.stages.python.native import Native, marks
from rewriter.stages.python.packages import Installed

COMPILERS = frozenset(("gcc", "g++", "make", "cc", "c++", "ld", "cmake"))
# How a program loads libraries that no package names: https://docs.python.org/3/library/ctypes.html
_LOADS = re.compile(r"\b(?:CDLL|LoadLibrary|find_library|dlopen)\(\s*([^,)\n]*)")
# What a full image has for the standard library's tkinter: https://docs.python.org/3/library/tkinter.html
_TK = ("import tkinter", "from tkinter", "TkAgg")
_FONTS = ("DejaVuSans", "DejaVu Sans", "fonts/truetype/dejavu")


def needed_packages(
    shown: Shown, cut: Cut | None, found: Installed, needs: Native, full: bool
) -> tuple[list[str], list[Evidence]] | Obstacle:
    """The distribution's packages that the program needs on the slim variant of its image, and what shows it.

    Where the image is not `full`, nothing is added: what it lacks the stage installs itself. An Obstacle where the
    program needs what only a build stage has.
    """
    compiles = _compiles(shown, found, needs)
    if compiles is not None:
        return Obstacle(f"{compiles}: the compilers stay")
    tools = full_tools() if full else {}
    called = mentions(shown, {*tools, *COMPILERS})
    if isinstance(called, Obstacle):
        return called
    compiler = next((mention for mention in called if mention.tool in COMPILERS), None)
    if compiler is not None:
        return Obstacle(f"the program runs {compiler.tool} ({compiler.evidence}): the compilers stay")
    # musl's loader has no list of libraries: ctypes asks the compiler for them.
    loads = _loads(shown) if full or shown.image.base.distribution == "alpine" else None
    if loads is not None:
        return Obstacle(f"{loads.file}:{loads.line} loads a library of the system, and which one is not known")
    if not full:
        return [], []
    needed: dict[str, Evidence] = {}
    for mention in called:
        needed.setdefault(tools[mention.tool], mention.evidence)
    for name, words in (("libtk8.6", _TK), ("fonts-dejavu-core", _FONTS)):
        if isinstance(seen := in_text(shown.view, words), Evidence):
            needed[name] = seen
    if (seen := _types(shown)) is not None:
        needed["media-types"] = seen
    if isinstance(seen := in_text(shown.view, ("/usr/bin/python3", "/usr/bin/python\n")), Evidence):
        needed["python3"] = seen
    needed = {**needs.libraries, **needed}
    if "git" in needed and isinstance(seen := in_text(shown.view, ("git@", "ssh://")), Evidence):
        needed.setdefault("openssh-client", seen)
    for name in set(needed).intersection(cut.packages if cut else ()):
        del needed[name]
    facts: dict[Evidence, list[str]] = {}
    for name, fact in needed.items():
        if not _everywhere(shown, name):
            return Obstacle(f"{fact}, which needs {name}, and {_why(shown, name)}")
        facts.setdefault(fact, []).append(name)
    evidence = [Evidence(f"{f.fact}, which needs {' '.join(names)}", f.line, f.file) for f, names in facts.items()]
    return sorted(needed), evidence


def _compiles(shown: Shown, found: Installed, needs: Native) -> str | None:
    """Why the program compiles while it runs; None where it does not."""
    if needs.compiling:
        return f"{needs.compiling[0].name} compiles when it runs ({needs.compiling[0].evidence})"
    for package, words in marks(found):
        if isinstance(seen := in_text(shown.view, words), Evidence):
            return f"{package.name} compiles when it runs ({seen})"
    return None


def _loads(shown: Shown) -> Evidence | None:
    """Where the program loads a library other than the C library by itself; None where it does not."""
    texts = sources(shown.view)
    for file, text in texts.items() if isinstance(texts, dict) else ():
        for match in _LOADS.finditer(text):
            if match[1].strip("\"' ") not in ("None", "c", "libc.so.6"):
                return Evidence("loads a library", text.count("\n", 0, match.start()) + 1, file)
    return None


def _types(shown: Shown) -> Evidence | None:
    """Where the program tells the type of a file by its name, of files that Python's own table does not have; it reads
    /etc/mime.types, which a full image has with Debian's Python.

    Sources: https://docs.python.org/3/library/mimetypes.html#mimetypes.knownfiles,
    https://packages.debian.org/stable/libpython3.11-stdlib (depends on media-types)
    """
    table = knowledge.table("python_runtime")["types"]
    seen = in_text(shown.view, table["calls"])
    if isinstance(seen, Evidence):
        return Evidence(f"tells the type of files ({seen.fact})", seen.line, seen.file)
    try:
        files = shown.view.project.files()
    except Unfit:
        return None
    for file in files:
        if posixpath.splitext(file)[1] in table["endings"] and set(file.split("/")) & set(table["folders"]):
            return Evidence("is served, and Python does not know its type", None, file)
    return None


def _why(shown: Shown, name: str) -> str:
    """Why `name` cannot be installed wherever the tag may come to."""
    release = shown.image.base.release
    if release is not None and release not in apt_packages.releases():
        return f"what {release} has of it is not known"
    return f"{name} has another name in other releases of Debian"


def _everywhere(shown: Shown, name: str) -> bool:
    """Whether `name` can be installed in each release that the tag may come to."""
    release = shown.image.base.release
    known = apt_packages.releases()
    releases = known[-2:] if release is None else (release,)
    return all(each in known and apt_packages.installed_name(each, name) for each in releases)
