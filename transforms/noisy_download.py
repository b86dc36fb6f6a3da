"""A `wget` that fills the build log with its progress bar.

What: adds `--progress=dot:giga` to GNU's wget, `-q` to BusyBox's and `-nv` where Wget2 may stand in for GNU's.

Why: a build log is no terminal. The bar is printed again and again, and the lines that matter drown in it.

Before:

    FROM debian:12
    RUN wget https://example.org/tool.tar.gz

    FROM alpine:3.20
    RUN wget https://example.org/tool.tar.gz

After:

    FROM debian:12
    RUN wget --progress=dot:giga https://example.org/tool.tar.gz

    FROM alpine:3.20
    RUN wget -q https://example.org/tool.tar.gz

Level: safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Change, Declined
from rewriter.facts import Facts, Run
from rewriter.steps.edits import word_after
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

# Source: https://www.gnu.org/software/wget/manual/wget.html
_QUIET = ("-q", "--quiet", "--no-verbose", "--progress", "-o", "--output-file", "-a", "--append-output")
_NO_DOWNLOAD = ("--spider", "-b", "--background", "-h", "--help", "-V", "--version")
_NOT_VERBOSE = re.compile(r"-[A-Za-z]*n[A-Za-z]*v")
_GNU = frozenset(
    (
        *("debian", "ubuntu"),
        *("centos", "rhel", "rocky", "almalinux", "amazonlinux", "oraclelinux"),
        *("opensuse", "arch"),
    )
)
_BUSYBOX = frozenset(("alpine", "busybox", "wolfi"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each wget whose progress goes to the build log."""
    del file
    for run in facts.runs:
        for call in run.calls:
            if call.program != "wget" or _decided(call) or not _logged(run.script.root, call.statement):
                continue
            flag = _flag(facts, run, call)
            if flag is None:
                yield Declined("the base image does not show whether its wget is GNU's or BusyBox's", run.at(call))
            else:
                message = f"wget without {flag} fills the build log with its progress bar"
                yield Change(message, (word_after(run, call.head, flag),), run.at(call))


def _decided(call: Call) -> bool:
    """Whether the command line downloads nothing, or decides itself what is printed."""
    if not call.operands and not call.has("-i", "--input-file"):
        return True
    if call.has(*_QUIET, *_NO_DOWNLOAD) or any(_NOT_VERBOSE.match(option.word.raw) for option in call.options):
        return True
    settings = [option.value or "" for option in call.options if option.name in ("-e", "--execute")]
    return any(word in setting for setting in settings for word in ("progress", "quiet", "verbose"))


def _logged(tree: Statement, statement: Statement) -> bool:
    """Whether what `statement` prints as messages goes to the log: no redirection nor `|&` around it takes it away."""
    if not tree.start <= statement.start < tree.end:
        return True
    if any(redirect.descriptor == "2" or redirect.operator in ("&>", "&>>") for redirect in tree.redirects):
        return False
    if tree.kind == "pipeline" and any(operator.text == "|&" for operator in tree.operators):
        return False
    return all(_logged(child, statement) for child in tree.children)


def _flag(facts: Facts, run: Run, call: Call) -> str | None:
    """The flag that the wget of this step is known to have."""
    distribution = run.image.base.distribution
    system = facts.system(run.image)
    if distribution in _BUSYBOX or system == "alpine":
        return "--progress=dot:giga" if _installed_here(run, call) else "-q"
    if distribution in _GNU or system in ("debian", "suse", "arch"):
        return "--progress=dot:giga"
    # Fedora's wget is Wget2 since release 40: it refuses dot:giga (https://github.com/rockdaboot/wget2/issues/317).
    return "-nv" if system == "redhat" else None


def _installed_here(run: Run, call: Call) -> bool:
    """Whether the step itself has surely put GNU's wget in the place of BusyBox's before."""
    before = [
        other for other in run.plain_calls if other.statement.end <= call.statement.start and other.program == "apk"
    ]
    added = any(other.subcommand == "add" and any(word.value == "wget" for word in other.operands) for other in before)
    return added and all(other.subcommand != "del" for other in before)
