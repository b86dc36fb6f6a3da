"""An image that does not say what it is.

What: adds the labels of the OCI image specification at the end of the last stage: title, description, address, source,
licence and authors, as the project's own manifest has them. Labels that are there stay, and those that the build is
given (by docker/metadata-action, for example) are left to it.

Why: registries and scanners show them; of an image in a list nobody else knows where its source lies. At the end they
cost no step of a rebuild.

Options: level=aggressive

Beside:

    package.json: {"name": "shop", "description": "A small shop", "license": "MIT"}

Before:

    FROM node:22-slim
    COPY . /srv/shop
    CMD ["node", "/srv/shop/server.js"]

After:

    FROM node:22-slim
    COPY . /srv/shop
    LABEL org.opencontainers.image.title="shop" \\
          org.opencontainers.image.description="A small shop" \\
          org.opencontainers.image.licenses="MIT"
    CMD ["node", "/srv/shop/server.js"]

Level: aggressive, as it is for the project to say whether its manifest speaks of the image.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter.change import Alters, Change, Edit, Evidence
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.order.moves import block_start, unfinished
from rewriter.project.about import about
from rewriter.project.builds import BAKE, COMPOSE
from rewriter.project.context import Unfit
from rewriter.syntax.quoting import literal
from rewriter.syntax.tree import Dockerfile

_PREFIX = "org.opencontainers.image."
_WORK = frozenset(("RUN", "COPY", "ADD", "WORKDIR", "SHELL"))
_WORKFLOWS = ".github/workflows"
# What gives labels to a build. Source: https://github.com/docker/metadata-action
_GIVEN = ("metadata-action", _PREFIX, "--label")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change]:
    """Yield a change where the manifest says more than the labels of the last stage."""
    image = facts.images[-1]
    starts = any(i.keyword in ("CMD", "ENTRYPOINT") for each in facts.lineage(image) for i in each.stage.body)
    found = about(facts.project)
    if found is None or not starts or "label-schema" in file.source.text or _is_given(facts):
        return
    there = image.final.labels
    missing = {key: value for key, value in found.facts.items() if f"{_PREFIX}{key}" not in there}
    if "maintainer" in there or image.final.author:
        missing.pop("authors", None)
    # Without these the labels say nothing that the image's own name does not.
    edit = _labels(file, image, missing) if missing.keys() & {"description", "source"} else None
    if edit is not None:
        said = tuple(Evidence(f"{key}: {value}", found.lines.get(key), found.file) for key, value in missing.items())
        yield Change(
            f"the image does not say what it is; {found.file} does. Look at the labels with `docker inspect`; "
            "`dockerslim verify` shows that nothing else changes",
            (edit,),
            image.stage.start.span,
            Alters.SETTINGS,
            proven=False,
            evidence=said,
            declares=frozenset(("labels",)),
        )


def _is_given(facts: Facts) -> bool:
    """Whether a file that builds the image gives labels to it."""
    project = facts.project
    files = [name for name in project.names() if COMPOSE.match(name) or BAKE.match(name) or name == "Makefile"]
    files += [f"{_WORKFLOWS}/{name}" for name in project.names(_WORKFLOWS)]
    for name in files:
        try:
            text = project.text(name)
        except Unfit:
            continue
        if any(word in text for word in _GIVEN):
            return True
    return False


def _labels(file: Dockerfile, image: StageImage, facts: dict[str, str]) -> Edit | None:
    """The LABEL above the start command, or at the end of the stage."""
    body, source = image.stage.body, file.source
    upper = not file.text(image.stage.start.keyword_span).islower()
    joint = f" {file.escape}{source.newline}      "
    pairs = joint.join(f"{_PREFIX}{key}={_quoted(value, file.escape)}" for key, value in facts.items())
    text = f"{'LABEL' if upper else 'label'} {pairs}"
    last = max((at for at, each in enumerate(body) if each.keyword in _WORK), default=-1)
    start = next((each for each in body[last + 1 :] if each.keyword in ("CMD", "ENTRYPOINT")), None)
    if start is None:
        end = body[-1] if body else image.stage.start
        return None if unfinished(file, end) else Edit(end.span.end, end.span.end, f"{source.newline}{text}")
    before = body[body.index(start) - 1] if body[0] is not start else image.stage.start
    at = block_start(file, start)
    number = source.line(at)
    apart = number > 1 and not source.line_text(number - 1).strip()
    blank = source.newline if apart else ""
    return None if unfinished(file, before) else Edit(at, at, f"{text}{source.newline}{blank}")


def _quoted(text: str, escape: str) -> str:
    quote, replacements = literal(text, escape)
    for start, end, new in sorted(replacements, reverse=True):
        text = text[:start] + new + text[end:]
    return f"{quote}{text}{quote}"
