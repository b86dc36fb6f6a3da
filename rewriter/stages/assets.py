"""Assets for browsers that a project in another language builds with Node."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.builds import COMPOSE
from rewriter.project.context import Unfit
from rewriter.project.manifests import line_of
from rewriter.project.needs import Obstacle
from rewriter.stages.kit import Command, Cut, Role, Shown
from rewriter.stages.mentions import Mention, mentions

# Source: https://docs.npmjs.com/cli/v11, https://classic.yarnpkg.com/en/docs/cli, https://pnpm.io/pnpm-cli,
# https://bun.sh/docs/cli
ASSET_TOOLS = frozenset(("npm", "yarn", "pnpm", "npx", "node", "bun", "bunx", "corepack"))
# Its script names another server of packages to apt, and does no more: https://github.com/nodesource/distributions
WITH_ZONES = frozenset(("stretch", "buster", "bullseye", "bookworm"))
_NODESOURCE = re.compile(r"\bdeb\.nodesource\.com/setup_")


def asset_role(command: Command) -> Role | None:
    """What a command is for, as far as it builds assets, or brings the Node that does; None for another one. What
    `npm install -g` puts elsewhere stays in the build stage."""
    name = posixpath.basename(command.call.program)
    if name in ASSET_TOOLS or (name in ("curl", "wget", "bash", "sh") and _from_nodesource(command)):
        return Role.BUILDS
    return None


def _from_nodesource(command: Command) -> bool:
    return _NODESOURCE.search(command.run.script.text) is not None


def fetching() -> dict[str, str]:
    """Packages that only fetch and unpack sources, or build assets, each with the command that it brings."""
    found: dict[str, str] = knowledge.table("fetching")["commands"]
    return found


def used(shown: Shown, *more: str) -> dict[str, Mention] | Obstacle:
    """Which of the tools that build assets or fetch, and of `more`, the program calls; an Obstacle where that cannot be
    known."""
    found = mentions(shown, (*ASSET_TOOLS, *fetching().values(), *more))
    return found if isinstance(found, Obstacle) else {mention.tool: mention for mention in found}


def superfluous(cut: Cut, names: Collection[str]) -> frozenset[str]:
    """Those of the packages of a stage that only its build uses: the program calls the tools `names` alone."""
    return frozenset(name for name in cut.packages if name in fetching() and fetching()[name] not in names)


def old_system(shown: Shown, cut: Cut, since: tuple[int, ...]) -> Obstacle | None:
    """Why the packages of the runtime stage are not known: the image is older than version `since`, its tag does not
    say which release of the distribution it has, and headers are replaced by libraries, whose names differ there."""
    base = shown.image.base
    if base.release is not None or base.version is None:
        return None
    if not any(name.endswith("-dev") for name in (*cut.tools, *cut.packages)):
        return None
    if tuple(int(part) for part in re.findall(r"\d+", base.version)) >= since:
        return None
    return Obstacle(
        f"which release of {base.distribution} {base.name} has is not known, nor how its libraries are called"
    )


def zones(shown: Shown) -> Evidence | None:
    """What shows that the program is told a time zone by TZ, which needs the zones of the system. Images of Debian had
    them up to bookworm; after that the full images have them by way of Mercurial, and the slim ones lack them.

    Sources: https://man7.org/linux/man-pages/man3/tzset.3.html,
    https://github.com/docker-library/buildpack-deps/blob/master/debian/trixie/scm/Dockerfile
    """
    if shown.image.base.distribution != "debian" or shown.image.base.release in WITH_ZONES:
        return None
    if "TZ" in shown.image.final.env or "TZ" in shown.image.final.args:
        return Evidence("the stage sets TZ, which needs tzdata")
    project = shown.view.project
    for name in project.names():
        if COMPOSE.match(name):
            try:
                line = line_of(project.text(name), r"^[^#\n]*\bTZ\b\s*[:=]")
            except Unfit:
                continue
            if line is not None:
                return Evidence("sets TZ, which needs tzdata", line, name)
    return None


def other_node(cut: Cut, names: Collection[str]) -> Obstacle | None:
    """Why the stage cannot be cut, where its program calls Node (as one of the tools `names`), and that comes from a
    server of packages that the runtime stage would not know."""
    if ASSET_TOOLS & set(names) and any(map(_from_nodesource, cut.builds)):
        return Obstacle("the program needs Node at run time, from another source than the distribution's")
    return None
