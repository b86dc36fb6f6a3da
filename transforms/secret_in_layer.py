"""A token, a password or a key that stays in the image, or in its history.

What: an ARG that holds a token, and that only RUN steps read, becomes a secret mount of those steps, where BuildKit is
shown or set. An ENV with a secret, a secret default, and a copied key or `.npmrc` with a token are reported.

Why: whoever has the image can read the values of ARG and ENV in its history, and every file that a layer ever held,
also one that a later step deletes. A secret mount is there only while its step runs.

Options: level=aggressive

Before:

    # syntax=docker/dockerfile:1
    FROM node:22-slim
    WORKDIR /srv/app
    COPY package.json package-lock.json ./
    ARG NPM_TOKEN
    RUN npm ci --//registry.npmjs.org/:_authToken=$NPM_TOKEN

After:

    # syntax=docker/dockerfile:1
    FROM node:22-slim
    WORKDIR /srv/app
    COPY package.json package-lock.json ./
    RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN \\
        npm ci --//registry.npmjs.org/:_authToken=$NPM_TOKEN

Level: aggressive, as the image is then built with another command; what no rewrite can mend is reported.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, Evidence, Report
from rewriter.facts import Facts, Run
from rewriter.image import StageImage, pairs
from rewriter.project.builds import BAKE, COMPOSE
from rewriter.project.context import Unfit
from rewriter.project.manifests import line_of
from rewriter.steps.context_copies import context_copy
from rewriter.steps.edits import drop_instruction
from rewriter.steps.secrets import is_secret, is_written, keeps, named, reads, secret_file
from rewriter.syntax.tree import Dockerfile, Instruction

# `env=` came with the frontend 1.10: https://docs.docker.com/build/buildkit/dockerfile-release-notes/
_HAS_ENV = re.compile(r"(?:docker\.io/)?docker/dockerfile(?::(?:latest|labs|1|1\.[1-9]\d(?:\.\d+)?)(?:-labs)?)?\Z")
_CHECK = "build it so, and check the result with `dockerslim verify`"


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined | Report]:
    """Yield a change for each secret ARG that can be a mount, and a report for each other secret that stays."""
    for image in facts.images:
        for at, instruction in enumerate(image.stage.body):
            match instruction.keyword:
                case "ARG":
                    for name, _, value in (word.partition("=") for word in instruction.value.split()):
                        yield from _argument(file, facts, image, at, name, value.strip("\"'"))
                case "ENV":
                    yield from _variables(file, instruction)
                case "COPY" | "ADD":
                    yield from _copied(facts, image, at)


def _variables(file: Dockerfile, instruction: Instruction) -> Iterator[Report]:
    for name, word in pairs(instruction.value, file.escape):
        value = word.strip("\"'")
        handed_on = value[:1] == "$" and is_secret(name) and is_secret(value.strip("${}"))
        if handed_on or is_written(name, value):
            yield Report(
                f"ENV {name} keeps its value in the image, where everyone who has it can read it: take it out, and "
                "give it when the container starts",
                instruction.span,
            )


def _copied(facts: Facts, image: StageImage, at: int) -> Iterator[Report]:
    instruction, project = image.stage.body[at], facts.project
    copy = context_copy(facts, instruction, image.before[at])
    if copy is None:
        return
    for place in copy.places:
        paths = [place.source]
        if project.kind(place.source) == "folder":
            paths = [posixpath.normpath(posixpath.join(place.source, name)) for name in project.names(place.source)]
        for path in paths:
            found = secret_file(project, path)
            if found and project.kind(path) == "file" and not project.hides(path):
                where = f"{path}:{found.line}" if found.line else path
                yield Report(
                    f"{copy.text} takes the {found.kind} of {where} into the image, and no later step gets it out "
                    f"again: leave it out by .dockerignore; {found.instead}",
                    instruction.span,
                )


def _argument(
    file: Dockerfile, facts: Facts, image: StageImage, at: int, name: str, value: str
) -> Iterator[Change | Declined | Report]:
    instruction = image.stage.body[at]
    if is_written(name, value):
        yield Report(f"the value of {name} is written in the Dockerfile: take it out, and replace it", instruction.span)
        return
    if not is_secret(name):
        return
    scope = [*image.stage.body[at + 1 :], *(other for each in facts.derived(image) for other in each.stage.body)]
    others = [other for other in scope if other.keyword != "RUN" and _names(other, name)]
    runs = [run for other in scope if (run := facts.run(other)) and reads(facts, run, name)]
    opaque = [other for other in scope if other.keyword == "RUN" and not facts.run(other)]
    if any(other.keyword == "ENV" for other in others):
        return  # that ENV is reported
    kept = f"ARG {name} keeps its value in the history of the image"
    identity = name.lower()
    if others or not runs:
        yield Report(f"{kept}: give it to the step that needs it as a secret mount (BuildKit)", instruction.span)
    elif not facts.buildkit:
        yield Report(
            f"{kept}: with BuildKit, `RUN --mount=type=secret,id={identity}` gives it to one step alone "
            '(builder = "buildkit" says that it is used)',
            instruction.span,
        )
    else:
        yield _mounted(file, facts, instruction, name, runs, opaque)


def _names(instruction: Instruction, name: str) -> bool:
    declared = instruction.keyword == "ARG" and re.search(rf"(?:\A|\s){re.escape(name)}(?:=|\s|\Z)", instruction.value)
    return bool(declared or named(name).search(instruction.value))


def _mounted(
    file: Dockerfile, facts: Facts, argument: Instruction, name: str, runs: list[Run], opaque: list[Instruction]
) -> Change | Declined:
    if opaque:
        return Declined(f"line {opaque[0].first_line} is not understood, and may read {name}", argument.span)
    if len(argument.value.split()) > 1:
        return Declined(f"the ARG declares other variables, too: give {name} a line of its own", argument.span)
    removed = [edit for each in _declarations(file, facts, argument, name) for edit in drop_instruction(file, each)]
    edits = list(removed)
    if not removed:
        return Declined("the comment inside the ARG would be lost", argument.span)
    for run in runs:
        line = run.instruction.first_line
        if place := keeps(run, name):
            reason = (
                f"line {line} writes {name} into {place}, which stays in the layer whatever gives the step the value"
            )
            return Declined(reason, argument.span)
        mount = _mount(file, facts, run, name, argument.value.endswith("="))
        if isinstance(mount, str):
            return Declined(f"line {line}: {mount}", argument.span)
        edits += mount
    given = _given(facts, name)
    elsewhere = f"; {given[0].file} still gives it as a build argument" if given else ""
    return Change(
        f"ARG {name} keeps its value in the history of the image, a secret mount is there only while its step runs: "
        f"`docker build --secret id={name.lower()},env={name} .` gives it{elsewhere}; {_CHECK}",
        tuple(edits),
        argument.span,
        Alters.SETTINGS,
        proven=False,
        evidence=(*(facts.line(run.instruction, f"the step reads {name}") for run in runs), *given),
        declares=frozenset(("args", "mounts", "steps")),
    )


def _declarations(file: Dockerfile, facts: Facts, argument: Instruction, name: str) -> Iterator[Instruction]:
    """The ARG itself, and the global one where no other stage asks for it."""
    yield argument
    asked = [i for i in file.instructions if i is not argument and _names(i, name)]
    if all(each in file.global_args or facts.run(each) for each in asked):
        yield from (each for each in file.global_args if each.value.partition("=")[0].strip() == name)


def _mount(file: Dockerfile, facts: Facts, run: Run, name: str, optional: bool) -> list[Edit] | str:
    """The edits that mount the secret; or why it cannot be."""
    instruction, identity = run.instruction, name.lower()
    if any(f"id={identity}" in value.split(",") for value in instruction.flag_values("mount")):
        return f"the step mounts a secret {identity} already"
    if _HAS_ENV.match(file.directives.get("syntax", "")):
        return _ahead(file, run, f"--mount=type=secret,id={identity},env={name}", "")
    user = run.state.user.partition(":")[0] if isinstance(run.state.user, str) else ""
    if not facts.is_root(run) and not user.isdecimal():
        return f"a mounted secret belongs to root, and the step runs as {user or 'a user who is not known'}"
    if instruction.heredocs:
        return "the script is a heredoc: with `# syntax=docker/dockerfile:1` a secret mount can set its variable"
    asks = re.search(rf"-[nz] +\"?\$\{{?{name}\b|\$\{{{name}:?[-+]", run.text.text)
    # Without a secret the mount is not there: then the step fails at once, unless it may do without.
    given, errors = ("", " 2>/dev/null") if asks or optional else (",required=true", "")
    owner = "" if facts.is_root(run) else f",uid={user}"
    export = f'export {name}="$(cat /run/secrets/{identity}{errors})"'
    return _ahead(file, run, f"--mount=type=secret,id={identity}{given}{owner}", export)


def _ahead(file: Dockerfile, run: Run, flag: str, command: str) -> list[Edit]:
    """Puts a flag behind those of the step, and `command` in front of its script, each on a line of its own."""
    instruction, source = run.instruction, file.source
    last = instruction.flags[-1].span.end if instruction.flags else instruction.keyword_span.end
    if instruction.heredocs:
        return [Edit(last, last, f" {flag}")]
    start = run.text.source(run.script.root.start + len(run.text.text) - len(run.text.text.lstrip()))
    newline = f" {file.escape}{source.newline}"
    line = source.line_text(source.line(start))
    indent, here = line[: len(line) - len(line.lstrip())], source.line(last) == source.line(start)
    if here:
        indent = "    "
        edits = [Edit(last, start, f" {flag}{newline}{indent}")]
    else:
        edits = [Edit(last, last, f"{newline}{indent}{flag}" if instruction.flags else f" {flag}")]
    if command:
        number = source.line(start) + 1
        below = source.line_text(number) if number <= instruction.last_line else ""
        led = below[: below.index("&&") + 3] if below.lstrip().startswith("&& ") else ""
        ahead = f"{command}{newline}{led}" if led else f"{command} &&{newline}{indent}"
        edits = [Edit(last, start, edits[0].text + ahead)] if here else [*edits, Edit(start, start, ahead)]
    return edits


def _given(facts: Facts, name: str) -> list[Evidence]:
    """The compose, bake and workflow files that give the build argument."""
    project, folder = facts.project, ".github/workflows"
    files = [each for each in project.names() if COMPOSE.match(each) or BAKE.match(each)]
    files += [f"{folder}/{each}" for each in project.names(folder) if each.endswith((".yml", ".yaml"))]
    found = []
    for each in files:
        try:
            line = line_of(project.text(each), rf"\b{re.escape(name)}\b")
        except Unfit:
            continue
        if line:
            found.append(Evidence(f"{name} is given to the build", line, each))
    return found
