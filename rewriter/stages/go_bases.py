"""What a Go program needs of the image that it runs on, and the smallest known image that has it.

Sources: https://github.com/GoogleContainerTools/distroless/blob/main/base/README.md (what static, base and cc hold:
certificates and time zones are in all of them), https://pkg.go.dev/net#hdr-Name_Resolution and
https://pkg.go.dev/cmd/cgo (when a program is linked with the C library).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.image import StageImage
from rewriter.project.fetches import Unclear
from rewriter.project.go.builds import variables
from rewriter.project.go.cgo import Program
from rewriter.project.services import services
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
_PROBE = re.compile(r"\b(curl|wget|nc)\b")
_OF_SHELLS = frozenset(
    [
        "awk",
        "basename",
        "cut",
        "dirname",
        "expr",
        "grep",
        "head",
        "sh",
        "tail",
        "tr",
        "uniq",
        "xargs",
        "sort",
        "source",
        ".",
        "exec",
        "kill",
        "sleep",
    ]
)


@dataclass(frozen=True, slots=True)
class Needed:
    """What the runtime stage needs: `static` shows that the program needs no C library, `shell` says why a shell is
    needed ("" where none is), `packages` are those of the distribution."""

    static: Evidence | None
    shell: str = ""
    packages: tuple[str, ...] = ()

    def with_shell(self, reason: str, packages: Collection[str]) -> Needed:
        """The same where steps of the stage need a shell, for the `reason`, or install packages."""
        wanted = self.shell or reason or ("the stage installs packages" if packages else "")
        return replace(self, shell=wanted, packages=self.packages if wanted else ())


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
    shell, packages = "", set[str]()
    start, alpine = shown.start, shown.image.base.distribution == "alpine"
    if start.shell:
        shell = "a shell reads the start command"
    if start.scripts:
        shell = f"{start.scripts[0].file} needs a shell"
    own = {posixpath.basename(path) for path in outputs}
    known = _OF_SHELLS.union(*(knowledge.table("stage_steps")[key].split() for key in ("quiet", "sets", "files")))
    for name in sorted(start.programs - own - known - _shells() - frozenset(start.inits)):
        if name in (posixpath.basename(script.file) for script in start.scripts):
            continue
        packages |= _package(name, f"the image starts {name}", installed, alpine=alpine)
        shell = shell or f"the image starts {name}"
    for init in start.inits:
        packages |= _package(init, f"the image starts {init}", installed, alpine=alpine)
        shell = shell or f"the image starts {init}"
    for name, why in (*_run(made), *_probes(shown, own)):
        if name not in own:
            shell = shell or why
            if name not in known | frozenset(("sh",)):
                packages |= _package(name, why, installed, alpine=alpine)
    if (
        made is None
        or made.modules
        or made.sources.importing("crypto/tls", "crypto/x509")
        or made.sources.calling(*_CLIENTS)
    ):
        packages.add("ca-certificates")
    zone = made and made.sources.calling("time.LoadLocation") and not made.sources.importing("time/tzdata")
    if zone or "TZ" in shown.image.final.env:
        packages.add("tzdata")
    return Needed(static, shell, tuple(sorted(packages)))


def _shells() -> frozenset[str]:
    return frozenset(("sh", "ash"))


def _package(name: str, why: str, installed: Collection[str], *, alpine: bool) -> frozenset[str]:
    """The package of the program `name`; none where it comes with those that the stage has `installed`, since the image
    of Go has none of that name. Raises `Unclear`."""
    table = knowledge.table("go_modules")
    package = table["runs"].get(name)
    if alpine and name in table["busybox"]["names"].split():
        return frozenset()
    if isinstance(package, str) and name != "source":
        return frozenset(package.split())
    if installed and name not in table["compiles"]["names"].split():
        return frozenset()
    raise Unclear(f"{why}: it is not known to be in a smaller image")


def _run(made: Program | None) -> Iterator[tuple[str, str]]:
    """The programs that the Go sources run, each with who says so. Raises `Unclear`."""
    for path, file in made.sources.files.items() if made else ():
        for call in file.calls:
            if call.name in _EXECS:
                where = f"{made.sources.view.file(path)}:{call.line}" if made else path
                if not call.texts:
                    raise Unclear(f"{where} runs a program whose name is not written out")
                yield posixpath.basename(call.texts[0]), f"{where} runs {call.texts[0]}"


def _probes(shown: Shown, own: Collection[str]) -> Iterator[tuple[str, str]]:
    """The programs of health checks: that of the stage, and those of compose files beside it."""
    for instruction in shown.image.stage.body:
        if instruction.keyword == "HEALTHCHECK" and instruction.value.strip().upper() != "NONE":
            words = instruction.value.removeprefix("CMD").strip()
            line = f"the health check of line {instruction.first_line}"
            if not words.startswith("["):
                yield "sh", f"{line} needs a shell"
            names = re.findall(r"[\w./-]+", words)
            found = [name for name in names if posixpath.basename(name) in knowledge.table("go_modules")["runs"]]
            if not found and not any(posixpath.basename(name) in own for name in names):
                raise Unclear(f"which program {line} runs is not known")
            yield from ((posixpath.basename(name), f"{line} runs {name}") for name in found)
    for service in services(shown.facts.project):
        for match in _PROBE.finditer(str(service.values.get("healthcheck", ""))):
            yield match[1], f"a health check in {service.file} runs {match[1]}"


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
