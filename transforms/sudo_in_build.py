"""A `sudo` in a step that runs as root already.

What: takes `sudo`, and options of its that make no difference to root, out of commands that root runs.

Why: it grants nothing. It hides the variables of the Dockerfile from the command, it prints warnings where the host's
name does not resolve, and many images have no sudo at all.

Before:

    FROM debian:12
    RUN apt-get update && apt-get install -y sudo \\
        && sudo mkdir -p /srv/app

After:

    FROM debian:12
    RUN apt-get update && apt-get install -y sudo \\
        && mkdir -p /srv/app

Level: safe for commands that no variable changes; standard for commands that may read a variable which sudo hides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.syntax.shell import Word
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

# Source: sudo(8). To root, who is asked for no password, these options only say which variables are kept.
_HARMLESS = frozenset("EHnPS")
_HARMLESS_LONG = frozenset(("--preserve-env", "--set-home", "--non-interactive", "--preserve-groups", "--stdin"))
_SHORT_E = re.compile("-[A-Za-z]*E")
# What sudo, as Debian, Red Hat and Alpine configure it, puts in the place of PATH (secure_path): Docker's own default.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_USUAL = frozenset(_PATH.split(":"))
# Variables that change messages and questions only.
_WORDING = frozenset(("DEBIAN_FRONTEND", "LANG", "LANGUAGE", "LC_ALL", "TERM", "DEBCONF_NONINTERACTIVE_SEEN"))
# Commands that do the same whatever the variables are.
_PLAIN = frozenset(
    (
        *("addgroup", "adduser", "cat", "chgrp", "chmod", "chown", "chpasswd", "cp", "cut", "dd", "deluser", "echo"),
        *("find", "gpasswd", "grep", "groupadd", "groupdel", "groupmod", "head", "install", "kill", "ldconfig", "ln"),
        *("ls", "mkdir", "mktemp", "mv", "passwd", "printf", "readlink", "rm", "rmdir", "sed", "setcap", "sleep"),
        *("stat", "tail", "tar", "tee", "test", "[", "touch", "tr", "true", "truncate", "useradd", "userdel"),
        *("usermod", "wc"),
    )
)
# Commands of the system alone, whose place no PATH changes: what they run still sees the variables.
_SYSTEM = frozenset(
    (
        *("apk", "apt", "apt-get", "apt-key", "apt-mark", "add-apt-repository", "dnf", "dpkg", "dpkg-reconfigure"),
        *("a2enmod", "a2ensite", "a2dismod", "a2dissite", "locale-gen", "microdnf", "rpm", "service", "systemctl"),
        *("update-alternatives", "update-ca-certificates", "update-locale", "yum", "zypper", "debconf-set-selections"),
    )
)
# The shell itself runs these; sudo cannot.
_BUILTIN = frozenset(
    (
        *(".", ":", "alias", "cd", "command", "declare", "eval", "exec", "exit", "export", "hash", "local", "popd"),
        *("pushd", "read", "return", "set", "shift", "shopt", "source", "time", "trap", "type", "ulimit", "umask"),
        *("unalias", "unset", "wait"),
    )
)


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each sudo of a step that surely runs as root."""
    del file
    for run in facts.runs:
        if "sudo" not in run.text.text:
            continue
        calls = [call for call in run.calls if call.sudo]
        if not calls or not facts.is_root(run):
            continue
        for call in calls:
            options, reason = _options(run, call)
            seen = _newly_seen(run, call, options)
            reason = reason or _difference(run, call, options) or _other_program(call, seen)
            if reason is not None:
                yield Declined(reason, run.at(call))
                continue
            proven, evidence = _evidence(facts, run, call, seen)
            message = "sudo grants nothing to a step that runs as root"
            yield Change(message, (_cut(run, call, options),), run.at(call), proven=proven, evidence=evidence)


def _cut(run: Run, call: Call, options: tuple[Word, ...]) -> Edit:
    """Take sudo's own words out, and the command with them to their place."""
    following = call.statement.words[len(options)]
    return Edit(run.text.source(options[0].start), run.text.source(following.start), "")


def _options(run: Run, call: Call) -> tuple[tuple[Word, ...], str | None]:
    """The words of sudo itself, and why they cannot go; None where they can."""
    if call.wrappers[0].raw != "sudo":
        return (), f"{call.wrappers[0].raw} stands in front of sudo"
    words = [call.wrappers[0]]
    for word in call.wrappers[1:]:
        if not word.raw.startswith("-"):
            break
        words.append(word)
        if word.raw == "--":
            break
        long = word.raw.partition("=")[0]
        if long not in _HARMLESS_LONG and not _HARMLESS.issuperset(word.raw[1:]):
            return (), f"sudo {word.raw} does more than to run the command as root"
    begin, end = words[0].start, call.statement.words[len(words)].start
    if any(run.text.source(begin) < comment.start < run.text.source(end) for comment in run.instruction.comments):
        return (), "a comment stands between sudo and its command"
    return tuple(words), None


def _difference(run: Run, call: Call, options: tuple[Word, ...]) -> str | None:
    """Why the command would not be the same without sudo, whatever the variables; None where it would."""
    program = call.head
    for word in call.wrappers[len(options) :]:
        name, equals, _ = word.raw.partition("=")
        if not equals or word.raw.startswith("-"):
            program = word
            break
        if word.value is None or name in ("PATH", "IFS"):
            return f"sudo and the shell may read {word.raw} differently"
    if program.raw in _BUILTIN:
        return (
            f"{program.raw} is a command of the shell itself, which sudo cannot run: the step does not do what it says"
        )
    if "()" in run.text.text:
        return "the step has functions of its own, which sudo does not call"
    if program.raw in ("echo", "printf") and any(_printed_differently(word) for word in _arguments(call)):
        return f"the shell has its own {program.raw}, which may print something else than the one that sudo runs"
    return None


def _printed_differently(word: Word) -> bool:
    """Whether shells and coreutils may print an argument differently: POSIX, echo, "Application usage"."""
    return word.value is None or "\\" in word.value or word.value.startswith("-")


def _arguments(call: Call) -> tuple[Word, ...]:
    words = call.statement.words
    return words[words.index(call.head) + 1 :]


def _newly_seen(run: Run, call: Call, options: tuple[Word, ...]) -> frozenset[str]:
    """The variables that the command sees without sudo, and with sudo does not, or with another value."""
    state = run.state
    path = state.env.get("PATH", _PATH if run.image.base.known else "")
    changed = {"PATH"} if not isinstance(path, str) or not _USUAL.issuperset(path.split(":")) else set[str]()
    if any(word.raw == "--preserve-env" or _SHORT_E.match(word.raw) for word in options):
        return frozenset(changed)
    assigned = (word.raw.partition("=")[0] for word in call.statement.assignments)
    return frozenset(changed | ({*state.env, *state.args, *assigned} - {"PATH"} - _WORDING))


def _other_program(call: Call, seen: frozenset[str]) -> str | None:
    """Why the command's name may lead to another program without sudo; None where it does not."""
    if "PATH" not in seen or "/" in call.head.raw or call.program in _PLAIN | _SYSTEM:
        return None
    return f"sudo looks for {call.program} in its own PATH, and the image's PATH may hold another one"


def _evidence(facts: Facts, run: Run, call: Call, seen: frozenset[str]) -> tuple[bool, tuple[Evidence, ...]]:
    """Whether the command surely does the same without sudo, and what that rests on."""
    evidence = [facts.line(run.instruction, "the step runs as root")]
    plain = call.program in _PLAIN
    if seen and not plain:
        evidence.append(facts.line(run.instruction, f"sudo hides {', '.join(sorted(seen))} from {call.program}"))
    proven = plain or (not seen and run.image.base.known and call.program in _SYSTEM)
    return proven and _there(facts, run, call), tuple(evidence)


def _there(facts: Facts, run: Run, call: Call) -> bool:
    """Whether the build shows that there is a sudo: without one, a command that may fail did nothing before."""
    ends = [step.children[-1] if step.kind == "pipeline" else step for step in run.chain or ()]
    if run.image.base.has("sudo") or call.statement in ends:
        return True
    return any(
        other.installs and any(word.value == "sudo" for word in other.operands)
        for earlier in facts.runs
        if earlier.image is run.image and earlier.instruction.span.start <= run.instruction.span.start
        for other in earlier.plain_calls
    )
