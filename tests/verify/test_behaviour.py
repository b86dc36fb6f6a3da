"""What an image is asked, what is made of its answers, and how two images are compared. The servers are of this
process."""

from __future__ import annotations

import itertools
import socketserver
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from rewriter.verify.engine import Output
from rewriter.verify.model import Answer, Behaviour, Difference, Weight
from rewriter.verify.running import asking
from rewriter.verify.running.behaviour import observe
from rewriter.verify.running.comparing import compare
from rewriter.verify.running.questions import Fallback, Plan, Questions, plan
from rewriter.verify.trouble import Trouble

from .stand_in import Program, StandIn, engine, gives, http, image, output, says

WEB = image(ports=frozenset(("8000/tcp",)))
CHECKED = image(healthcheck=("CMD-SHELL", "wget -qO- localhost"))


def asked(running: StandIn, subject: Any = WEB, **questions: Any) -> Behaviour:
    """What `subject` answers where it is the image as it was."""
    return observe(running, subject, planned(subject, **questions))


def planned(subject: Any = WEB, **questions: Any) -> Plan:
    return plan(Questions(**{"patience": 30.0, **questions}), subject)


def only(seen: Behaviour) -> Answer:
    (answer,) = seen.answers
    return answer


def never() -> Behaviour:
    raise AssertionError("the image as it was was asked again")


# What is asked


def test_the_users_questions_come_first() -> None:
    subject = image(ports=frozenset(("80/tcp",)), healthcheck=("CMD", "true"))
    assert plan(Questions(http=("/",)), subject).fallback is None
    assert plan(Questions(commands=("app",)), subject).fallback is None


def test_a_healthcheck_comes_before_a_port_and_a_port_before_staying_up() -> None:
    ports = frozenset(("80/tcp",))
    assert plan(Questions(), image(ports=ports, healthcheck=("CMD", "true"))).fallback is Fallback.HEALTHCHECK
    assert plan(Questions(), image(ports=ports, healthcheck=("NONE",))).fallback is Fallback.PORT
    assert plan(Questions(), image(ports=frozenset(("53/udp",)))).fallback is Fallback.UP


def test_the_port_is_the_users_else_the_lowest_of_the_image_itself() -> None:
    before = image(ports=frozenset(("9000/tcp", "80/tcp", "53/udp")))
    moved = image(ports=frozenset(("8080/tcp",)))
    assert [plan(Questions(), before).port(each) for each in (before, moved, image())] == [80, 8080, 80]
    assert plan(Questions(port=5000), before).port(moved) == 5000


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        (Questions(http=("/",)), "--port"),
        (Questions(commands=("echo 'x",)), "no closing quotation"),
        (Questions(commands=(" ",)), "needs a command"),
    ],
)
def test_what_cannot_be_asked_is_said(questions: Questions, message: str) -> None:
    with pytest.raises(Trouble, match=message):
        plan(questions, image())


# HTTP


def test_an_answer_is_status_type_and_body() -> None:
    kind = 'text/HTML;charset="UTF-8"; Boundary=x'
    seen = asked(engine(http(says(b"hello", Content_Type=kind))), http=("/", "health"))
    assert seen.answers[0] == Answer("GET /", "200", "text/html; boundary=x; charset=utf-8", b"hello")
    assert seen.answers[1].asked == "GET /health"
    assert seen.working
    assert seen.ready is not None
    assert (seen.uid, seen.stopping, seen.killed) == (0, 0.1, False)


def test_a_server_sees_the_same_host_in_every_container() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        says(handler.headers["Host"].encode())(handler)

    assert only(asked(engine(http(respond)), http=("/",))).body == b"localhost"


@pytest.mark.parametrize(
    ("location", "status"),
    [
        ("http://localhost:8000/login?next=/", "302 to /login?next=/"),
        ("/login", "302 to /login"),
        ("http://localhost", "302 to /"),
        ("https://login.example.org/x", "302 to https://login.example.org/x"),
    ],
)
def test_a_redirect_is_not_followed(location: str, status: str) -> None:
    assert only(asked(engine(http(says(b"", 302, Location=location))), http=("/",))).status == status


def test_a_path_may_hold_what_a_request_line_may_not() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        says(handler.path.encode())(handler)

    assert only(asked(engine(http(respond)), http=("/a b/ö?q=%20",))).body == b"/a%20b/%C3%B6?q=%20"


def test_a_body_that_changes_by_itself_is_not_steady() -> None:
    visits = itertools.count()
    seen = asked(engine(http(says(lambda: str(next(visits)).encode()))), http=("/",))
    assert not only(seen).steady


def test_a_stream_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BODY_SECONDS", 0.2)

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"tick")
        handler.rfile.read()  # until the other side is gone

    answer = only(asked(engine(http(respond)), http=("/",)))
    assert (answer.status, answer.body, answer.steady) == ("200", b"tick", False)


def test_a_body_is_read_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BODY_LIMIT", 100)
    answer = only(asked(engine(http(says(bytes(1000)))), http=("/",)))
    assert (len(answer.body), answer.steady) == (100, True)


def test_headers_without_end_are_cut_off() -> None:
    class Dribbling(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            self.request.settimeout(0.02)
            while True:
                self.request.sendall(b"x")
                try:
                    if not self.request.recv(4096):
                        return
                except TimeoutError:
                    continue
                except OSError:
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *words: object) -> None: ...

    seen = asked(engine(Program(lambda: Server(("127.0.0.1", 0), Dribbling))), http=("/", "/health"), patience=1)
    assert [answer.status for answer in seen.answers] == ["no answer in time (for 1 s)", "not asked"]
    assert not seen.working


def test_a_server_that_is_not_ready_is_asked_again() -> None:
    answers = iter([(b"", 503), (b"", 500)])

    def respond(handler: BaseHTTPRequestHandler) -> None:
        says(*next(answers, (b"ready", 200)))(handler)

    seen = asked(engine(http(respond)), http=("/",))
    assert (only(seen).status, only(seen).body, seen.working) == ("200", b"ready", True)


def test_a_server_that_never_gets_ready_does_not_work() -> None:
    seen = asked(engine(http(says(b"no database", 500), said="connecting\n")), http=("/", "/health"), patience=1)
    assert [answer.status for answer in seen.answers] == ["500", "500"]
    assert (seen.working, seen.ready, seen.logs) == (False, None, "connecting")


def test_an_image_that_never_answers_is_given_up() -> None:
    seen = asked(engine(Program(said="waiting for the moon\n")), http=("/", "/health"), patience=1)
    assert [answer.status for answer in seen.answers] == ["connection refused (for 1 s)", "not asked"]
    assert (seen.working, seen.ready, seen.stopping, seen.logs) == (False, None, 0.1, "waiting for the moon")


def test_an_image_that_ends_instead_of_answering() -> None:
    said = "".join(f"line {number}\n" for number in range(1000)) + "KeyError: 'DATABASE_URL'\n"
    seen = asked(engine(Program(exits=1, said=said)), http=("/",))
    assert only(seen).status == "it ended (exit 1)"
    assert seen.logs.splitlines()[-1] == "KeyError: 'DATABASE_URL'"
    assert len(seen.logs.splitlines()) == 50
    assert (seen.working, seen.uid, seen.stopping, seen.killed) == (False, None, None, False)


def test_what_speaks_no_http() -> None:
    class Greeting(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(b"SSH-2.0-OpenSSH\r\n")

    server = Program(lambda: socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeting))
    assert only(asked(engine(server), http=("/",), patience=1)).status == "what answers does not speak HTTP (for 1 s)"


def test_run_args_and_ports_are_given_to_the_engine() -> None:
    running = engine(http(says(b"")))
    asked(running, http=("/",), port=5000, run_args=("--env=A=1",))
    assert [(each.ports, each.extra) for each in running.launches] == [((5000,), ("--env=A=1",))]


# Commands


def test_a_command_is_run_without_a_shell_in_the_place_of_the_entrypoint() -> None:
    running = engine(Program(runs=lambda words: output(3, repr(words).encode(), b"a warning")))
    seen = asked(running, image(), commands=("app --name 'a b' $HOME",))
    assert only(seen) == Answer("$ app --name 'a b' $HOME", "exit 3", body=b"('app', '--name', 'a b', '$HOME')")
    assert seen.working


def test_a_command_that_only_writes_to_stderr_has_said_that() -> None:
    seen = asked(engine(Program(runs=gives(0, b"", b"nginx/1.27"))), image(), commands=("nginx -v",))
    assert only(seen).body == b"nginx/1.27"


def test_the_output_of_a_command_may_change_by_itself() -> None:
    numbers = itertools.count()
    running = engine(Program(runs=lambda _: output(0, str(next(numbers)).encode())))
    assert not only(asked(running, image(), commands=("date",))).steady


@pytest.mark.parametrize(("code", "status"), [(124, "it did not end within 1 s"), (127, "exit 127"), (139, "exit 139")])
def test_a_command_that_is_broken(code: int, status: str) -> None:
    seen = asked(engine(Program(runs=gives(code, b"", b"no such file"))), image(), commands=("app",), patience=1)
    assert (only(seen).status, seen.working, seen.logs) == (status, False, "no such file")


def test_paths_and_commands_together() -> None:
    seen = asked(engine(http(says(b""), runs=gives())), http=("/",), commands=("app",))
    assert [answer.asked for answer in seen.answers] == ["GET /", "$ app"]
    assert seen.uid == 0


# HEALTHCHECK


def test_a_healthcheck_is_run_by_the_images_shell_until_it_passes() -> None:
    ran: list[tuple[str, ...]] = []

    def runs(words: Sequence[str]) -> Output:
        ran.append(tuple(words))
        return output(len(ran) < 3)

    subject = image(healthcheck=("CMD-SHELL", "curl -f localhost || exit 1"), shell=("/bin/bash", "-ec"))
    seen = asked(engine(Program(runs=runs)), subject)
    assert (only(seen), seen.working) == (Answer("HEALTHCHECK", "healthy"), True)
    assert ran == [("/bin/bash", "-ec", "curl -f localhost || exit 1")] * 3


@pytest.mark.parametrize(
    ("test", "words"),
    [(("CMD-SHELL", "a && b"), ("/bin/sh", "-c", "a && b")), (("CMD", "/probe", "-x"), ("/probe", "-x"))],
)
def test_the_forms_of_a_healthcheck(test: tuple[str, ...], words: tuple[str, ...]) -> None:
    running = engine(Program(runs=lambda given: output(0 if tuple(given) == words else 1)))
    assert only(asked(running, image(healthcheck=test))).status == "healthy"


def test_a_healthcheck_that_never_passes_says_why() -> None:
    seen = asked(engine(Program(runs=gives(1, b"", b"wget: refused\n"))), CHECKED, patience=1)
    assert only(seen).status == "unhealthy (exit 1): wget: refused (for 1 s)"
    assert not seen.working


def test_a_healthcheck_that_does_not_end() -> None:
    seen = asked(engine(Program(runs=gives(124))), CHECKED, patience=1)
    assert only(seen).status == "the check does not end in time (for 1 s)"


def test_an_image_without_a_healthcheck_is_asked_that_of_the_first() -> None:
    running = engine(Program(runs=lambda words: output("localhost" not in words[-1])))
    assert only(observe(running, image(), planned(CHECKED))).status == "healthy"


def test_the_second_images_own_healthcheck_is_asked_too() -> None:
    running = engine(http(says(b""), runs=gives(1, b"no wget")))
    seen = observe(running, image(healthcheck=("CMD", "wget")), planned(WEB, http=("/",), patience=1))
    assert [answer.status for answer in seen.answers] == ["200", "unhealthy (exit 1): no wget (for 1 s)"]
    assert seen.working


# Ports


def raw(handler: type[socketserver.BaseRequestHandler]) -> Program:
    return Program(lambda: socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler))


class Waits(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.read()


class Greets(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 ready")


class Closes(socketserver.BaseRequestHandler):
    """What a proxy of the engine does that finds nobody behind it."""


@pytest.mark.parametrize(("handler", "open_"), [(Waits, True), (Greets, True), (Closes, False)])
def test_a_port_is_open_where_a_connection_is_kept_or_greeted(
    handler: type[socketserver.BaseRequestHandler], open_: bool
) -> None:
    seen = asked(engine(raw(handler)), patience=1)
    assert only(seen).asked == "port 8000"
    assert (only(seen).status == "open", seen.working) == (open_, open_)


def test_a_closed_port() -> None:
    assert only(asked(engine(Program()), patience=1)).status == "connection refused (for 1 s)"


# No questions


def test_a_program_that_ends_says_its_code_and_output() -> None:
    seen = asked(engine(Program(exits=2, said="usage: app\n")), image())
    assert only(seen) == Answer("it stays up", "exit 2", body=b"usage: app\n")
    assert seen.working


def test_the_output_of_a_program_that_ends_may_change_by_itself() -> None:
    seen = asked(engine(Program(exits=0, said="at 10:00"), Program(exits=0, said="at 10:01")), image())
    assert not only(seen).steady


@pytest.mark.parametrize("code", [125, 127, 139])
def test_a_program_that_cannot_be_started_or_is_ended_by_a_signal_does_not_work(code: int) -> None:
    assert not asked(engine(Program(exits=code)), image()).working


def test_a_program_that_stays_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewriter.verify.running.behaviour._WATCHED", 0.1)
    running = engine(Program(uid=1000, stops=None, said="working\n"))
    seen = asked(running, image(stopsignal="SIGQUIT"))
    assert only(seen) == Answer("it stays up", "up")
    assert (seen.uid, seen.stopping, seen.killed, seen.logs) == (1000, None, True, "working")
    assert running.containers[0].signals == ["SIGQUIT"]


def test_the_second_images_own_healthcheck_is_asked_where_nobody_asks_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewriter.verify.running.behaviour._WATCHED", 0.1)
    seen = observe(engine(Program(runs=gives(0))), CHECKED, planned(image()))
    assert [answer.status for answer in seen.answers] == ["up", "healthy"]


# Two images


def answered(*answers: Answer, **values: Any) -> Behaviour:
    return Behaviour(answers, **{"working": True, **values})


PAGE = Answer("GET /", "200", "text/html", b"one\ntwo\nthree")


def test_alike() -> None:
    seen = answered(PAGE, uid=0, stopping=0.1)
    assert compare(seen, seen, never) == ()


@pytest.mark.parametrize(
    ("other", "before", "after", "why"),
    [
        (Answer("GET /", "500"), "200", "500", "Traceback: boom"),
        (Answer("GET /", "200", "text/plain", PAGE.body), "text/html", "text/plain", "another content type"),
        (Answer("GET /", "200", "text/html", b"one\n2\nthree"), "two", "2", "another body"),
        (Answer("GET /", "200", "text/html", b"one\ntwo"), "three", "", "another body"),
        (Answer("GET /", "200", "text/html", b"\xff"), "13 bytes, ", "1 bytes, s", "another body"),
        (Answer("GET /", "200", "text/html", b"one\r\ntwo\r\nthree"), "13 bytes, ", "15 bytes, ", "another body"),
    ],
)
def test_another_answer_fails(other: Answer, before: str, after: str, why: str) -> None:
    first = answered(PAGE)
    (found,) = compare(first, answered(other, logs="up\nTraceback: boom\n"), lambda: first)
    assert (found.what, found.weight, found.why) == ("GET /", Weight.FAILS, why)
    assert (found.before[: len(before)], found.after[: len(after)]) == (before, after)
    assert bool(before) == bool(found.before)


def test_a_long_line_is_shown_where_it_differs() -> None:
    one, other = (answered(Answer("GET /", "200", "", b"x" * 5000 + end + b"y" * 5000)) for end in (b"1", b"2"))
    (found,) = compare(one, other, lambda: one)
    assert (found.before, found.after) == ("x" * 30 + "1" + "y" * 69, "x" * 30 + "2" + "y" * 69)


def test_what_the_image_as_it_was_does_not_say_twice_is_noted() -> None:
    first, second, other = (answered(Answer("GET /", "200", "", text)) for text in (b"up 1 s", b"up 2 s", b"up 3 s"))
    (found,) = compare(first, other, lambda: second)
    assert (found.weight, found.why) == (Weight.NOTED, "the image as it was answers otherwise at each start")


def test_what_each_build_makes_up_is_noted() -> None:
    first, second, other = (answered(Answer("GET /", "200", "", text)) for text in (b"id 1", b"id 2", b"id 3"))
    (found,) = compare(first, other, lambda: first, lambda: second)
    assert (found.weight, found.why) == (Weight.NOTED, "the image as it was answers otherwise after each build")
    (found,) = compare(first, other, lambda: first, lambda: first)
    assert found.weight is Weight.FAILS


def test_nothing_is_built_anew_for_another_status() -> None:
    first, other = answered(Answer("GET /", "200")), answered(Answer("GET /", "500"))
    (found,) = compare(first, other, lambda: first, never)
    assert found.weight is Weight.FAILS


def test_the_image_as_it_was_is_asked_again_once() -> None:
    asked_again = 0

    def again() -> Behaviour:
        nonlocal asked_again
        asked_again += 1
        return first

    first = answered(PAGE, Answer("GET /b", "200"))
    found = compare(first, answered(Answer("GET /", "500"), Answer("GET /b", "404")), again)
    assert [each.weight for each in found] == [Weight.FAILS] * 2
    assert asked_again == 1


def test_a_body_that_changes_by_itself_is_not_compared_and_that_is_said() -> None:
    first, other = (answered(Answer("GET /", "200", "", text, steady=False)) for text in (b"a", b"b"))
    assert compare(first, other, never) == (
        Difference("GET /", "", "", Weight.NOTED, "the body differs by itself, and is not compared"),
    )
    assert compare(first, answered(Answer("GET /", "500")), lambda: first)[0].weight is Weight.FAILS


def test_a_port_may_move() -> None:
    first, other = answered(Answer("port 80", "open")), answered(Answer("port 8080", "open"))
    assert compare(first, other, never) == ()
    assert compare(first, answered(Answer("port 8080", "refused")), lambda: first)[0].weight is Weight.FAILS


def test_a_new_healthcheck_must_pass() -> None:
    assert compare(answered(PAGE), answered(PAGE, Answer("HEALTHCHECK", "healthy")), never) == ()
    (found,) = compare(answered(PAGE), answered(PAGE, Answer("HEALTHCHECK", "unhealthy (exit 1)")), never)
    assert (found.what, found.weight) == ("HEALTHCHECK", Weight.FAILS)


def test_a_healthcheck_that_never_passed_is_noted() -> None:
    first = answered(PAGE, Answer("HEALTHCHECK", "unhealthy (exit 1)"))
    (found,) = compare(first, answered(PAGE, Answer("HEALTHCHECK", "healthy")), never)
    assert found.weight is Weight.NOTED
    assert compare(first, answered(PAGE), never) == ()


@pytest.mark.parametrize(
    ("before", "after", "weight"),
    [(0, 1000, Weight.WANTED), (1000, 0, Weight.FAILS), (1000, 65532, Weight.NOTED), (0, 0, None), (None, 0, None)],
)
def test_the_user_of_the_program(before: int | None, after: int | None, weight: Weight | None) -> None:
    found = compare(answered(uid=before), answered(uid=after), never)
    assert [each.weight for each in found] == ([weight] if weight else [])


@pytest.mark.parametrize(
    ("before", "after", "weight"),
    [
        ({"stopping": 0.2}, {"killed": True}, Weight.FAILS),
        ({"killed": True}, {"stopping": 0.2}, Weight.WANTED),
        ({"stopping": 0.2}, {"stopping": 3.0}, Weight.NOTED),
        ({"stopping": 3.0}, {"stopping": 0.2}, Weight.NOTED),
        ({"stopping": 0.2}, {"stopping": 0.9}, None),
        ({"killed": True}, {"killed": True}, None),
        ({}, {"stopping": 0.2}, None),
    ],
)
def test_how_it_stops(before: dict[str, Any], after: dict[str, Any], weight: Weight | None) -> None:
    found = compare(answered(**before), answered(**after), never)
    assert [each.weight for each in found] == ([weight] if weight else [])
