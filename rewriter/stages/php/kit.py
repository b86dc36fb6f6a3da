"""PHP: extensions are compiled and packages installed in the build stage; the same image without -dev packages runs.

The official images have no variant without the compiler: Debian's keep what `phpize` needs. What is left behind are the
headers that the extensions were compiled with, Composer, and what only fetches packages or builds assets.
Source: https://hub.docker.com/_/php, "How to install more PHP extensions"
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter.change import Evidence
from rewriter.project.needs import Obstacle
from rewriter.stages import assets
from rewriter.stages.assets import ASSET_TOOLS
from rewriter.stages.kit import Carry, Command, Counterpart, Cut, Minimal, Role, Runtime, Shown
from rewriter.steps.context_copies import context_copy
from rewriter.syntax.tree import Instruction

# Source: https://github.com/docker-library/php/tree/master (docker-php-ext-*), https://pecl.php.net/
_EXTENSIONS = frozenset(
    (
        "docker-php-ext-configure",
        "docker-php-ext-install",
        "docker-php-ext-enable",
        "docker-php-source",
        "pecl",
        "phpize",
    )
)
_APACHE = frozenset(("a2enmod", "a2dismod", "a2ensite", "a2dissite", "a2enconf", "a2disconf"))
_COMPOSER_PLAIN = frozenset(
    ("install", "i", "update", "u", "upgrade", "dump-autoload", "dumpautoload", "config", "validate", "clear-cache",
     "clearcache", "cc", "self-update", "selfupdate", "check-platform-reqs", "require", "r", "remove", "rm",
     "run-script", "run", "exec", "diagnose", "")
)  # fmt: skip
_INSTALLER = re.compile(r"getcomposer\.org|composer-setup|composer\.phar")
# The oldest version whose plain tags are of the releases that are known by their packages.
_RECENT = (8, 1)
_PIPED = re.compile(r"getcomposer\.org/installer\S*\s*\|\s*php\b")
_CONSOLES = ("artisan", "bin/console")
_SETS_UP_COMPOSER = ("composer", "composer.phar")


def role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command is for: extensions and packages are built; artisan and the console of Symfony run."""
    del shown
    call, line = command.call, command.run.instruction.first_line
    name = posixpath.basename(call.program)
    text = command.run.script.text[call.statement.start : call.statement.end]
    if name in _EXTENSIONS:
        return Role.BUILDS
    if name in _APACHE:
        return Role.SETS
    if name == "install-php-extensions":
        return Obstacle(f"install-php-extensions in line {line} removes what only compiling needs by itself")
    if name == "composer":
        return _composer(command, line)
    if name in ("curl", "wget", "php") and _INSTALLER.search(text):
        return Role.BUILDS
    if name == "php" and _PIPED.search(command.run.script.text):
        return Role.BUILDS
    if name == "php" and call.operands and call.operands[0].raw.removeprefix("./") in _CONSOLES:
        return Role.RUNS
    if name in ("artisan", "console") and "/" in (call.head.value or ""):
        return Role.RUNS
    return assets.asset_role(command)


def _composer(command: Command, line: int) -> Role | Obstacle:
    call = command.call
    if call.subcommand not in _COMPOSER_PLAIN:
        return Obstacle(f"where composer {call.subcommand} in line {line} writes is not known")
    return Role.BUILDS


def runtime(shown: Shown, cut: Cut) -> Runtime | Obstacle | None:
    """The runtime stage: the same image with the libraries of the extensions, the extensions and the packages."""
    if not cut.tools and not assets.fetching().keys() & set(cut.packages):
        return None  # the image itself has all that is left, its compiler included
    if shown.start.unknown:
        return Obstacle(f"what the container starts is not known: {shown.start.unknown}")
    used = assets.used(shown, "composer")
    if isinstance(used, Obstacle):
        return used
    if "composer" in used:
        return Obstacle(f"the container runs Composer, which builds ({used['composer'].evidence})")
    if obstacle := assets.old_system(shown, cut, _RECENT) or assets.other_node(cut, used):
        return obstacle
    folder = shown.view.folder.rstrip("/")
    if not folder:
        return Obstacle("there is no working directory, so that what the build writes is not in one place")
    programs = {posixpath.basename(command.call.program) for command in cut.builds}
    carries = [Carry(path, path) for path in _extension_folders(shown, cut) if programs & _EXTENSIONS]
    outside = next((each for each in cut.builds if not _inside(each, folder)), None)
    if outside is not None:
        line = outside.run.instruction.first_line
        return Obstacle(f"line {line} builds in {outside.folder or 'a folder that is not known'}, out of {folder}")
    if programs & {"composer", *ASSET_TOOLS}:
        vendor = (
            f"{folder}/vendor/" if _sources_below(shown, cut, folder) and not programs & ASSET_TOOLS else f"{folder}/"
        )
        carries.append(Carry(vendor, vendor))
    # Without sources in the image it is one to work in, where people run Composer themselves.
    alone = any(place.source for place in shown.view.places)
    without = assets.superfluous(cut, used) if alone else frozenset()
    if not cut.tools and not without:
        return None
    left = ", ".join((*cut.tools, *sorted(without)))
    return Runtime(
        shown.image.base.reference,
        tuple(carries),
        f"what only building needs is shipped ({left})",
        (Evidence("no source, script or start command of the project calls Composer or what builds assets"),),
        shown.view.project.root is not None,
        unneeded=tuple(_composers(cut)) if alone else (),
        without=without,
    )


def counterpart(shown: Shown) -> Counterpart | Obstacle | None:
    """Nothing: PHP's images have no smaller variant of the same distribution."""
    del shown
    return None


def minimal(shown: Shown) -> Minimal | Obstacle | None:
    """Nothing: there is no image of PHP without a shell."""
    del shown
    return None


def _extension_folders(shown: Shown, cut: Cut) -> tuple[str, str]:
    """Where extensions lie, and the settings that load them: all settings where the stage writes others, too."""
    text = "".join(shown.facts.file.text(instruction.span) for instruction in cut.before)
    own = re.search(r"PHP_INI_DIR\b(?!\W*/conf\.d/)|/usr/local/etc/php/(?!conf\.d/)", text)
    return "/usr/local/lib/php/extensions/", "/usr/local/etc/php/" if own else "/usr/local/etc/php/conf.d/"


def _inside(command: Command, folder: str) -> bool:
    """Whether what a command of Composer or of the assets builds lies in the working directory."""
    if posixpath.basename(command.call.program) not in {"composer", *ASSET_TOOLS}:
        return True
    place = command.call.value("-d", "--working-dir", "--prefix", "--cwd") or "."
    path = posixpath.normpath(posixpath.join(command.folder or "/?", place))
    return command.folder is not None and f"{path}/".startswith(f"{folder}/")


def _sources_below(shown: Shown, cut: Cut, folder: str) -> bool:
    """Whether all of the project comes with a COPY below the cut, so that above it only manifests came."""
    image = shown.image
    for state, instruction in zip(image.before, image.stage.body, strict=True):
        copy = context_copy(shown.facts, instruction, state) if instruction in cut.after else None
        targets = [place.target.rstrip("/") for place in copy.places] if copy and copy.folders else []
        if any(f"{folder}/".startswith(f"{target}/") for target in targets):
            return True
    return False


def _composers(cut: Cut) -> Iterator[Instruction]:
    """The COPYs that bring Composer, where no other step handles that file."""
    for instruction in cut.before:
        if instruction.keyword == "COPY" and instruction.flag("from") is not None:
            words = instruction.json or tuple(instruction.value.split())
            if len(words) == 2 and posixpath.basename(words[0]) in _SETS_UP_COMPOSER:
                target = words[1] if words[1].endswith(_SETS_UP_COMPOSER) else posixpath.join(words[1], "composer")
                if not any(target in other.value for other in cut.before if other.keyword == "RUN"):
                    yield instruction
