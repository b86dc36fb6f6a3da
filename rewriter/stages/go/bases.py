"""What a Go program needs of the image that it runs on, and the smallest known image that has it.

Sources: https://github.com/GoogleContainerTools/distroless/blob/main/base/README.md (what static, base and cc hold:
certificates and time zones are in all of them), https://pkg.go.dev/net#hdr-Name_Resolution and
https://pkg.go.dev/cmd/cgo (when a program is linked with the C library).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from rewriter.change import Evidence
from rewriter.image import StageImage
from rewriter.project.fetches import Unclear
from rewriter.project.go.builds import variables
from rewriter.project.go.cgo import Program
from rewriter.stages.compiled import Needed, needs
from rewriter.stages.kit import Command, Shown
from rewriter.steps.context_copies import view_of

_STATIC = "gcr.io/distroless/static-debian12"
# The C library of a distroless image is the one of its Debian release, or a newer one than the program was linked with.
_DYNAMIC = {"stretch": 12, "buster": 12, "bullseye": 12, "bookworm": 12, "trixie": 13}
# Without a C compiler, Go 1.20 and later link no C library: https://go.dev/doc/go1.20#cgo
_NO_COMPILER = (1, 20)
_COMPILERS = frozenset(("gcc", "g++", "build-base", "clang", "alpine-sdk", "musl-dev", "tcc"))
_EXECS = frozenset(("exec.Command", "exec.CommandContext", "exec.LookPath", "syscall.Exec", "os.StartProcess"))
_CLIENTS = ("http.Get", "http.Post", "http.PostForm", "http.Head", "http.NewRequest", "http.NewRequestWithContext")


def static(command: Command, image: StageImage, shown: Shown, tools: Collection[str]) -> Evidence | None:
    """What shows that the program that `command` builds is linked without the C library; None where nothing does."""
    call, line = command.call, command.run.instruction.first_line
    ahead = command.run.calls[: command.run.calls.index(call)]
    given = variables(call, view_of(shown.facts, command.run, command.folder or "/", ahead)).get("CGO_ENABLED", "")
    if given == "0":
        return Evidence("CGO_ENABLED=0: the program needs no C library", line)
    if re.search(r"-extldflags[ =]+['\"\\]*-static\b", call.value("-ldflags", "--ldflags") or ""):
        return Evidence("the program is linked statically", line)
    version = tuple(int(part) for part in re.findall(r"\d+", image.base.version or "")[:2])
    newer = version >= _NO_COMPILER if len(version) == 2 else image.base.release is None and not version
    open_tag = "$" in image.base.reference or "@" in image.base.reference
    if (
        image.base.distribution == "alpine"
        and newer
        and not open_tag
        and not given
        and not _COMPILERS.intersection(tools)
    ):
        return Evidence(f"{image.base.name} has no C compiler: the program is linked without the C library", line)
    return None


def needed(
    shown: Shown, made: Program | None, outputs: Collection[str], static: Evidence | None, installed: Collection[str]
) -> Needed:
    """What the programs `outputs` need of their image, for which the stage has `installed` packages by itself. Raises
    `Unclear` where that is not known."""
    found = needs(shown, outputs, static, tuple(_run(made)), installed)
    packages = set(found.packages)
    clients = made and (made.sources.importing("crypto/tls", "crypto/x509") or made.sources.calling(*_CLIENTS))
    if made is None or made.modules or clients:
        packages.add("ca-certificates")
    if made and made.sources.calling("time.LoadLocation") and not made.sources.importing("time/tzdata"):
        packages.add("tzdata")
    return replace(found, packages=tuple(sorted(packages)))


def _run(made: Program | None) -> Iterator[tuple[str, str]]:
    """The programs that the Go sources run, each with who says so. Raises `Unclear`."""
    for path, file in made.sources.files.items() if made else ():
        for call in file.calls:
            if call.name in _EXECS:
                where = f"{made.sources.view.file(path)}:{call.line}" if made else path
                if not call.texts:
                    raise Unclear(f"{where} runs a program whose name is not written out")
                yield posixpath.basename(call.texts[0]), f"{where} runs {call.texts[0]}"


def base(
    image: StageImage, made: Program | None, needed: Needed, tools: Collection[str]
) -> tuple[str, tuple[str, ...]]:
    """The image to run on of what is built on `image`, and the packages that it needs there. Raises `Unclear`."""
    packages = set(needed.packages)
    foreign = [name for name in tools if name.endswith("-dev") and name not in ("libc6-dev", "musl-dev", "libc-dev")]
    libraries: tuple[str, ...] = ()
    if needed.static is None and foreign:
        libraries = _libraries(made, image, foreign)
    if image.base.distribution == "alpine":
        if needed.static and not needed.shell:
            return _STATIC, ()
        more = {"libgcc", "libstdc++"} if needed.static is None and _COMPILERS.intersection(tools) else set()
        return f"alpine:{image.base.release or 3}", tuple(sorted(packages | more))
    if image.base.distribution != "debian":
        raise Unclear(f"on which distribution {image.base.name} stands is not known")
    release = image.base.release
    if needed.shell or libraries:
        if release is None and needed.static is None:
            raise Unclear(f"which Debian {image.base.name} stands on is not known: name the release in its tag")
        suite = f"{release}-slim" if release else "stable-slim"
        return f"debian:{suite}", tuple(sorted(packages | set(libraries)))
    if needed.static:
        return _STATIC, ()
    if release not in _DYNAMIC:
        raise Unclear(f"which Debian {image.base.name} stands on is not known: name the release in its tag")
    kind = "base" if made and (made.pure or (made.libraries == {} and made.pure is False)) else "cc"
    return f"gcr.io/distroless/{kind}-debian{_DYNAMIC[release]}", ()


def _libraries(made: Program | None, image: StageImage, foreign: Sequence[str]) -> tuple[str, ...]:
    """The packages of the shared libraries that the program is linked with, where headers were installed."""
    if made and made.pure:
        return ()
    found = made.libraries if made else None
    if found is None or (made and made.pure is None):
        raise Unclear(f"the program may be linked with a library of {foreign[0]}: which one is not known")
    if not found:
        return ()
    release = image.base.release if image.base.distribution == "debian" else None
    if release is None or release not in found:
        raise Unclear(f"the package of the library that goes with {foreign[0]} is not known for this release")
    return found[release]
