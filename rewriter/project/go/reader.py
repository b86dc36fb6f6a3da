"""What the go command needs of a project.

Source: https://go.dev/ref/mod, and https://pkg.go.dev/cmd/go for options and variables.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping

from rewriter.change import Evidence
from rewriter.project.fetches import Unclear, assigned, carried, folder_of, require_plain, require_untouched, value_of
from rewriter.project.folders import inside, written
from rewriter.project.go.modules import Modules, modules_of
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call

_BUILDS = frozenset(("build", "generate", "install", "run", "test", "vet"))
_EDITS = frozenset(("get", "mod tidy", "mod vendor"))
_DOWNLOADS = frozenset(("mod download", "mod verify"))
# Variables of the go command that a download heeds: those of modules, not those of the platform and the compiler.
_OWN = r"GO(?:PROXY|PRIVATE|NOPROXY|NOSUMDB|SUMDB|INSECURE|VCS|AUTH|FLAGS|ENV|WORK|PATH|MODCACHE|TOOLCHAIN|111MODULE)"
_MANIFESTS = frozenset(("go.mod", "go.sum", "go.work", "go.work.sum"))


def needs(call: Call, view: View) -> Answer:
    """What `call` needs of the project: a download reads the manifests; a build needs the source, too, but `go mod
    download` can run before. None where there is nothing to download, and where modules are not used."""
    try:
        return _needs(call, view)
    except Unclear as reason:
        return Obstacle(str(reason))


def _needs(call: Call, view: View) -> Answer:
    command = call.subcommand
    if command in ("version", "env") and (command == "env" or not call.operands):
        return Needs((), evidence=(Evidence(f"go {command} needs no file of the project"),))
    if command == "run" and call.operands and "@" in call.operands[0].raw:
        return None
    settings = _settings(call, view)
    if command == "install" and call.operands and all("@" in word.raw for word in call.operands):
        return _published(call, view, settings)
    if command not in _BUILDS | _EDITS | _DOWNLOADS or settings.get("GO111MODULE") == "off":
        return None
    if command in _DOWNLOADS and call.operands:
        return None
    target = _changed_folder(call)
    modules = modules_of(view.into(target) if target else view, settings)
    if modules is None:
        return None
    _require_usual(call, view, settings)
    if command in _DOWNLOADS:
        return _download(command, modules, view)
    mode = _flag(call, settings, "mod")
    if mode == "vendor" or (modules.vendored and mode != "mod" and command in _BUILDS) or not modules.required():
        return None
    if any(earlier.program == "go" and earlier.subcommand == "mod download" for earlier in view.before):
        return None
    modules.require_sums()
    fetch = f"{_kept(call, view)}{carried(call, _OWN)}{call.head.raw} mod download"
    if modules.folder != modules.view.folder:
        fetch = f"cd {shlex.quote(modules.folder)} && {fetch}"
    elif target:
        fetch = f"cd {shlex.quote(target)} && {fetch}"
    does = "downloads what it adds" if command in _EDITS else "compiles everything"
    if command == "generate":
        does = "runs its programs"
    return Needs(modules.reads(view), (), tuple(modules.evidence()), fetch, f"go {command} still {does}")


def _settings(call: Call, view: View) -> dict[str, str | None]:
    """The variables as the go command sees them, by name; None for a value that is not known."""
    exported = [word for earlier in view.before if earlier.program == "export" for word in earlier.operands]
    found = {**_set(view), **dict(map(_pair, exported)), **view.env}
    return found | {name: value_of(word) for name, word in assigned(call).items()}


def _set(view: View) -> dict[str, str | None]:
    """What `go env -w` set before."""
    earlier = [call for call in view.before if (call.program, call.subcommand) == ("go", "env") and call.has("-w")]
    return dict(_pair(word) for call in earlier for word in call.operands)


def _pair(word: Word) -> tuple[str, str | None]:
    name, _, value = (word.value or word.raw).partition("=")
    return name, None if word.value is None else value


def _kept(call: Call, view: View) -> str:
    """The variables that `go env -w` set before, for a download that may stand above it."""
    words = []
    for name, value in _set(view).items():
        if name in view.env or name in assigned(call) or name == "GO111MODULE" or not re.fullmatch(_OWN, name):
            continue
        if value is None:
            raise Unclear(f"what go env -w sets {name} to is not known")
        words.append(f"{name}={shlex.quote(value)} ")
    return "".join(words)


def _flag(call: Call, settings: Mapping[str, str | None], name: str) -> str | None:
    """The value of the flag `name`, from the command line or GOFLAGS; None where it is not given."""
    given = {option.name.lstrip("-"): option.value or "" for option in call.options}
    for word in call.operands:
        if (word.value or "").startswith("-"):  # "-ldflags=-s -w" in quotes
            key, _, value = (word.value or "").lstrip("-").partition("=")
            given[key] = value
    flags = settings.get("GOFLAGS", "")
    if flags is None:
        raise Unclear("GOFLAGS is not known")
    usual: dict[str, str] = {}
    for flag in flags.split():
        key, _, usual[key] = flag.lstrip("-").partition("=")
    found = given.get(name, usual.get(name))
    if found is None:
        return None
    if "$" in found or not found:
        raise Unclear(f"the value of -{name} is not known")
    return found.strip("\"'")


def _changed_folder(call: Call) -> str:
    """What -C names, "" without it."""
    if not call.has("-C", "--C"):
        return ""
    folder = call.value("-C", "--C")
    if folder is None or not re.fullmatch(r"[\w./@+-]+", folder):
        raise Unclear("the folder of -C is not known")
    return folder


def _require_usual(call: Call, view: View, settings: Mapping[str, str | None]) -> None:
    """Raise `Unclear` where the command takes other manifests than those that lie there, or may do so."""
    require_plain(call, view)
    for name in ("modfile", "overlay"):
        if _flag(call, settings, name):
            raise Unclear(f"go {call.subcommand} takes other files with -{name}")
    require_untouched(view, _MANIFESTS)
    for earlier in view.before:
        if earlier.program == "go" and earlier.subcommand.startswith(("mod edit", "mod init", "work ")):
            raise Unclear(f"go {earlier.subcommand} changes the manifests before")
    home = settings.get("HOME") or "/root"
    path = (settings.get("GOPATH") or f"{home}/go").split(":")[0]
    for folder in (settings.get("GOMODCACHE"), posixpath.join(path, "pkg/mod"), "/go/pkg/mod"):
        if folder and inside(view, folder):
            raise Unclear(f"the modules go to {folder}, where the copied files are")


def _download(command: str, modules: Modules, view: View) -> Needs:
    """What `go mod download` or `go mod verify` reads."""
    modules.require_sums()
    known = {
        (words[0], words[1])
        for file in modules.sums()
        for line in modules.view.text(file).split("\n")
        if len(words := line.split()) == 3
    }
    for required, (path, line) in modules.required().items():
        if command == "mod download" and modules.fetched_for(required) not in known:
            # Go 1.16.0 to 1.16.4 add it (https://github.com/golang/go/issues/45332), and a copy behind takes it back.
            asks = f"{modules.view.file(path)}:{line} requires {' '.join(required)}"
            raise Unclear(f"{asks}, whose checksum go.sum does not hold")
    return Needs(modules.reads(view), (), tuple(modules.evidence()))


def _published(call: Call, view: View, settings: Mapping[str, str | None]) -> Answer:
    """`go install example.org/tool@v1.2.3`: of the project it reads only which toolchain go.mod and go.work ask for.

    Source: https://go.dev/doc/toolchain#select
    """
    home = settings.get("HOME") or "/root"
    path = (settings.get("GOPATH") or f"{home}/go").split(":")[0]
    for folder in (settings.get("GOBIN"), settings.get("GOMODCACHE"), path):
        if folder and inside(view, folder):
            raise Unclear(f"go install writes to {folder}, where the copied files are")
    fact = Evidence(f"go install {call.operands[0].raw} builds a published module")
    if settings.get("GOTOOLCHAIN") == "local":
        return Needs((), evidence=(fact,))
    found = [(name, folder_of(view, name)) for name in ("go.mod", "go.work")]
    reads = tuple(written(view, posixpath.join(folder, name)) for name, folder in found if folder is not None)
    return Needs(reads, evidence=(fact,))
