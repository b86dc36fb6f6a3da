"""Runs an image and asks it: what it answers, how long it takes to start and to stop, and who it runs as."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic, sleep

from rewriter.verify.engine import Container, Engine, Image, Launch, Settings
from rewriter.verify.model import Answer, Behaviour
from rewriter.verify.running.asking import OUT_OF_TIME, NoAnswer, get, has_healthcheck, knock, last_line, probe
from rewriter.verify.running.questions import Fallback, Plan

# Seconds: how long one try may take, and how long the last one may at least, so that it says what is wrong; how long
# between two; how long a program without questions is watched; and what `docker stop` gives one by default before it
# kills it.
_TRY, _LEAST, _PAUSE, _WATCHED, _GRACE = 30.0, 2.0, 0.2, 5.0, 10.0
_LOG_LINES, _LOG_CHARACTERS = 50, 20_000
# From here on, the engine or the shell could not start the program, or a signal ended it.
# Source: https://docs.docker.com/reference/cli/docker/container/run/#exit-status
_BROKEN = 125


@dataclass(frozen=True, slots=True)
class _Heard:
    """An answer, whether it is that of a working program, and whether anything answered at all."""

    answer: Answer
    good: bool
    silent: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    """Something to ask a running container, with the seconds for one try; `asker` raises `NoAnswer`. `counts`: the
    program does not work without it."""

    asked: str
    asker: Callable[[float], Answer]
    counts: bool = True


def observe(engine: Engine, image: Image, plan: Plan, launch: Launch | None = None, *, once: bool = False) -> Behaviour:
    """Run `image` and ask it what is planned; `launch` says how to run it, beside ports and the user's words.

    A server is asked until it answers, or until patience is over or it has ended; an answer 5xx is that of a server
    that is not ready. `working` means that no HTTP answer is 5xx, that the HEALTHCHECK passes if that is what is asked,
    and that no program ends by a signal or cannot be started (exit code 125 and up); other exit codes are answers.
    Paths, commands and programs that end are asked twice, so that a body that changes by itself is known, and the time
    to stop is measured; not so with `once`, for runs that are compared by their answers alone. Of a command, the body
    is what it writes to stdout, or to stderr where that is all. The image's own HEALTHCHECK is asked too where it has
    one. The time to be `ready` counts from the call of the engine. Raises `Trouble` where the engine fails.
    """
    launch = replace(launch or Launch(), ports=())
    launch = replace(launch, extra=(*plan.questions.run_args, *launch.extra))
    questions = plan.questions
    seen = Behaviour((), working=True)
    if plan.fallback is Fallback.UP:
        seen = _watched(engine, image, launch, once)
        if has_healthcheck(image.settings):
            health = _served(engine, image, plan, launch, once=True)
            seen = replace(seen, answers=(*seen.answers, *health.answers))
    elif questions.http or plan.fallback or has_healthcheck(image.settings):
        seen = _served(engine, image, plan, launch, once)
    heard = [_commanded(engine, image, command, plan, launch, once) for command in questions.commands]
    return replace(
        seen,
        answers=(*seen.answers, *(each.answer for each, _ in heard)),
        working=seen.working and all(each.good for each, _ in heard),
        logs=_tail("\n".join([seen.logs, *(said for _, said in heard)])),
    )


def _served(engine: Engine, image: Image, plan: Plan, launch: Launch, once: bool) -> Behaviour:
    port = plan.port(image)
    asks_port = plan.questions.http or plan.fallback is Fallback.PORT
    begun = monotonic()
    with engine.start(image.tag, replace(launch, ports=(port,) if port and asks_port else ())) as container:
        ready: float | None = None
        heard: list[_Heard] = []
        questions = list(_questions(container, image, plan, port))
        for question in questions:
            if heard and heard[-1].silent:
                heard.append(_Heard(Answer(question.asked, "not asked"), good=False, silent=True))
                continue
            heard.append(_patiently(question, container, plan.questions.patience))
            if ready is None and heard[-1].good:
                ready = monotonic() - begun
        answers = tuple(each.answer for each in heard)
        if not once:
            answers = tuple(_steadied(question, each) for question, each in zip(questions, heard, strict=True))
        counted = [each.good for question, each in zip(questions, heard, strict=True) if question.counts]
        return _ended(container, image, Behaviour(answers, all(counted), ready=ready), once)


def _questions(container: Container, image: Image, plan: Plan, port: int | None) -> Iterator[_Question]:
    if port is not None:
        for path in plan.questions.http:
            route = path if path.startswith("/") else f"/{path}"
            yield _Question(f"GET {route}", partial(_get, container, port, route))
    if plan.fallback is Fallback.PORT and port is not None:
        yield _Question(f"port {port}", partial(_knock, container, port))
    # What the image as it was says about its health is asked of one that says nothing itself.
    own, counts = has_healthcheck(image.settings), plan.fallback is Fallback.HEALTHCHECK
    if own or counts:
        settings = image.settings if own else plan.first
        yield _Question("HEALTHCHECK", partial(_probe, container, settings), counts)


def _get(container: Container, port: int, path: str, seconds: float) -> Answer:
    return get(container.address(port), path, timeout=seconds)


def _knock(container: Container, port: int, seconds: float) -> Answer:
    knock(container.address(port), timeout=seconds)
    return Answer(f"port {port}", "open")


def _probe(container: Container, settings: Settings, seconds: float) -> Answer:
    probe(container, settings, timeout=seconds)
    return Answer("HEALTHCHECK", "healthy")


def _patiently(question: _Question, container: Container, patience: float) -> _Heard:
    """Ask until there is a good answer, the program has ended, or patience is over."""
    end = monotonic() + patience
    while True:
        try:
            answer = question.asker(min(_TRY, max(end - monotonic(), _LEAST)))
            heard = _Heard(answer, good=not answer.status.startswith("5"))
        except NoAnswer as error:
            heard = _Heard(Answer(question.asked, f"{error} (for {patience:g} s)"), good=False, silent=True)
        if heard.good:
            return heard
        state = container.state()
        if not state.running:
            return _Heard(Answer(question.asked, f"it ended (exit {state.exit_code})"), good=False, silent=True)
        if monotonic() + _PAUSE >= end:
            return heard
        sleep(_PAUSE)


def _steadied(question: _Question, heard: _Heard) -> Answer:
    """The answer, not steady where the same question gets another one at once."""
    answer = heard.answer
    if heard.silent or not answer.steady or not question.asked.startswith("GET "):
        return answer
    try:
        again = question.asker(_TRY)
    except NoAnswer:
        return replace(answer, steady=False)
    return replace(answer, steady=again == answer)


def _watched(engine: Engine, image: Image, launch: Launch, once: bool) -> Behaviour:
    """Watch a program that nobody can ask: it stays up for some seconds, or ends."""
    first = _watch(engine, image, launch, once)
    (answer,) = first.answers
    if once or not answer.status.startswith("exit"):
        return first
    again = _watch(engine, image, launch, once)
    return replace(first, answers=(replace(answer, steady=again.answers == first.answers),))


def _watch(engine: Engine, image: Image, launch: Launch, once: bool) -> Behaviour:
    asked = Fallback.UP.value
    with engine.start(image.tag, launch) as container:
        end, uid = monotonic() + _WATCHED, container.uid()
        while (state := container.state()).running and monotonic() < end:
            sleep(_PAUSE)
        if state.running:
            return _ended(container, image, Behaviour((Answer(asked, "up"),), working=True), once)
        code = state.exit_code or 0
        answer = Answer(asked, f"exit {code}", body=state.said.encode())
        return Behaviour((answer,), working=code < _BROKEN, uid=uid, logs=_tail(state.said))


def _commanded(
    engine: Engine, image: Image, command: str, plan: Plan, launch: Launch, once: bool
) -> tuple[_Heard, str]:
    """What a command says, and where it fails, its stderr."""
    program, *words = shlex.split(command)
    launch = replace(launch, entrypoint=program, command=tuple(words))
    asked, patience = f"$ {command}", plan.questions.patience
    first = engine.run(image.tag, launch, timeout=patience)
    said = first.err.decode("utf-8", "replace") if first.exit_code else ""
    if first.exit_code == OUT_OF_TIME:
        return _Heard(Answer(asked, f"it did not end within {patience:g} s"), good=False), said
    again = first if once else engine.run(image.tag, launch, timeout=patience)
    steady = (first.exit_code, first.out or first.err) == (again.exit_code, again.out or again.err)
    answer = Answer(asked, f"exit {first.exit_code}", body=first.out or first.err, steady=steady)
    return _Heard(answer, good=first.exit_code < _BROKEN), said


def _ended(container: Container, image: Image, seen: Behaviour, once: bool) -> Behaviour:
    """What is known of a container at its end, when it is stopped."""
    state = container.state()
    seen = replace(seen, uid=container.uid(), logs=_tail(state.said))
    if not state.running or once:
        return seen
    seconds = container.stop(image.settings.stopsignal or "SIGTERM", timeout=_GRACE)
    return replace(seen, stopping=seconds, killed=seconds is None)


def _tail(said: str) -> str:
    """The last lines of what a program said."""
    return "\n".join(said.strip("\n").splitlines()[-_LOG_LINES:])[-_LOG_CHARACTERS:] if last_line(said) else ""
