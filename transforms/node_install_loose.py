"""An install of npm, yarn or pnpm that may bring other packages than the lock file says, or more than are needed.

What: writes `npm install` as `npm ci`, and adds `--frozen-lockfile` for yarn 1 and pnpm, where the context shows that
the lock file is copied and holds all that package.json asks for. Adds `--omit=dev` where the image starts a file by
node, and nothing that this loads is a package for development. Writes `--production`, `--prod`, `--only=production`
and `--only=prod` as `--omit=dev`. For npm all of this where it is known to be version 7 or later: on images of Node
16 and later, and behind NodeSource's set-up script of such a version.

Why: `npm install` resolves again what the lock file does not hold, so that one day's image has other packages than the
last one's; `npm ci` stops instead. Packages for development are often the larger half of node_modules. And npm 7
replaced the old flags; it still takes them, with a warning, and says that it will not for ever.

Before:

    FROM node:20-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci --only=production
    COPY . .
    CMD ["node", "server.js"]

After:

    FROM node:20-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev
    COPY . .
    CMD ["node", "server.js"]

Level: standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.steps.cleaning import before
from rewriter.steps.node_modes import stricter, without_dev
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call, Option, spelling

# Source: https://docs.npmjs.com/cli/v10/using-npm/config, `omit`, `only`, `production`: one list is computed of them.
_TAKES = (spelling("npm").install - {"rebuild", "rb"}) | {"prune"}
_CONTRADICTS = ("--omit", "--include", "--also", "--dev", "--no-production", "--save-dev", "-D")
_OLD_NPM = re.compile(r"\bnpm@[~^]?[1-6](?:\.|\b)")
_OTHER_NODE = re.compile(r"\bnvm\b|\bfnm\b|\bvolta\b|\bn (?:lts|stable|latest|\d)|\bnodenv\b")
_NODESOURCE = re.compile(r"\bdeb\.nodesource\.com/(?:setup_|node_)(\d+)\.x")
_NODE_IMAGE = re.compile(r"(?:\A|/)node(?=[:@]|\Z)")
# Node 16 is the first long-term release whose npm is 7 or later (https://nodejs.org/en/about/previous-releases).
_FIRST_NODE = 16
_OLD_NODES = frozenset(("argon", "boron", "carbon", "dubnium", "erbium", "fermium"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each npm command with a flag of old, and for each install that could be stricter."""
    del file
    for run in facts.runs:
        for call in run.calls:
            if call.program in ("npm", "yarn", "pnpm"):
                npm = _npm_seven(facts, run) if call.program == "npm" else None
                found = (stricter(facts, run, call, npm), without_dev(facts, run, call, npm))
                yield from (change for change in found if change)
            if call.program != "npm" or call.subcommand not in _TAKES or call.has(*_CONTRADICTS):
                continue
            old = [option for option in call.options if _old(option)]
            if len(old) != 1 or any(word.raw in ("true", "false") for word in call.operands):
                continue
            evidence = _npm_seven(facts, run)
            if isinstance(evidence, Evidence) and (edit := _spelt(run, call, old[0])):
                message = f"{old[0].name} is npm's flag of old for --omit=dev"
                yield Change(message, (edit,), run.at(call), Alters.FILES, evidence=(evidence,))
            elif isinstance(evidence, str):
                yield Declined(evidence, run.at(call))


def _old(option: Option) -> bool:
    match option.name:
        case "--production" | "--prod":
            return option.value in (None, "true")
        case "--only":
            return option.value in ("prod", "production")
    return False


def _spelt(run: Run, call: Call, option: Option) -> Edit | None:
    """The flag, with its value where that is a word of its own, as --omit=dev; None where they stand on two lines."""
    words = call.statement.words
    last = words[words.index(option.word) + 1] if option.word.raw == "--only" else option.word
    span = run.span(option.word.start, last.end)
    return Edit(span.start, span.end, "--omit=dev") if span.end - span.start == last.end - option.word.start else None


def _npm_seven(facts: Facts, run: Run) -> Evidence | str | None:
    """What shows that npm is version 7 or later; None where it shows to be older, else why that is not known."""
    base = run.image.base
    below = (run.instruction, *before(facts, run))
    for instruction in below:
        text = facts.file.text(instruction.span)
        if _OLD_NPM.search(text):
            return None
        if found := _OTHER_NODE.search(text):
            return f"line {instruction.first_line} ({found[0]}) brings a Node of its own, and which npm is not known"
    for instruction in below:
        if found := _NODESOURCE.search(facts.file.text(instruction.span)):
            setup = int(found[1])
            fact = f"installs Node {setup}, whose npm is version 7 or later"
            return facts.line(instruction, fact) if setup >= _FIRST_NODE else None
    node = _NODE_IMAGE.search(base.reference)
    if not node or not base.known or (base.version is None and ("$" in base.reference or "@" in base.reference)):
        return "which npm the step runs is not known: npm 7 and later have --omit=dev for it"
    major = int((base.version or str(_FIRST_NODE)).split(".")[0])
    if major < _FIRST_NODE or base.variant & _OLD_NODES:
        return None
    return facts.line(run.image.stage.start, f"the npm of {base.name} is version 7 or later")
