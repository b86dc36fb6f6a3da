"""The files that a step names and fetches: paths seen from where `cd` leads, and what curl and wget write."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from rewriter.facts import Run
from rewriter.image import Value
from rewriter.syntax.shell import Script, Statement, Word, literal
from rewriter.syntax.vocabulary import Call, call

_SIMPLE = re.compile(r"(?:[\w./:@+,=%^-]|\$\w+|\$\{\w+\})+\Z", re.ASCII)
_VARIABLE = re.compile(r"\$(\w+)", re.ASCII)
_APART = frozenset(("subshell", "pipeline"))
_MAYBE = frozenset(("if", "loop", "case", "function"))
_HERE = re.compile(r"(?:\w+://)?(?:localhost|127\.|\[::1\]|0\.0\.0\.0)|file:|-")
# Source: https://curl.se/docs/manpage.html and https://www.gnu.org/software/wget/manual/wget.html
_SENDS = ("-d", "--data", "--data-binary", "--data-raw", "--data-urlencode", "-F", "--form", "-T", "--upload-file")
_NO_FILE = ("-I", "--head", "-X", "--request", "--spider", "-i", "--input-file", "--method", "--post-data")
_SERVER_NAMES = ("-J", "--remote-header-name", "--content-disposition", "--trust-server-names")
_FOLDERS = ("-r", "--recursive", "-m", "--mirror", "-x", "--force-directories", "-p", "--page-requisites")


@dataclass(frozen=True, eq=False, slots=True)
class Download:
    """One address that curl or wget fetches. `path` is the file, "" for standard output, None where it is not known."""

    call: Call
    url: str
    path: str | None


def plain(word: Word) -> str | None:
    """What `word` stands for, with simple variables left in as `${NAME}`; None where a glob or more decides that."""
    if word.value is not None:
        return word.value
    raw = word.raw[1:-1] if word.raw[:1] == word.raw[-1:] == '"' else word.raw
    return _VARIABLE.sub(r"${\1}", raw) if _SIMPLE.match(raw) else None


def located(path: str | None, folder: Value | None) -> str | None:
    """`path` as seen from `folder`, absolute (or with a variable in front); None where either is not known."""
    if path is None or path == "":
        return None
    if path[0] in "/$":
        return posixpath.normpath(path).replace("//", "/", 1)
    return posixpath.normpath(posixpath.join(folder, path)) if isinstance(folder, str) else None


def with_folders(run: Run) -> list[tuple[Call, str | None]]:
    """The commands of the step in order, each with the folder that it runs in; None where that is not known."""
    found: list[tuple[Call, str | None]] = []
    _walk(run.script.root, run.state.workdir if isinstance(run.state.workdir, str) else None, found)
    return found


def walked(script: Script, folder: str | None) -> list[tuple[Call, str | None]]:
    """The same for a script that starts in `folder`."""
    found: list[tuple[Call, str | None]] = []
    _walk(script.root, folder, found)
    return found


def ends_in(run: Run) -> str | None:
    """The folder that the step's shell is in at its end; None where that is not known."""
    return _walk(run.script.root, run.state.workdir if isinstance(run.state.workdir, str) else None, [])


def _walk(statement: Statement, folder: str | None, found: list[tuple[Call, str | None]]) -> str | None:
    """Add the commands of `statement`, which starts in `folder`; return the folder that it ends in."""
    if understood := call(statement):
        found.append((understood, folder))
        match understood.program:
            case "cd" if len(understood.operands) == 1 and understood.operands[0].raw != "-":
                return located(plain(understood.operands[0]), folder)
            case "." | "source" if any(word.raw.endswith("/bin/activate") for word in understood.operands[:1]):
                return folder  # https://docs.python.org/3/library/venv.html: it sets variables alone
            case "cd" | "pushd" | "popd" | "eval" | "." | "source":
                return None
        return folder
    inner = folder
    for child in statement.children:
        inner = _walk(child, inner, found)
    if statement.kind in _APART:
        return folder
    doubtful = statement.kind in _MAYBE or any(operator.text == "||" for operator in statement.operators)
    return None if doubtful and inner != folder else inner


def downloads(call: Call, folder: str | None) -> tuple[Download, ...]:
    """What `call`, run in `folder`, fetches from another machine; empty where it is no download."""
    if call.program not in ("curl", "wget") or call.has(*_SENDS, *_NO_FILE):
        return ()
    urls = [word.raw.strip("\"'") for word in call.operands]
    urls += [option.value or "" for option in call.options if option.name == "--url"]
    paths = _curl(call, urls) if call.program == "curl" else _wget(call, urls)
    redirect = next(
        (r.target for r in call.statement.redirects if r.operator in (">", ">|") and not r.descriptor), None
    )
    found = []
    for url, path in zip(urls, paths, strict=True):
        if not _HERE.match(url):
            written = plain(redirect) if path == "" and redirect else path
            found.append(Download(call, url, written and located(written, folder)))
    return tuple(found)


def _curl(call: Call, urls: list[str]) -> list[str | None]:
    named = _values(call, "-o", "--output")
    if named:
        inside = _values(call, "--output-dir")
        return [_in(inside, named[0] or "")] if len(named) == len(urls) == 1 else [None] * len(urls)
    if not call.has("-O", "--remote-name", "--remote-name-all"):
        return [""] * len(urls)
    if call.has(*_SERVER_NAMES):
        return [None] * len(urls)
    return [_in(_values(call, "--output-dir"), _name(url.partition("?")[0])) for url in urls]


def _wget(call: Call, urls: list[str]) -> list[str | None]:
    if named := _values(call, "-O", "--output-document"):
        return [None if named[-1] is None else _in([], named[-1])] * len(urls)
    if call.has(*_SERVER_NAMES, *_FOLDERS):
        return [None] * len(urls)
    return [_in(_values(call, "-P", "--directory-prefix"), _name(url)) for url in urls]


def _values(call: Call, *names: str) -> list[str | None]:
    """What the options `names` are given, see `plain`."""
    found: list[str | None] = []
    words = call.statement.words
    for option in call.options:
        if option.name not in names:
            continue
        following = next((word for word in words if word.start > option.word.start), None)
        if option.value is None:
            found.append(plain(following) if following else None)
        else:
            found.append(_plain_text(option.value))
    return found


def _plain_text(text: str) -> str | None:
    return text if not set(text) & set("$\"'`*?[") else plain(Word(0, 0, text, literal(text)))


def _name(url: str) -> str | None:
    """The last part of an address; None where that is not a file's name."""
    name = url.rpartition("/")[2] if "/" in url.partition("://")[2] else ""
    return _plain_text(name) if name and "?" not in name else None


def _in(folders: list[str | None], name: str | None) -> str | None:
    """`name` in the last of `folders`, if there is one; "" where it stands for standard output."""
    if name in ("-", "/dev/stdout"):
        return ""
    if not folders or not name:
        return name or None
    return None if folders[-1] is None else posixpath.join(folders[-1], name)
