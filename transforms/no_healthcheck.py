"""A server of which nobody knows whether it still answers.

What: adds a HEALTHCHECK where the code shows an address that is made for it (`/health`, `/healthz`, `/ping`, Spring's
`/actuator/health`, Rails' `/up`), EXPOSE names one port, and the image has something to ask with: curl, wget, Python
or Node. Leaves it where a HEALTHCHECK is there, in the Dockerfile or in a compose file.

Why: a process that hangs is a running container for Docker. With a health check, `docker ps` shows it, compose and
Swarm wait for it or replace it. (Kubernetes has probes of its own and takes no notice.)

Before:

    FROM python:3.12-slim
    WORKDIR /srv
    COPY . .
    RUN pip install --no-cache-dir -r requirements.txt
    EXPOSE 8000
    CMD ["uvicorn", "main:app", "--host", "0.0.0.0"]

After:

    FROM python:3.12-slim
    WORKDIR /srv
    COPY . .
    RUN pip install --no-cache-dir -r requirements.txt
    EXPOSE 8000
    HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \\
        CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
    CMD ["uvicorn", "main:app", "--host", "0.0.0.0"]

Level: aggressive.

Options: level=aggressive
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise

from rewriter import knowledge
from rewriter.change import Alters, Change, Declined
from rewriter.facts import Facts
from rewriter.image import StageImage, Unknown
from rewriter.order.placing import above_start, spelled
from rewriter.project.context import Unfit
from rewriter.project.health import Route, route
from rewriter.project.services import services
from rewriter.steps.start import Started, start
from rewriter.steps.started import copied_sources, says_start
from rewriter.syntax.tree import Dockerfile

_TIMES = "--interval=30s --timeout=5s --start-period=30s --retries=3"
_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*\Z|[\w.-]+\.py\Z")
_RUBY = frozenset(("rails", "puma", "bundle", "thrust", "rackup", "unicorn"))
_INSTALLED = {"curl": ("curl",), "wget": ("wget",), "python3": ("python3", "python3-minimal")}
# `fetch` is there without a flag from Node 18 on: https://nodejs.org/docs/latest-v18.x/api/globals.html#fetch
_FETCHES = 18
_PORT = re.compile(r"(?:\A|:)([1-9][0-9]{1,4})\Z")
_ADDRESS = re.compile(r"(?:--(?:http-)?(?:port|bind|listen)=(?:.*:)?|[0-9.]*:|\[::\]:|localhost:)([1-9][0-9]{1,4})\Z")
_PORT_OPTIONS = frozenset(("-p", "--port", "-b", "--bind", "--listen", "-l", "-P"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, or a refusal, for the shipped stage where it starts a server with a health route."""
    image = facts.images[-1]
    if not isinstance(image.final.healthcheck, Unknown) or not image.base.known or not image.final.expose:
        return
    last = start(facts, image).last if says_start(facts, image) else None
    language = _language(facts, last) if last else None
    if last is None or language is None or any("healthcheck" in each.values for each in services(facts.project)):
        return
    try:
        there = route(facts.project, copied_sources(facts), language)
    except Unfit:
        return
    if there is None:
        return
    port = _port(image, last)
    if not port.isdecimal():
        yield Declined(f"{there.evidence} and nobody asks: {port}", image.stage.start.span)
        return
    command = _command(facts, image, f"http://127.0.0.1:{port}{there.path}")
    if command is None:
        reason = f"{there.evidence} and nobody asks: the image has no curl, wget, Python or Node to do it"
        yield Declined(reason, image.stage.start.span)
        return
    yield from _change(file, image, there, command)


def _change(file: Dockerfile, image: StageImage, there: Route, command: tuple[str, ...]) -> Iterator[Change]:
    first = f"{spelled(file, 'HEALTHCHECK')} {_TIMES} {file.escape}"
    second = f"    CMD {json.dumps(command)}"
    edit = above_start(file, image, f"{first}{file.source.newline}{second}")
    if edit:
        yield Change(
            f"the server answers at {there.path}, and nothing asks it whether it still works; "
            "`docker inspect` shows what the HEALTHCHECK was answered, `dockerslim verify` that it turns healthy",
            (edit,),
            image.stage.start.span,
            Alters.SETTINGS,
            proven=False,
            evidence=(there.evidence,),
            declares=frozenset(("healthcheck",)),
        )


def _language(facts: Facts, last: Started) -> str | None:
    """What the server is written in, by the program that is started."""
    name = posixpath.basename(last.call.program)
    if _PYTHON.match(name) or name in knowledge.table("servers")["python"]["programs"]:
        return "python"
    if name in ("node", "java"):
        return name
    if name in _RUBY:
        return "ruby"
    built = any(
        call.program == "go" and call.subcommand in ("build", "install") for run in facts.runs for call in run.calls
    )
    return "go" if built else None


def _port(image: StageImage, last: Started) -> str:
    """The port of the server; else why it is not known."""
    ports = sorted(each.of if isinstance(each, Unknown) else each for each in image.final.expose)
    if len(ports) != 1 or not re.fullmatch(r"[0-9]+/tcp", ports[0]):
        return f"EXPOSE names {', '.join(ports)}, and which port it is on is not known"
    port = ports[0].removesuffix("/tcp")
    words = [word.raw.strip("\"'") for word in last.call.statement.words]
    matches = [
        _PORT.search(word) if before in _PORT_OPTIONS else _ADDRESS.match(word) for before, word in pairwise(words)
    ]
    told = {match[1] for match in matches if match}
    if told and port not in told:
        return f"EXPOSE names {port}, and {last.call.head.raw} is told {', '.join(sorted(told))}"
    return port


def _command(facts: Facts, image: StageImage, url: str) -> tuple[str, ...] | None:
    """How to ask for `url` with what the image has; None where it has nothing for that.

    An exit status other than 0 is taken for unhealthy: https://docs.docker.com/reference/dockerfile/#healthcheck
    """
    base, stages = image.base, {each.stage.index for each in facts.lineage(image)}
    installed = {
        word.value
        for run in facts.runs
        if run.image.stage.index in stages
        for call in run.plain_calls
        if call.installs and call.program in ("apt-get", "apt", "apk", "dnf", "yum", "microdnf")
        if not call.has("-t", "--virtual")
        for word in call.operands
    }

    def there(tool: str) -> bool:
        return base.has(tool) or bool(installed.intersection(_INSTALLED.get(tool, ())))

    if "curl" in installed:
        return ("curl", "-fsS", "-o", "/dev/null", url)
    for python in ("python", "python3"):
        if there(python):
            return (python, "-c", f"import urllib.request; urllib.request.urlopen('{url}', timeout=4)")
    major = (base.version or "").split(".")[0]
    if base.has("node") and major.isdecimal() and int(major) >= _FETCHES:
        return ("node", "-e", f"fetch('{url}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))")
    if there("wget"):
        return ("wget", "-q", "-O", "/dev/null", url)
    return ("curl", "-fsS", "-o", "/dev/null", url) if there("curl") else None
