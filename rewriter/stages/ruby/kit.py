"""Ruby: gems and assets are built on the full image, and run on the slim one of the same version.

Sources: https://hub.docker.com/_/ruby, https://github.com/docker-library/ruby,
https://bundler.io/man/bundle-config.1.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.context import Unfit
from rewriter.project.manifests import line_of
from rewriter.project.needs import Obstacle
from rewriter.project.ruby.gemfile import Lock, lock_sections
from rewriter.project.ruby.groups import bundled, needed, version
from rewriter.stages import assets, bases
from rewriter.stages.assets import ASSET_TOOLS
from rewriter.stages.kit import Carry, Command, Counterpart, Cut, Minimal, Role, Runtime, Shown
from rewriter.stages.mentions import Mention, full_tools, mentions
from rewriter.stages.packages import divide

_GEM_HOME = "/usr/local/bundle"
_BUNDLE = frozenset(
    ("", "install", "config", "clean", "check", "lock", "binstubs", "cache", "package", "pristine", "update")
)
# Tasks that write below the working directory alone.
# Sources: https://guides.rubyonrails.org/command_line.html, https://github.com/shakacode/shakapacker,
# https://github.com/rails/jsbundling-rails, https://github.com/Shopify/bootsnap
_TASKS = re.compile(
    r"(?:assets|tmp|log|webpacker|shakapacker|css|javascript|dartsass|tailwindcss|i18n|yarn|js):[\w:]+\Z|bootsnap\Z"
)
# The oldest version whose plain tags are of the releases that are known by their packages.
_RECENT = (3, 2)
_AT_START = ("gem", *ASSET_TOOLS)


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command is for: gems, assets and caches are built; other tasks may write anywhere."""
    del shown
    call, line = command.call, command.run.instruction.first_line
    name = posixpath.basename(call.program)
    if name == "gem":
        if call.subcommand == "update" and call.has("--system"):
            return Role.SETS
        plain = call.subcommand in ("install", "i", "update", "sources", "cleanup") and not call.has(
            "-i", "--install-dir", "-n", "--bindir"
        )
        return Role.BUILDS if plain else Obstacle(f"where gem {call.subcommand} in line {line} writes is not known")
    if name == "bundle" and call.subcommand in _BUNDLE:
        return Role.BUILDS
    words = bundled(call)
    first = posixpath.basename(words[0]) if words else ""
    if first == "bootsnap":
        return Role.BUILDS
    if first in ("rails", "rake"):
        tasks = [word for word in words[1:] if "=" not in word and not word.startswith("-")]
        if tasks and all(map(_TASKS.match, tasks)):
            return Role.BUILDS
        return Obstacle(f"what {first} {' '.join(tasks)} in line {line} writes is not known".replace("  ", " "))
    return assets.asset_role(command)


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The runtime stage: the slim image with the gems, and what they and the program use of the full one."""
    try:
        return _runtime(shown, cut)
    except Unfit as error:
        return Obstacle(str(error))


def _runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    reference = shown.image.base.reference
    smaller = bases.slim(reference) if not shown.image.base.variant & {"slim", "alpine"} else reference
    if smaller == reference and not cut.tools:
        return None
    if smaller is None:
        return Obstacle(f"which slim image has the same Ruby as {reference} is not known")
    lock = _lock(shown)
    enough = slim_enough(shown, lock) if smaller != reference else ((), ())
    if isinstance(enough, Obstacle):
        return enough
    used = assets.used(shown)
    if isinstance(used, Obstacle):
        return used
    names = set(used)
    if reason := _builds_at_start(shown):
        return Obstacle(reason)
    if lock is not None and "execjs" in _gems(lock) and "mini_racer" not in _gems(lock):
        names.add("node")  # it looks for a runtime when it is loaded: https://github.com/rails/execjs#readme
    if obstacle := assets.old_system(shown, cut, _RECENT) or assets.other_node(cut, names):
        return obstacle
    carries = _carries(shown, cut)
    if isinstance(carries, Obstacle):
        return carries
    packages, facts = enough
    without = assets.superfluous(cut, names)
    left = f"the compilers and headers of {shown.image.base.name}" if smaller != reference else ", ".join(cut.tools)
    return Runtime(
        smaller,
        carries,
        f"what only building needs is shipped ({left})",
        facts,
        shown.view.project.root is not None and lock is not None,
        packages=tuple(name for name in packages if name not in cut.packages),
        without=without,
    )


def slim_enough(shown: Shown, lock: Lock | None) -> tuple[tuple[str, ...], tuple[Evidence, ...]] | Obstacle:
    """The packages that the program needs on the slim image, with what shows them; an Obstacle where that is not
    known."""
    table = knowledge.table("bundler")
    wanted: list[str] = []
    facts: list[Evidence] = []
    if lock is not None:
        gems = _gems(lock)
        if unclear := _unclear(lock):
            return Obstacle(f"{lock.file} has {unclear}, and what that needs at run time is not known")
        for gem in sorted(gems):
            packages = [*table["native"].get(gem, ()), *_old(lock, gem)]
            if gem == "tzinfo" and shown.image.base.release in assets.WITH_ZONES:
                continue
            libraries = divide(packages, shown.image).runtime
            if libraries:
                wanted += libraries
                facts.append(Evidence(f"has {gem}, which needs {' and '.join(libraries)}", None, lock.file))
    tools = full_tools()
    found = mentions(shown, tools.keys() - {"gcc", "g++", "make"})
    if isinstance(found, Obstacle):
        return found
    for mention in (*found, *_gemspecs(shown)):
        wanted.append(tools[mention.tool])
        facts.append(mention.evidence)
    if "tzdata" not in wanted and (fact := assets.zones(shown)):
        wanted.append("tzdata")
        facts.append(fact)
    if lock is not None and not wanted:
        facts.append(Evidence("has no gem that needs more than the slim image", None, lock.file))
    return tuple(dict.fromkeys(wanted)), tuple(facts)


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """The slim image for a stage that takes its gems from another one, where nothing of the full image is used."""
    image = shown.image
    smaller = bases.slim(image.base.reference) if not image.base.variant & {"slim", "alpine"} else None
    copies = any(i.keyword == "COPY" and i.flag("from") is not None for i in image.stage.body)
    builds = [i for i in image.stage.body if i.keyword == "RUN" and _needs_the_full(shown, i)]
    if smaller is None or not copies or builds or shown.view.project.root is None:
        return None
    if reason := _builds_at_start(shown):
        return Obstacle(reason)
    try:
        lock = _lock(shown)
    except Unfit as error:
        return Obstacle(str(error))
    if lock is None:
        return Obstacle("Gemfile.lock is not copied, so that it is not known which libraries the gems need")
    enough = slim_enough(shown, lock)
    if isinstance(enough, Obstacle):
        return enough
    packages, facts = enough
    missing = set(packages) - _installed(shown)
    if missing:
        return Obstacle(f"{smaller} lacks {', '.join(sorted(missing))}, which would have to be installed ({facts[0]})")
    return Counterpart(smaller, f"the compilers and headers of {image.base.name} are shipped without need", facts)


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """Nothing: there is no image of Ruby without a shell."""
    del shown
    return None


def _needs_the_full(shown: Shown, instruction: object) -> bool:
    """Whether a step may need more than the slim image has: anything but accounts, folders and packages."""
    run = next((run for run in shown.facts.runs if run.instruction is instruction), None)
    words = knowledge.table("stage_steps")
    known = {name for key in ("quiet", "sets", "packages") for name in words[key].split()} | {"rm", "ln", "mv", "cp"}
    return run is None or any(posixpath.basename(call.program) not in known for call in run.calls)


def _installed(shown: Shown) -> set[str]:
    runs = [run for run in shown.facts.runs if run.image is shown.image]
    names = [w.raw for run in runs for call in run.calls if call.installs for w in call.operands]
    return set(divide(names, shown.image).runtime) | set(names)


def _lock(shown: Shown) -> Lock | None:
    name = "Gemfile.lock"
    return lock_sections(shown.view, name) if shown.view.kind(name) == "file" else None


def _gems(lock: Lock) -> frozenset[str]:
    return frozenset(needed(lock))


def _unclear(lock: Lock) -> str | None:
    """A gem of which it is not known what it needs at run time: one of the list, or one that opens libraries itself."""
    table = knowledge.table("bundler")
    for gem, others in sorted(needed(lock).items()):
        known = gem in table["native"] or gem in table["unclear"]["opening"]
        if gem in table["unclear"]["names"] or ("ffi" in others and not known):
            return gem
    return None


def _gemspecs(shown: Shown) -> Iterator[Mention]:
    """Gemspecs of the project that ask git for their files: Bundler runs them whenever the program starts.

    Source: https://bundler.io/guides/creating_gem.html
    """
    for name in shown.view.names():
        if name.endswith(".gemspec") and (line := line_of(shown.view.text(name), r"^(?!\s*#).*\bgit\b")):
            yield Mention("git", shown.view.evidence("runs git", name, line))
            return


def _old(lock: Lock, gem: str) -> Sequence[str]:
    entry = knowledge.table("bundler")["native_before"].get(gem)
    if entry is None or (found := version(lock, gem)) is None:
        return ()
    first = tuple(map(int, entry["version"].split(".")))
    packages: Sequence[str] = entry["packages"]
    return packages if found < first else ()


def _builds_at_start(shown: Shown) -> str | None:
    if shown.start.unknown:
        return f"what the container starts is not known: {shown.start.unknown}"
    for started in shown.start.commands:
        call = started.call
        name = posixpath.basename(call.program)
        if name in _AT_START or (name == "bundle" and call.subcommand in ("install", "update", "")):
            return f"the container runs {name} {call.subcommand}, which builds".replace(" ,", ",")
    return None


def _carries(shown: Shown, cut: Cut) -> tuple[Carry, ...] | Obstacle:
    """What the runtime stage takes over: the gems, and the working directory where more than gems was built there."""
    folder = shown.view.folder.rstrip("/")
    programs = {posixpath.basename(command.call.program) for command in cut.builds}
    tasks = [
        c
        for c in cut.builds
        if bundled(c.call)[:1] and posixpath.basename(bundled(c.call)[0]) in ("rails", "rake", "bootsnap")
    ]
    carries = [Carry(f"{_GEM_HOME}/", f"{_GEM_HOME}/")]
    if shown.image.final.env.get("GEM_HOME") != _GEM_HOME:
        return Obstacle("where the gems are put is not known")
    inside = bool(tasks) or bool(programs & ASSET_TOOLS)
    for path in _paths(shown, cut):
        if path is None:
            return Obstacle("where Bundler puts the gems is not known")
        below = f"{path}/".startswith(f"{folder}/")
        if (below and not inside) or not (below or f"{path}/".startswith(f"{_GEM_HOME}/")):
            carries.append(Carry(f"{path}/", f"{path}/"))
    for command in cut.builds:
        if not f"{command.folder}/".startswith(f"{folder}/") and _in_place(command):
            line = command.run.instruction.first_line
            return Obstacle(
                f"line {line} builds in {command.folder or 'a folder that is not known'}, out of {folder or '/'}"
            )
    if inside:
        if not folder:
            return Obstacle("there is no working directory, so that what the build writes is not in one place")
        carries.append(Carry(f"{folder}/", f"{folder}/"))
    return tuple(carries)


def _in_place(command: Command) -> bool:
    """Whether what a command writes depends on the folder that it runs in."""
    words = bundled(command.call)
    return posixpath.basename(words[0]) in ("rails", "rake", "bootsnap", "bundle", *ASSET_TOOLS) if words else False


def _paths(shown: Shown, cut: Cut) -> Iterator[str | None]:
    """The folders of gems that settings name; None for one that is not known.

    Source: https://bundler.io/man/bundle-install.1.html#DEPLOYMENT-MODE
    """
    folder, env = shown.view.folder, shown.image.final.env
    value = env.get("BUNDLE_PATH")
    if value is not None:
        yield posixpath.normpath(posixpath.join(folder, value)) if isinstance(value, str) else None
        return
    told = " ".join(
        " ".join(word.raw for word in c.call.statement.words) for c in cut.builds if c.call.program == "bundle"
    )
    if "BUNDLE_DEPLOYMENT" in env or "deployment" in told:
        yield posixpath.join(folder, "vendor/bundle")
    if match := re.search(r"(?:--path|\bpath)[= ]+[\"']?([^\s\"']+)", told):
        yield None if "$" in match[1] else posixpath.normpath(posixpath.join(folder, match[1]))
