"""Small images built by real engines, asked and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from rewriter.facts import Facts
from rewriter.project.context import Project
from rewriter.result import Options
from rewriter.source import Source
from rewriter.syntax.reader import read
from rewriter.verify.engine import Engine, Image, Recipe
from rewriter.verify.engines import find
from rewriter.verify.model import Answer, Behaviour, Difference, Weight
from rewriter.verify.running import asking, behaviour
from rewriter.verify.running.behaviour import observe
from rewriter.verify.running.comparing import compare
from rewriter.verify.running.hardened import hardened
from rewriter.verify.running.questions import Questions, plan
from rewriter.verify.running.settings import compare as compare_settings
from rewriter.verify.running.settings import foreseen
from rewriter.verify.trouble import NoEngine

pytestmark = pytest.mark.engine
Built = Callable[[str], Image]
WEB = "FROM busybox\nRUN mkdir /www && echo hello > /www/index.html\n"


both = pytest.mark.parametrize("engine", ["docker", "podman"], indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest, images: frozenset[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Docker, or the engine that the test names. What ignores SIGTERM is killed soon."""
    monkeypatch.setattr(behaviour, "_GRACE", 1.0)
    monkeypatch.setattr(behaviour, "_WATCHED", 1.5)
    try:
        found = find(getattr(request, "param", "docker"), timeout=120)
    except NoEngine as error:
        pytest.skip(str(error))
    yield found
    found.clean()
    assert found.left == ()


@pytest.fixture
def built(engine: Engine, tmp_path: Path) -> Built:
    """Builds a Dockerfile in an empty context."""
    numbers = count()
    context = tmp_path / "context"
    context.mkdir()

    def build(text: str) -> Image:
        number = next(numbers)
        dockerfile = tmp_path / f"Dockerfile{number}"
        dockerfile.write_text(text)
        tag = engine.tag(str(number))
        engine.build(Recipe(dockerfile, context, tag))
        return engine.image(tag)

    return build


def seen(engine: Engine, image: Image, before: Image | None = None, **questions: Any) -> Behaviour:
    return observe(engine, image, plan(Questions(**{"patience": 60.0, **questions}), before or image))


def differences(engine: Engine, before: Image, after: Image, **questions: Any) -> tuple[Difference, ...]:
    first = seen(engine, before, **questions)
    assert first.working, first
    return compare(first, seen(engine, after, before, **questions), lambda: seen(engine, before, **questions))


@both
def test_the_same_server_as_another_user_on_another_port(engine: Engine, built: Built) -> None:
    before = built(WEB + 'EXPOSE 80\nCMD ["httpd", "-f", "-h", "/www"]')
    after = built(WEB + 'EXPOSE 8080\nUSER 1000\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]')
    assert seen(engine, before, http=("/",)).answers == (Answer("GET /", "200", "text/html", b"hello\n"),)
    found = differences(engine, before, after, http=("/", "/none"))
    assert [(each.what, each.weight) for each in found] == [("user id", Weight.WANTED)]


def test_a_server_that_dies_now(engine: Engine, built: Built) -> None:
    before = built(WEB + 'EXPOSE 80\nCMD ["httpd", "-f", "-h", "/www"]')
    after = built("FROM busybox\nEXPOSE 80\nCMD echo starting; echo no database >&2; exit 3")
    (found, *_) = differences(engine, before, after, http=("/",))
    assert (found.before, found.after, found.weight) == ("200", "it ended (exit 3)", Weight.FAILS)
    assert found.why in ("no database", "starting")  # two streams have no order


@both
def test_a_program_that_is_gone(engine: Engine, built: Built) -> None:
    seen_ = seen(engine, built('FROM busybox\nEXPOSE 80\nCMD ["nowhere"]'))
    assert (seen_.answers[0].status, seen_.working) == ("it ended (exit 127)", False)
    assert "nowhere" in seen_.logs


def test_a_port_that_is_exposed_and_one_at_which_nobody_listens(engine: Engine, built: Built) -> None:
    text = WEB + 'EXPOSE {}\nCMD ["httpd", "-f", "-h", "/www"]'
    assert seen(engine, built(text.format(80))).answers == (Answer("port 80", "open"),)
    closed = seen(engine, built(text.format(81)), patience=1)
    assert not closed.working
    assert closed.killed  # it is process 1, and handles no signal


def test_a_health_check_is_run_at_once(engine: Engine, built: Built) -> None:
    text = (
        WEB
        + 'HEALTHCHECK --interval=1h CMD wget -qO /dev/null localhost{} || exit 1\nCMD ["httpd", "-f", "-h", "/www"]'
    )
    assert seen(engine, built(text.format("/"))).answers == (Answer("HEALTHCHECK", "healthy"),)
    ill = seen(engine, built(text.format("/none")), patience=5)
    assert ill.answers[0].status.startswith("unhealthy (exit 1)")
    assert not ill.working


def test_a_stream_without_end(engine: Engine, built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BODY_SECONDS", 1.0)
    serve = r"printf '#!/bin/sh\necho Status: 200; echo; while echo tick; do sleep 0.1; done' > /www/cgi-bin/tick"
    image = built(
        WEB + f"RUN mkdir /www/cgi-bin && {serve} && chmod +x /www/cgi-bin/tick\nEXPOSE 80\n"
        'CMD ["httpd", "-f", "-h", "/www"]'
    )
    (answer,) = seen(engine, image, http=("/cgi-bin/tick",)).answers
    assert (answer.status, answer.body[:5], answer.steady) == ("200", b"tick\n", False)


def test_an_output_that_differs_by_itself(engine: Engine, built: Built) -> None:
    image = built("FROM busybox\nCMD cat /proc/sys/kernel/random/uuid")
    (found,) = differences(engine, image, image)
    assert found.weight is Weight.NOTED


def test_a_command_on_an_image_without_a_shell(engine: Engine, built: Built) -> None:
    before = built('FROM busybox\nENTRYPOINT ["sh", "-c"]\n')
    after = built("FROM busybox AS tools\nFROM scratch\nCOPY --from=tools /bin/busybox /bin/echo\nENV PATH=/bin")
    assert differences(engine, before, after, commands=("echo 'a  b' $HOME",)) == ()
    first, second = (seen(engine, each, commands=("sh -c 'exit 4'",)) for each in (before, after))
    assert [each.status for each in (*first.answers, *second.answers)] == ["exit 4", "exit 127"]


def test_a_stop_that_is_taken_notice_of(engine: Engine, built: Built) -> None:
    deaf = built("FROM busybox\nCMD trap '' TERM; while sleep 0.1; do :; done")
    hears = built("FROM busybox\nSTOPSIGNAL SIGUSR1\nCMD trap 'exit 0' USR1; while sleep 0.1; do :; done")
    (found,) = differences(engine, deaf, hears)
    assert (found.what, found.before, found.weight) == ("stop", "killed", Weight.WANTED)
    (found,) = differences(engine, hears, deaf)
    assert (found.what, found.after, found.weight) == ("stop", "killed", Weight.FAILS)


@both
def test_what_an_image_needs_when_it_is_hardened(engine: Engine, built: Built) -> None:
    lines = "mkdir -p /srv/tmp && echo x > /srv/tmp/x && chown 1000 /srv/tmp/x && exec httpd -f -p 8080 -h /www"
    image = built(WEB + f"RUN mkdir /srv\nEXPOSE 8080\nCMD {lines}")
    asked = plan(Questions(http=("/",)), image)
    found = hardened(engine, image, asked, observe(engine, image, asked, once=True))
    assert [each.partition(" (")[0] for each in found.needs] == [
        "a writable /srv/tmp",
        "the capability CHOWN to give files to another user, or files that belong to it when the image is built",
    ]
    plain = built(WEB + 'EXPOSE 8080\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]')
    asked = plan(Questions(http=("/",)), plain)
    assert hardened(engine, plain, asked, observe(engine, plain, asked, once=True)).working


@both
def test_the_settings_of_built_images(engine: Engine, built: Built) -> None:
    texts = (
        'FROM busybox\nENV PATH=/own/bin:$PATH A=1\nLABEL a="x y"\nSHELL ["/bin/sh", "-ec"]\nVOLUME /data/\n'
        "CMD echo $A",
        "FROM busybox\nENV PATH=/own/bin:$PATH A=2\nWORKDIR /srv\nUSER 10001\nEXPOSE 8080\nSTOPSIGNAL SIGINT\n"
        'HEALTHCHECK CMD true\nCMD ["echo", "2"]',
    )
    before, after = map(built, texts)
    files = [Facts(read(Source(text)), Options(), Project()) for text in texts]
    assert compare_settings(before, before, foreseen(files[0], files[0])) == ()
    found = compare_settings(before, after, foreseen(*files))
    assert {each.weight for each in found} == {Weight.WANTED}, found
    assert {each.what for each in found} == {
        "command", "user", "workdir", "healthcheck", "stop signal", "shell", "env A", "label a", "port 8080/tcp",
        "volume /data",
    }  # fmt: skip
    unforeseen = compare_settings(before, after, foreseen(files[0], files[0]))
    assert {each.weight for each in unforeseen} == {Weight.FAILS}, unforeseen
