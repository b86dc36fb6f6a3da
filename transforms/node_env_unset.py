"""A Node server that runs in development mode, as nobody said otherwise.

What: sets `NODE_ENV=production` in the stage that is shipped, below its last package command and build, where the
container starts a server by `node`. Leaves it where the Dockerfile, an entry script or a compose file sets it, where a
tool for development is started, and where the project has a configuration for each environment and none for production.

Why: Express and others answer errors with stack traces, compile their templates anew for each request and log more
unless NODE_ENV says `production`. Above the install it would leave out the packages for development, which a build
needs.

Before:

    FROM node:20-slim
    WORKDIR /srv
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev
    COPY . .
    EXPOSE 3000
    CMD ["node", "server.js"]

After:

    FROM node:20-slim
    WORKDIR /srv
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev
    COPY . .
    ENV NODE_ENV=production
    EXPOSE 3000
    CMD ["node", "server.js"]

Level: standard where no file of the project looks at NODE_ENV, and no package that chooses its settings by it is
installed; aggressive else.

Options: level=aggressive
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from rewriter import knowledge
from rewriter.change import Alters, Change, Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.order.placing import at_head, below_work, spelled
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object, line_of
from rewriter.project.services import services
from rewriter.project.sources import JAVASCRIPT, sources
from rewriter.steps.final_view import final_view
from rewriter.steps.start import Start, Started, start
from rewriter.steps.started import copied_sources, says_start
from rewriter.syntax.tree import Dockerfile

_NAME = "NODE_ENV"
# Source: https://nodejs.org/api/cli.html
_DEVELOPMENT = ("--watch", "--watch-path", "--inspect", "--inspect-brk", "--test")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
    """Yield a change for the shipped stage where it starts a Node server and says no NODE_ENV."""
    image = facts.images[-1]
    if not says_start(facts, image):
        return
    started = start(facts, image)
    last = started.last
    if last is None or posixpath.basename(last.call.program) != "node" or not image.final.expose:
        return
    if last.call.has(*_DEVELOPMENT) or _set(facts, image, started):
        return
    looks = _looks(facts, image, last)
    runs = any(each.keyword == "RUN" for each in image.stage.body)
    edit = (below_work if runs else at_head)(file, image, f"{spelled(file, 'ENV')} {_NAME}=production")
    if edit is None:
        return
    check = "; start it and look at its log, and compare with `dockerslim verify`" if looks else ""
    why = f", and {looks}" if looks else ""
    yield Change(
        f"the server runs in development mode: NODE_ENV is not set{why}{check}",
        (edit,),
        image.stage.start.span,
        Alters.SETTINGS,
        proven=looks is None,
        evidence=(last.fact("starts node"), looks or Evidence("no file of the project looks at NODE_ENV")),
        declares=frozenset(("env",)),
    )


def _set(facts: Facts, image: StageImage, started: Start) -> bool:
    """Whether anything says what NODE_ENV is."""
    if _NAME in image.final.env or _NAME in image.final.args:
        return True
    texts = [*started.words, *(script.script.text for script in started.scripts)]
    for each in started.commands:
        texts += [word.raw for word in (*each.call.statement.assignments, *each.call.statement.words)]
    told = any(_told(facts, service.values) for service in services(facts.project))
    by_itself = _by_itself(facts, image, started) or _no_settings(facts)
    return told or any(_NAME in text for text in texts) or by_itself


def _by_itself(facts: Facts, image: StageImage, started: Start) -> bool:
    """Whether the server is one of a framework that sets NODE_ENV by itself.

    Source: https://nextjs.org/docs/app/api-reference/config/next-config-js/output#automatically-copying-traced-files
    """
    if any(each.keyword == "COPY" and ".next/standalone" in each.value for each in image.stage.body):
        return True
    view = final_view(facts, image).into((started.last and started.last.folder) or "/")
    try:
        text = view.text("package.json")
    except Unfit:
        return False
    return any(f'"{name}"' in text for name in knowledge.table("servers")["node"]["sets"])


def _no_settings(facts: Facts) -> bool:
    """Whether the project has a configuration for several environments, and production is none of them.

    Source: https://github.com/node-config/node-config/wiki/Strict-Mode
    """
    names = [name for name in facts.project.names("config") if name.endswith((".json", ".yml", ".yaml", ".js", ".ts"))]
    return any(name.startswith("default.") for name in names) and not any("production" in name for name in names)


def _told(facts: Facts, service: Mapping[str, Any]) -> bool:
    """Whether a compose service sets NODE_ENV, in the file or in one that it names."""
    files = service.get("env_file", ())
    files = files if isinstance(files, list) else [files]
    texts = [str(service.get("environment", ""))]
    for each in files:
        name = each.get("path") if isinstance(each, dict) else each
        texts.append((facts.project.head(str(name), 100_000) or b"").decode("utf-8", "replace") if name else "")
    return any(_NAME in text for text in texts)


def _looks(facts: Facts, image: StageImage, last: Started) -> Evidence | None:
    """What in the project depends on NODE_ENV, or why that is not known."""
    try:
        found = None
        for found in sources(facts.project, copied_sources(facts), *JAVASCRIPT):
            if (at := found.text.find(_NAME)) >= 0:
                return found.fact("depends on NODE_ENV", at)
        view = final_view(facts, image).into(last.folder or "/")
        packages = json_object(view, "package.json").get("dependencies")
        for name in packages if isinstance(packages, dict) else ():
            if name in knowledge.table("servers")["node"]["chooses"]:
                line = line_of(view.text("package.json"), f'"{name}"')
                return view.evidence(f"{name} chooses its settings by NODE_ENV", "package.json", line)
    except Unfit as error:
        return Evidence(str(error))
    return None if found else Evidence("the source of the server is not among the copied files")
