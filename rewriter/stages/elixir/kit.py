"""Elixir: `mix release` makes a program that brings its own Erlang; the runtime stage has that alone.

Sources: https://hexdocs.pm/mix/Mix.Tasks.Release.html, https://hexdocs.pm/phoenix/releases.html#containers,
https://github.com/hexpm/bob#docker-images
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.knowledge.base_table import SAME_IMAGE
from rewriter.project.context import Unfit
from rewriter.project.needs import Obstacle
from rewriter.stages import assets
from rewriter.stages.kit import Carry, Command, Counterpart, Cut, Minimal, Role, Runtime, Shown
from rewriter.stages.mentions import full_tools, in_text, mentions
from rewriter.stages.programs import scripts_at
from rewriter.steps.downloads import located

_BUILDS_AT_START = frozenset(("mix", "iex", "elixir", "erl", "rebar3"))
# The oldest version whose plain tags are of the releases that are known by their packages.
_RECENT = (1, 15)
_RELEASE = re.compile(r"(.*/_build/[\w-]+/rel/\w+)/bin/[\w-]+\Z", re.ASCII)
_OFFICIAL = re.compile(r"(?P<image>.*:)(?P<version>\d[\w.]*(?:-otp-\d+)?)\Z")
_HEXPM = re.compile(
    r".*:[\w.-]+-erlang-[\w.-]+?-(?P<system>debian|ubuntu|alpine)-(?P<release>[a-z]+-\d{8}(?:\.\d+)?|[\d.]+)(?:-slim)?"
    r"(?:@.*)?\Z"
)
_MAKE = re.compile(r'^\s*"(\w+)":.*\{:(?:elixir_make|cc_precompiler|rustler|pc|port_compiler),', re.MULTILINE)
_NAMED = re.compile(r'^\s*"(\w+)":', re.MULTILINE)
# Settings of mix.exs that put the release elsewhere.
_MOVED = re.compile(r"\bbuild_path:|\breleases:[^\]]{0,600}\bpath:")


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command is for: the tasks of a build, and what builds the assets; other tasks may write anywhere."""
    del shown
    call, line = command.call, command.run.instruction.first_line
    if call.program != "mix":
        return assets.asset_role(command)
    tasks = [call.subcommand] if call.subcommand != "do" else _joined([word.raw for word in call.operands])
    table = knowledge.table("mix")["building"]
    for task in tasks:
        if task not in table["names"] and not task.startswith(tuple(table["begin"])):
            return Obstacle(f"what mix {task} in line {line} writes is not known")
    return Role.BUILDS


def _joined(words: Sequence[str]) -> list[str]:
    """The tasks of `mix do`. Source: https://hexdocs.pm/mix/Mix.Tasks.Do.html"""
    starts = [
        word.rstrip(",")
        for at, word in enumerate(words)
        if word not in ("+", ",") and (at == 0 or words[at - 1].endswith((",", "+")))
    ]
    return [word for word in starts if word]


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The runtime stage: the release, on the system that it was made on."""
    try:
        return _runtime(shown, cut)
    except Unfit as error:
        return Obstacle(str(error))


def _runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    if shown.start.unknown:
        return Obstacle(f"what the container starts is not known: {shown.start.unknown}")
    for started in shown.start.commands:
        name = posixpath.basename(started.call.program)
        if name in _BUILDS_AT_START:
            advice = "`mix release` makes a program of it that needs none of it"
            return Obstacle(f"the container runs {name}, which needs the build tools: {advice}")
    root = _release(shown, cut)
    if root is None:
        return Obstacle("what the container starts is not the release that `mix release` makes")
    if reason := _moved(shown, root):
        return Obstacle(reason)
    found = _base(shown.image.base.reference)
    if found is None:
        return Obstacle(f"which image has the system of {shown.image.base.name} alone is not known")
    base, packages, settings = found
    if base == shown.image.base.reference and not cut.tools:
        return None
    if isinstance(native := _native(shown), Obstacle):
        return native
    used = assets.used(shown)
    if isinstance(used, Obstacle):
        return used
    if obstacle := assets.old_system(shown, cut, _RECENT) or assets.other_node(cut, used):
        return obstacle
    tools = mentions(shown, full_tools().keys() - {"gcc", "g++", "make"})
    if isinstance(tools, Obstacle):
        return tools
    here = in_text(shown.view, ("File.cwd",))
    if here is not None:
        return here if isinstance(here, Obstacle) else Obstacle(f"the program looks at its working directory ({here})")
    folder = shown.view.folder.rstrip("/")
    scripts = [path for path in scripts_at(shown) if not path.startswith(f"{root}/")]
    zoned = assets.zones(shown) if base != shown.image.base.reference else None
    packages = (*packages, *(["tzdata"] if zoned else ()))
    wanted = dict.fromkeys((*packages, *(full_tools()[mention.tool] for mention in tools)))
    if "LANG" in shown.image.final.env:
        settings = ()
    return Runtime(
        base,
        (Carry(f"{root}/", f"{root}/"), *(Carry(path, path) for path in scripts)),
        "Elixir, the sources and the dependencies are shipped beside the release",
        (
            Evidence(f"the container starts the release in {root}, which brings its own Erlang"),
            *native,
            *([zoned] if zoned else ()),
        ),
        shown.view.project.root is not None,
        settings=settings,
        packages=tuple(name for name in wanted if name not in cut.packages),
        left=(f"{folder}/",) if folder else (),
        without=assets.superfluous(cut, used),
        declares=frozenset(("env", "open_env")),
    )


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """Nothing: what runs on these images without a release needs them."""
    del shown
    return None


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """Nothing: the scripts that start a release need a shell."""
    del shown
    return None


def _release(shown: Shown, cut: Cut) -> str | None:
    """The folder of the release that the container starts; None where it starts something else."""
    made = [command for command in cut.builds if command.call.program == "mix" and "release" in _tasks(command)]
    given = [located(command.call.value("--path"), command.folder) for command in made if command.call.has("--path")]
    for started in shown.start.commands:
        path = located(started.call.head.value, started.folder)
        if path is None or not made:
            continue
        if match := _RELEASE.match(path):
            return match[1]
        for root in given:
            if root and path.startswith(f"{root}/bin/"):
                return root
    return None


def _moved(shown: Shown, root: str) -> str | None:
    """Why mix.exs does not show that the release in `root` is the one that is made; None where it does."""
    if shown.view.kind("mix.exs") != "file":
        return "mix.exs is not copied, so that it is not known where the release is put"
    file, text = shown.view.file("mix.exs"), shown.view.text("mix.exs")
    if "/_build/" not in root:
        return None
    if match := _MOVED.search(text):
        return f"{file}:{text.count(chr(10), 0, match.start()) + 1} puts the release elsewhere"
    name = posixpath.basename(root)
    return None if re.search(rf":{name}\b|\b{name}:", text) else f"{file} names no release {name}"


def _tasks(command: Command) -> list[str]:
    words = [word.raw for word in command.call.operands]
    return _joined(words) if command.call.subcommand == "do" else [command.call.subcommand]


def _base(reference: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The image of the runtime stage, the packages that a release needs there, and the settings that it lacks."""
    table = knowledge.table("mix")["release"]
    name = SAME_IMAGE.sub("", reference.partition("@")[0].partition(":")[0])
    if name == "elixir":
        tag = reference.partition("@")[0].rpartition(":")[2]
        if "@" in reference or tag.endswith(("-slim", "-alpine")):
            return reference, (), ()
        match = _OFFICIAL.match(reference)
        return (f"{match['image']}{match['version']}-slim", (), ()) if match else None
    if found := _HEXPM.match(reference):
        system, release = found["system"], found["release"]
        packages = table["alpine"] if system == "alpine" else table["debian"]
        tag = f"{release}-slim" if system == "debian" else release
        return f"{system}:{tag}", tuple(packages), ("ENV LANG=C.UTF-8",)
    return None


def _native(shown: Shown) -> tuple[Evidence, ...] | Obstacle:
    """What shows that no dependency is linked to a library that the runtime stage lacks."""
    if shown.view.kind("mix.lock") != "file":
        return Obstacle("mix.lock is not copied, so that it is not known which libraries the dependencies need")
    table, text = knowledge.table("mix")["native"], shown.view.text("mix.lock")
    names = set(_MAKE.findall(text)) | set(_NAMED.findall(text)).intersection(table["linked"])
    unknown = names - set(table["names"]) - {"elixir_make", "cc_precompiler", "pc"}
    if unknown:
        return Obstacle(f"mix.lock has {min(unknown)}, which is compiled: which libraries it needs is not known")
    return (shown.view.evidence("has no dependency that needs a library of the system", "mix.lock"),)
