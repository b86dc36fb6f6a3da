"""A COPY of one file or folder as a step may have it mounted, and who else names what it brings."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rewriter.facts import Facts, Run
from rewriter.image import State
from rewriter.steps.downloads import located
from rewriter.syntax.shell import Word
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

PACKAGE = re.compile(r"\.(?:whl|deb|rpm|apk|zip|tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz|zst))\Z")
# Folders that the base image may have filled, so that a mount would hide what is there.
# Source: Filesystem Hierarchy Standard 3.0.
SYSTEM = re.compile(
    r"/(?:bin|boot|dev|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)?\Z"
    r"|/(?:bin|boot|dev|etc|lib\w*|proc|run|sbin|sys|usr(?!/src/)|var(?!/tmp/))/"
)


@dataclass(frozen=True, slots=True)
class Copied:
    """A COPY: `path` is where its file (or its folder) lies, `mount` what brings it there; `names` are its files."""

    copy: Instruction
    source: str
    path: str
    folder: bool
    names: str = "*"

    @property
    def mount(self) -> str:
        stage = self.copy.flag("from")
        origin = f",from={stage}" if stage else ""
        return f"type=bind{origin},source={self.source},target={self.path}"

    def inside(self, path: str | None) -> bool:
        """Whether `path`, which may be a pattern, is the file, the folder, or something in it."""
        if path is None:
            return False
        return path == self.path or path.startswith(f"{self.path}/") or fnmatchcase(self.path, path)

    def meets(self, path: str | None) -> bool:
        """Whether `path` is a pattern that the file or folder is one match of."""
        return path is not None and path != self.path and not path.startswith(f"{self.path}/") and self.inside(path)

    def below(self, path: str | None) -> bool:
        """Whether the file or folder lies below `path`, which may be a pattern."""
        if path is None:
            return False
        return f"{self.path}/".startswith(f"{re.split(r'/?[*?[]', path)[0].rstrip('/')}/")


def copied_by(facts: Facts, copy: Instruction, state: State) -> Copied | None:
    words = copy.json or tuple(copy.value.split())
    stage = copy.flag("from")
    plain = len(words) == 2 and not any(set(word) & set("$?[\"'\\,`{") for word in words)
    if not plain or copy.heredocs or len(copy.flags) != (stage is not None) or not isinstance(state.workdir, str):
        return None
    if stage is not None and (stage.isdigit() or "$" in stage):
        return None  # A mount knows stages by their names alone.
    source = posixpath.normpath(posixpath.join("/", words[0]))
    name, path = posixpath.basename(source), located(words[1], state.workdir)
    origin = source if stage else source[1:]
    if path is None or not name or "*" in path:
        return None
    into = words[1].endswith("/") or path == state.workdir or bool(SYSTEM.match(path))
    if "*" in name:
        above = posixpath.dirname(origin)
        return Copied(copy, above, path, True, name) if above not in ("", "/") and "*" not in above else None
    if PACKAGE.search(name) and (stage or facts.project.kind(origin) != "folder"):
        path = posixpath.join(path, name) if into else path
        ending = posixpath.splitext(name)[1]
        return Copied(copy, origin, path, False) if posixpath.splitext(path)[1] == ending else None
    return None if posixpath.splitext(name)[1] else Copied(copy, origin, path, True)


def may_fill(facts: Facts, instruction: Instruction, copied: Copied) -> bool:
    """Whether a COPY or ADD of something else may write to the place, too."""
    image = facts.image_of(instruction)
    assert image is not None
    words = instruction.json or instruction.value.split()
    target = located(words[-1], image.before[image.stage.body.index(instruction)].workdir) if words else None
    name = posixpath.basename(copied.path)
    others = all(posixpath.splitext(word)[1] and not fnmatchcase(name, posixpath.basename(word)) for word in words[:-1])
    return target is None or copied.inside(target) or (copied.below(target) and not others)


def mentions(instruction: Instruction, copied: Copied) -> bool:
    name = re.escape(posixpath.basename(copied.path))
    return bool(re.search(rf"(?<![\w.-]){name}(?![\w.-])", instruction.value))


def paths_of(call: Call, folder: str | None) -> list[tuple[Word, str | None]]:
    """The words behind a command's name, as paths (`--option=path` as well); patterns stay in them."""
    words = [word for word in call.statement.words if word.start > call.head.start]
    words += [redirect.target for redirect in call.statement.redirects if redirect.target]
    found = []
    for word in words:
        raw = word.raw.strip("\"'").removeprefix("file://")
        raw = raw.partition("=")[2] if raw.startswith("-") and "=" in raw else raw
        found.append((word, None if raw.startswith("-") else located(re.sub(r"\[[\w,]+\]\Z", "", raw), folder)))
    return found


def copied_on(facts: Facts, run: Run, copied: Copied) -> Instruction | None:
    """An instruction that takes the files, or a folder around them, out of the stage or of one that grows from it."""
    stages = (run.image, *facts.derived(run.image))
    names = {name for image in stages for name in (image.stage.name, str(image.stage.index)) if name}
    for instruction in facts.file.instructions:
        if any(re.search(r"from=([^,]+)", value) for value in instruction.flag_values("mount")):
            origins = [re.findall(r"from=([^,]+)", value) for value in instruction.flag_values("mount")]
            if any(origin.lower() in names for found in origins for origin in found):
                return instruction
        if (instruction.flag("from") or "").lower() in names:
            words = instruction.json or tuple(instruction.value.split())
            paths = [posixpath.normpath(posixpath.join("/", word)) for word in words[:-1]]
            if any(copied.inside(path) or copied.below(path) for path in paths):
                return instruction
    return None
