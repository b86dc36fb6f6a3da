"""What the services of compose files run in the image, in place of its own command."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from rewriter import knowledge
from rewriter.project.context import Project
from rewriter.project.kubernetes import probes
from rewriter.project.services import Service, services
from rewriter.stages.bases import is_version
from rewriter.stages.kit import Shown

_VARIABLE = re.compile(r"\$\{?(\w+)")
_WORD = re.compile(r"[\w./+-]+")
_SHELLS = frozenset(("sh", "bash", "ash", "dash"))
_INSTALLS = re.compile(r"\b(?:bundle|npm|pnpm|yarn)\s+(?:add|ci|i|install|update)\b")
_LOGIN = re.compile(r"\b(?:ba|da|a)?sh[\"', ]+(?:-[a-z]*l|--login)")


def told(project: Project, *keys: str) -> Iterator[tuple[Service, str, str]]:
    """What services say under `keys`, in place of what the image says: the service, the key, and all of its words.

    Source: https://docs.docker.com/reference/compose-file/services/
    """
    for service in services(project):
        for key in keys:
            value = service.values.get(key)
            value = value.get("test") if isinstance(value, Mapping) else value
            if isinstance(value, str):
                yield service, key, value
            elif isinstance(value, list):
                yield service, key, " ".join(map(str, value))


def build_arguments(project: Project) -> Iterator[tuple[str, str]]:
    """The build arguments that services set.

    Source: https://docs.docker.com/reference/compose-file/build/#args
    """
    for service in services(project):
        build = service.values.get("build")
        args = build.get("args") if isinstance(build, Mapping) else None
        if isinstance(args, Mapping):
            yield from ((str(name), str(value)) for name, value in args.items())
        elif isinstance(args, list):
            yield from (str(word).partition("=")[::2] for word in args)


def open_tag(shown: Shown, base: str) -> str:
    """Why a variable in the tag of `base` may be more than a version, in front of which more of a tag is put; "" where
    it is one."""
    names = set(_VARIABLE.findall(base)) if base != shown.image.base.reference else set()
    given = [word.partition("=")[::2] for i in shown.facts.file.global_args for word in i.value.split() if "=" in word]
    for name, value in (*given, *build_arguments(shown.facts.project)):
        if name in names and not is_version(value):
            return f"{name} may be {value}, which is no version alone"
    return ""


def told_to_build(shown: Shown, base: str) -> str:
    """Why the image must keep its build tools for a service that starts something else, or its shell, which `base` may
    lack; "" where none does."""
    for service, key, text in told(shown.facts.project, "command", "entrypoint", "healthcheck"):
        names = {posixpath.basename(word) for word in _WORD.findall(text)}
        where = f"{service.file}:{service.line_of(key)}"
        if name := next(iter(sorted(names & _builders())), None):
            return f"{where} runs {name} in the service {service.name}, which only building needs otherwise"
        if match := _INSTALLS.search(text):
            return f"{where} runs {match[0]} in the service {service.name}, which may have to compile"
        shell = names & _SHELLS or (key == "healthcheck" and not text.startswith(("CMD ", "NONE")))
        if shell and shown.facts.options.bases.lookup(base).has_shell is False:
            return f"{where} needs a shell in the service {service.name}, and {base} has none"
    for text, evidence in probes(shown.facts.project):
        own = text.startswith("/") and text.split()[0] in shown.start.words
        if not own and shown.facts.options.bases.lookup(base).has_shell is False:
            return f"{evidence}, which {base} has not"
    return ""


def start_words(shown: Shown) -> list[str]:
    """The words behind the programs that the container, or a service in its place, starts."""
    words = [word.raw.strip("\"'") for each in shown.start.commands for word in each.call.statement.words[1:]]
    return words + [word for _, _, text in told(shown.facts.project, "command") for word in text.split()]


def login_shell(project: Project) -> str:
    """The place where a service starts a login shell; "" where none does."""
    for service, key, text in told(project, "command", "entrypoint"):
        if _LOGIN.search(text):
            return f"{service.file}:{service.line_of(key)}"
    return ""


@lru_cache(maxsize=1)
def _builders() -> frozenset[str]:
    return frozenset(knowledge.table("step_tools")["told"]["names"].split())
