"""The words of a shell as paths: what a word surely begins with, seen from the folder in which its command runs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from rewriter import knowledge
from rewriter.effects.effect import canonical, covered
from rewriter.facts import ROOT, Run
from rewriter.image import Unknown
from rewriter.syntax.vocabulary import Call
from rewriter.within import is_within

# Stand in a text where a variable or the output of a command, and where a glob decides what is there.
OPEN, GLOB = "\0", "\1"
# Variables that name files and folders to programs: certificates, keys, libraries, settings.
# Sources: https://docs.openssl.org/master/man7/openssl-env/, https://nodejs.org/api/cli.html#environment-variables,
# https://git-scm.com/docs/git#_environment_variables, https://curl.se/libcurl/c/libcurl-env.html,
# https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification, man 8 ld.so
POINTS = re.compile(
    r"(?i)(?:.*(?:CERT|CERTS|CERT_FILE|CERT_DIR|CA_?BUNDLE|CA_?FILE|CA_?PATH|CAINFO|USERCONFIG|GLOBALCONFIG)"
    r"|GIT_(?:SSH|SSH_COMMAND|CONFIG\w*|SSL\w*|ASKPASS|EXEC_PATH|TEMPLATE_DIR)|SSH_\w+|NETRC|LD_\w+|CURL_HOME|WGETRC"
    r"|OPENSSL_\w+|BASH_ENV|XDG_CONFIG_\w+|DOCKER_CONFIG|APT_CONFIG)\Z"
)
_NAME = re.compile(r"\w+", re.ASCII)
_SPLITS = re.compile(r"[\s*?\[]")
_ASSIGNS = (
    r"(?<![\w$]){name}\+?=|\b(?:for|read|select|unset|getopts|mapfile|readarray)\b[^;&|\n]*\b{name}\b|-v\s+{name}\b"
)
_UNSURE = re.compile(f"[{OPEN}{GLOB}]")
# An absolute path from a variable; a pattern that also finds the folder above.
_AWAY = re.compile(f"\\A{OPEN}|(?:\\A|/)\\.\\.?{GLOB}")
_FEW = 16
Reader = Callable[[Call, str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Path:
    """Where a word leads. `path` is canonical; where `open`, the word leads to something at or below it. `folder` says
    that the word ends as a folder's name does, `name` is its last part ("" where that is not known)."""

    path: str
    open: bool = False
    folder: bool = False
    name: str = ""


ANYWHERE = Path("/", open=True)


@dataclass
class Scope:
    """What decides at one place of a script what its words stand for.

    `folder` is where it runs, None where that is not known; it may as well run in those of `also`. `variables` are
    those that the script itself sets, with all values they may have (None: any), `links` lead from the symbolic links
    that the Dockerfile makes to their targets (None: anywhere). `reader` knows what a package manager reads that runs
    in a folder of the project; `text` is what the offsets of statements count in.
    """

    run: Run
    folder: str | None
    variables: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    links: dict[str, str | None] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    reader: Reader | None = None
    text: str = ""

    def project(self, call: Call) -> frozenset[str]:
        """What a package manager reads beside the project's files in its folder; anything, where nobody knows."""
        if self.reader is None or self.folder is None or self.also:
            return frozenset("/")
        return self.reader(call, self.folder)

    def inner(self) -> Scope:
        """The same for a subshell."""
        return replace(self, variables=dict(self.variables))

    def values(self, name: str) -> tuple[str, ...] | None:
        """What variable `name` may be; None where that is not known."""
        if name in self.variables:
            return self.variables[name]
        text = self.run.script.text
        if name in text and re.search(_ASSIGNS.format(name=re.escape(name)), text):
            return None
        if name == "PWD":
            return None if self.folder is None else (self.folder, *self.also)
        value = self.run.state.env.get(name)
        if name == "HOME" and value is None:
            return None if self.home is None else (self.home,)
        return (value,) if isinstance(value, str) else None

    @property
    def home(self) -> str | None:
        """The home folder of the user who runs the step, None where it is not known."""
        if "HOME" in self.variables:
            values = self.variables["HOME"]
            return values[0] if values and len(values) == 1 else None
        return _home(self.run)

    def texts(self, raw: str) -> tuple[str, ...]:
        """What the word `raw` may stand for, with OPEN where that is not known."""
        found = [""]
        for part in _parts(raw, self):
            found = [text + more for text in found for more in part]
            if len(found) > _FEW:
                return (OPEN,)
        return tuple(found)

    def paths(self, raw: str) -> tuple[Path, ...]:
        """Where the word `raw` may lead."""
        return tuple(path for text in self.texts(raw) for path in self.places(text))

    def places(self, text: str) -> tuple[Path, ...]:
        """Where `text`, see `texts`, leads from each of the folders that the command may run in."""
        if text.startswith("/") or not self.also:
            return (self._place(text, self.folder),)
        return tuple(self._place(text, folder) for folder in dict.fromkeys((self.folder, *self.also)))

    def _place(self, text: str, folder: str | None) -> Path:
        sure = _UNSURE.split(text, maxsplit=1)[0]
        opened = sure != text
        inner = re.sub(r"\A(?:\.\.?(?:/+|\Z))*", "", sure)
        if ".." in inner.split("/") or _AWAY.search(text):
            return ANYWHERE
        if opened:
            if ".." in _UNSURE.sub("/", text[len(sure) :]).split("/"):
                return ANYWHERE
            sure = sure[: sure.rfind("/") + 1]
        if not sure.startswith("/"):
            if folder is None:
                return ANYWHERE
            sure = posixpath.join(folder, sure)
        ends = text.endswith(("/", "/.", "/..")) or text in (".", "..")
        name = "" if opened or ends else posixpath.basename(sure)
        return Path(canonical(sure), opened, ends, name)

    def reach(self, path: str) -> frozenset[str]:
        """`path` and all that it leads to over links: those of distributions, and those that the Dockerfile makes."""
        found = set(covered(path))
        for _ in range(len(self.links) + 1):
            more = set(found)
            for link, target in self.links.items():
                for each in found:
                    if target is None and (is_within(each, link) or is_within(link, each)):
                        return frozenset("/")
                    if target is not None and is_within(each, link):
                        more |= covered(canonical(target + each[len(link) :]))
                    elif target is not None and is_within(link, each):
                        more |= covered(target)
            if more == found:
                return frozenset(found)
            found = more
        return frozenset("/")


def _parts(raw: str, scope: Scope) -> Iterator[tuple[str, ...]]:
    """The pieces of a word, each with all that it may stand for. Source: POSIX, Shell Command Language, 2.6."""
    at, quoted = 0, False
    if raw.startswith("~"):
        user = re.match(r"~([\w-]*)(?=/|\Z)", raw)
        yield (scope.home or OPEN if user and not user[1] else OPEN,)
        at = user.end() if user else 1
    while at < len(raw):
        char = raw[at]
        if char == "'" and not quoted:
            end = raw.find("'", at + 1)
            if end < 0:
                yield (OPEN,)
                return
            yield (raw[at + 1 : end],)
            at = end + 1
        elif char == '"':
            quoted = not quoted
            at += 1
        elif char == "\\":
            yield (raw[at + 1 : at + 2] if not quoted or raw[at + 1 : at + 2] in '$`"\\' else raw[at : at + 2],)
            at += 2
        elif char == "$":
            values, at = _variable(raw, at, scope)
            yield values if quoted or not any(map(_SPLITS.search, values)) else (OPEN,)
        elif char == "`":
            end = raw.find("`", at + 1)
            yield (OPEN,)
            at = end + 1 if end > 0 else len(raw)
        elif char in "*?[" and not quoted:
            yield (GLOB,)
            at += 1
        elif char == "{" and not quoted and re.match(r"\{[^}]*(?:,|\.\.)", raw[at:]):
            yield (OPEN,)
            at = raw.find("}", at) + 1 or len(raw)
        else:
            yield (char,)
            at += 1


def _variable(raw: str, at: int, scope: Scope) -> tuple[tuple[str, ...], int]:
    """What the expansion at `at` stands for, and where it ends."""
    if match := _NAME.match(raw, at + 1):
        name, end = match[0], match.end()
    elif match := re.compile(r"\{(\w+)\}", re.ASCII).match(raw, at + 1):
        name, end = match[1], match.end()
    else:
        return (OPEN,), _closed(raw, at + 1)
    values = None if name[0].isdigit() else scope.values(name)
    return (OPEN,) if values is None else values, end


def _closed(raw: str, at: int) -> int:
    """The end of what begins with the bracket at `at`; behind that character where it is none."""
    close = {"{": "}", "(": ")"}.get(raw[at : at + 1])
    depth = 0
    for index in range(at, len(raw)):
        if close and raw[index] == raw[at]:
            depth += 1
        elif close and raw[index] == close:
            depth -= 1
        if depth == 0:
            return index + 1
    return len(raw)


def _home(run: Run) -> str | None:
    user, home = run.state.user, run.state.env.get("HOME")
    if home is not None:
        return home if isinstance(home, str) else None
    if not isinstance(user, str):
        return None
    if user in ROOT:
        return "/root"
    entry = knowledge.table("accounts").get(user.partition(":")[0]) if user in run.image.base.users else None
    return entry["home"] if entry else None


def search_path(scope: Scope) -> list[str]:
    """The folders above those that the search path names beside the usual ones: where `/opt/venv/bin` stands in it,
    `/opt/venv`. All there is, where an entry of it is not known."""
    values = [state.env.get("PATH", "") for state in (scope.run.image.start, *scope.run.image.before)]
    values += scope.variables.get("PATH", ("",)) or (Unknown(OPEN),)
    entries = [entry for value in values for entry in (value.of if isinstance(value, Unknown) else value).split(":")]
    found: list[str] = []
    for entry in dict.fromkeys(entries):
        if entry in ("", "${PATH}", "$PATH"):
            continue
        if not entry.startswith("/") or "$" in entry:
            return ["/"]
        folder = canonical(entry)
        parent = posixpath.dirname(folder) if posixpath.basename(folder) in ("bin", "sbin") else folder
        if parent not in ("/", "/usr", "/usr/local"):
            found.append(parent)
    return found
