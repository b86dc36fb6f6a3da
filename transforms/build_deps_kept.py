"""Compilers that one installation needs and that stay in the image.

What: where one step installs compilers and then packages of a language, lets the step take the compilers away again:
`apk add --virtual` and `apk del`, or `apt-get purge --auto-remove`. Run-time libraries that the compilers brought
along are kept by name.

Why: a compiler weighs 100 to 300 MB, and helps whoever breaks into the container.

Before:

    FROM python:3.12-alpine
    RUN apk add --no-cache gcc musl-dev \\
        && pip install --no-cache-dir uwsgi

After:

    FROM python:3.12-alpine
    RUN apk add --no-cache libgcc libgomp && apk add --no-cache --virtual .build-deps gcc musl-dev \\
        && pip install --no-cache-dir uwsgi \\
        && apk del .build-deps

Level: standard where the step installs nothing but compilers beside the packages that it builds; else it is declined.
"""

from __future__ import annotations

from collections.abc import Iterator

from rewriter import knowledge
from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.steps.edits import append_step, no_append, word_after
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

_BUILDS = frozenset(("pip", "npm", "yarn", "gem", "bundle", "pecl", "poetry", "pipenv"))
# Commands that neither compile nor care whether a compiler is there.
_HARMLESS = frozenset(
    (
        "apk",
        "apt-get",
        "apt",
        "rm",
        "mkdir",
        "chown",
        "chmod",
        "addgroup",
        "adduser",
        "groupadd",
        "useradd",
        "cp",
        "mv",
        "ln",
        "set",
        "echo",
    )
)


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for each step that installs compilers and builds with them."""
    for run in facts.runs:
        if (
            run.chain
            and facts.shipped(run.image)
            and any(call.program in _BUILDS and call.installs for call in run.calls)
        ):
            yield from _judge(file, facts, run)


def _judge(file: Dockerfile, facts: Facts, run: Run) -> Iterator[Change | Declined]:
    adds = [
        call for call in run.plain_calls if call.program in ("apk", "apt-get") and call.subcommand in ("add", "install")
    ]
    removes = [c for c in run.calls if c.subcommand in ("del", "purge", "remove", "autoremove")]
    if len(adds) != 1 or removes or adds[0].has("-t", "--virtual") or not run.chain or adds[0].sudo:
        return
    call = adds[0]
    tools = knowledge.table("build_tools")["apk" if call.program == "apk" else "apt"]
    names = [word.value or word.raw for word in call.operands]
    if not any(name in tools for name in names):
        return
    reason = _refusal(facts, run, call, [name for name in names if name not in tools])
    if reason:
        yield Declined(reason, run.at(call))
        return
    libraries = sorted({library for name in names for library in tools[name]} - set(names))
    edits = _apk(file, run, call, libraries) if call.program == "apk" else _apt(file, run, names, libraries)
    if edits is None:
        yield Declined(no_append(run.script) or "the step has no end that a clean-up can be added to", run.at(call))
        return
    yield Change(
        f"{', '.join(names)} stay in the image, and only this step needs them",
        edits,
        run.at(call),
        alters=Alters.FILES,
        evidence=(Evidence("no later step builds anything", run.instruction.first_line),),
    )


def _refusal(facts: Facts, run: Run, call: Call, others: list[str]) -> str | None:
    if others:
        return (
            f"what needs {', '.join(others[:4])} at run time is not known: install compilers by a command of their own"
        )
    if not facts.is_root(run):
        return "the step may not run as root"
    for before in facts.earlier(run):
        if any(c.installs and set(_names(c)) & set(_names(call)) for c in before.calls):
            return f"line {before.instruction.first_line} installs some of the same packages"
    for later in facts.later(run.instruction):
        if later.keyword == "RUN":
            step = facts.run(later)
            if step is None or any(c.program not in _HARMLESS for c in step.calls):
                return f"line {later.first_line} may need the compilers too"
    return None


def _names(call: Call) -> list[str]:
    return [word.raw for word in call.operands]


def _apk(file: Dockerfile, run: Run, call: Call, libraries: list[str]) -> tuple[Edit, ...] | None:
    assert call.subcommand_word is not None
    words = [call.subcommand_word, *(option.word for option in call.options)]
    behind = max((word for word in words if word.end <= call.operands[0].start), key=lambda word: word.end)
    end = append_step(file, run, "apk del .build-deps")
    if end is None:
        return None
    at = run.text.source(call.statement.start)
    keep = (Edit(at, at, f"apk add --no-cache {' '.join(libraries)} && "),) if libraries else ()
    return (*keep, word_after(run, behind, "--virtual .build-deps"), end)


def _apt(file: Dockerfile, run: Run, names: list[str], libraries: list[str]) -> tuple[Edit, ...] | None:
    keep = f"apt-mark manual {' '.join(libraries)} && " if libraries else ""
    end = append_step(file, run, f"{keep}apt-get purge -y --auto-remove {' '.join(sorted(names))}")
    return (end,) if end else None
