"""What a program needs under a hardened start: found by what it says, and by trying."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from rewriter.verify.engine import Image, Launch
from rewriter.verify.model import Answer, Behaviour, Hardened
from rewriter.verify.running.complaints import complaints
from rewriter.verify.running.hardened import hardened
from rewriter.verify.running.questions import Questions, plan
from rewriter.verify.trouble import EngineGone, Trouble

from .stand_in import Program, StandIn, image

APP = image(workdir="/app")
USUAL = Behaviour((Answer("it stays up", "exit 0", body=b"done"),), working=True)
WORKS = Program(exits=0, said="done")


def tried(says: Callable[[Collection[str]], str], subject: Image = APP) -> tuple[Hardened, StandIn]:
    """What becomes of a program that says, by the words that its container is given, what it lacks; nothing where it
    works."""

    def program(launch: Launch, _: int) -> Program:
        assert launch.hardened
        said = says(launch.extra)
        return replace(WORKS, exits=1, said=said) if said else WORKS

    engine = StandIn({"app": program})
    return hardened(engine, subject, plan(Questions(), subject), USUAL), engine


def test_a_program_that_works_as_it_is() -> None:
    found, engine = tried(lambda _: "")
    assert found == Hardened(working=True)
    assert len(engine.launches) == 1


def test_folders_are_found_one_after_the_other() -> None:
    found, _ = tried(
        lambda given: "".join(
            f"OSError: [Errno 30] Read-only file system: '{folder}/x'\n"
            for folder in ("/app/tmp", "/var/run/app")
            if f"--tmpfs={folder}:mode=1777" not in given
        )
    )
    assert found == Hardened(
        False, ("a writable /app/tmp (a tmpfs or a volume)", "a writable /var/run/app (a tmpfs or a volume)")
    )


def test_a_folder_whose_files_are_needed_is_a_volume() -> None:
    def says(given: Collection[str]) -> str:
        if "--tmpfs=/app:mode=1777" in given:
            return "python: can't open file '/app/main.py'"
        return "" if "--volume=/app" in given else "EROFS: read-only file system, open 'data.json'"

    # With an empty folder over it, the complaint is another one; but the program does not work.
    found, _ = tried(says)
    assert found.needs == ("a writable /app (a volume that holds what the image has there)",)


def test_a_folder_that_is_to_be_made_may_need_its_parent() -> None:
    def says(given: Collection[str]) -> str:
        made = any("/app/tmp" in word for word in given)
        if made:
            return "mkdir: cannot create directory '/app/tmp': File exists"
        return (
            ""
            if "--tmpfs=/app:mode=1777" in given
            else "mkdir: cannot create directory '/app/tmp': Read-only file system"
        )

    found, _ = tried(says)
    assert found.needs == ("a writable /app (a tmpfs or a volume)",)


def test_a_capability_that_the_message_shows() -> None:
    found, _ = tried(
        lambda given: (
            "" if "--cap-add=NET_BIND_SERVICE" in given else "bind() to 0.0.0.0:80 failed (13: Permission denied)"
        )
    )
    assert found.needs == ("a port of 1024 or above to listen on, or the capability NET_BIND_SERVICE",)


def test_what_is_not_needed_in_the_end_is_not_named() -> None:
    def says(given: Collection[str]) -> str:
        if "--cap-add=SETUID" in given:
            return ""
        return (
            "warning: /cache/x: Read-only file system\n" * ("--tmpfs=/cache:mode=1777" not in given)
            + "setgroups: Operation not permitted"
        )

    found, _ = tried(says)
    assert found.needs == (
        "the capabilities SETUID and SETGID to become another user after its start, or that user as USER",
    )


def test_folders_of_one_parent_are_one_need() -> None:
    def says(given: Collection[str]) -> str:
        whole = "--tmpfs=/var/lib/x:mode=1777" in given
        missing = [each for each in "abc" if not whole and f"--tmpfs=/var/lib/x/{each}:mode=1777" not in given]
        return "".join(f'mkdir() "/var/lib/x/{each}" failed (30: Read-only file system)\n' for each in missing[:1])

    assert tried(says)[0].needs == ("a writable /var/lib/x (a tmpfs or a volume)",)


def test_an_empty_folder_that_hides_files_is_not_what_it_needs() -> None:
    def says(given: Collection[str]) -> str:
        if "--tmpfs=/app:mode=1777" in given:
            return "sh: /app/run.sh: Permission denied"
        return "" if "--volume=/app" in given else "touch: /app/x: Read-only file system"

    assert tried(says)[0].needs == ("a writable /app (a volume that holds what the image has there)",)


@pytest.mark.parametrize(
    ("word", "need"),
    [
        ("--volume=/app", "a writable /app (a volume"),
        ("--volume=/var", "a writable /var (a volume"),
        ("--cap-add=KILL", "the capability KILL"),
        ("--read-only=false", "a folder that it can write: "),
        ("--security-opt=no-new-privileges=false", "new privileges, "),
    ],
)
def test_a_program_that_does_not_say_what_it_lacks(word: str, need: str) -> None:
    found, _ = tried(lambda given: "" if word in given else "it does not work")
    assert not found.working
    assert [each[: len(need)] for each in found.needs] == [need]


def test_two_things_that_it_does_not_say() -> None:
    wanted = {"--cap-add=CHOWN", "--cap-add=FOWNER"}
    found, _ = tried(lambda given: "" if wanted <= set(given) else "it does not work")
    assert found.needs == ("the capability CHOWN", "the capability FOWNER")


def test_a_mount_that_the_engine_refuses_gives_nothing() -> None:
    def says(given: Collection[str]) -> str:
        if "--tmpfs=/etc/x:mode=1777" in given or "--volume=/etc/x" in given:
            raise Trouble("not a directory")
        return "" if "--volume=/etc" in given else "chown: /etc/x: Read-only file system"

    assert tried(says)[0].needs == ("a writable /etc (a volume that holds what the image has there)",)


def test_an_engine_that_is_gone_ends_the_search() -> None:
    def says(given: Collection[str]) -> str:
        if given:
            raise EngineGone("gone")
        return "touch: /app/x: Read-only file system"

    with pytest.raises(EngineGone):
        tried(says)


def test_what_cannot_be_found_out_is_said() -> None:
    found, _ = tried(lambda _: "starting\nno licence\n")
    assert found == Hardened(False, ("more than could be found out; it says: no licence",))


def test_an_answer_with_another_status_is_not_that_of_a_working_program() -> None:
    found, _ = tried(lambda given: "" if "--tmpfs=/up:mode=1777" in given else "500: open /up/x: read-only file system")
    assert found.needs == ("a writable /up (a tmpfs or a volume)",)


# Messages


@pytest.mark.parametrize(
    ("line", "folders"),
    [
        ("Error: EROFS: read-only file system, open '/app/tmp/pids'", ["/app/tmp"]),
        ("Error: EROFS: read-only file system, mkdir '/app/tmp/pids'", ["/app/tmp/pids", "/app/tmp"]),
        ("OSError: [Errno 30] Read-only file system: '/data/app.db'", ["/data"]),
        ("OSError: [Errno 30] Read-only file system: 'app.db'", ["/app"]),
        ('mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)', ["/var/cache/nginx/client_temp"]),
        ("/entrypoint.sh: 3: cannot create /etc/app/x.conf: Read-only file system", ["/etc/app"]),
        ("/entrypoint.sh: line 3: /etc/app/x.conf: Read-only file system", ["/etc/app"]),
        ("touch: /run/x/y: Read-only file system", ["/run/x"]),
        ("2024/01/02 10:00:00 open /srv/log/a.log: read-only file system", ["/srv/log"]),
        (
            "/usr/lib/fileutils.rb:243:in `mkdir': Read-only file system @ dir_s_mkdir - /app/tmp/pids (Errno::EROFS)",
            ["/app/tmp/pids"],
        ),
        ("java.io.FileNotFoundException: /logs/app.log (Read-only file system)", ["/logs"]),
        ("\x1b[31merror\x1b[0m open /cache/x: read-only file system", ["/cache"]),
        ("open /x: read-only file system", []),
        ("something about a read-only file system", []),
    ],
)
def test_messages_about_files(line: str, folders: list[str]) -> None:
    found = [need.words[0] for each in complaints(line, "/app") for need in each.needs]
    expected = [word for folder in folders for word in (f"--tmpfs={folder}:mode=1777", f"--volume={folder}")]
    assert found[: len(expected) or None] == expected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", ["NET_BIND_SERVICE"]),
        ("Error: listen EACCES: permission denied 0.0.0.0:80", ["NET_BIND_SERVICE"]),
        ("listen tcp :80: bind: permission denied", ["NET_BIND_SERVICE"]),
        ("httpd: bind: Permission denied", ["NET_BIND_SERVICE"]),
        (
            "(13)Permission denied: AH00072: make_sock: could not bind to address [::]:80",
            ["NET_BIND_SERVICE"],
        ),
        ('error: failed switching to "app": operation not permitted', ["SETUID", "SETGID"]),
        ("su-exec: setgroups: Operation not permitted", ["SETUID", "SETGID"]),
        ("nginx: [emerg] setgid(101) failed (1: Operation not permitted)", ["SETUID", "SETGID"]),
        ("setpriv: setresuid failed: Operation not permitted", ["SETUID", "SETGID"]),
        ("chown: changing ownership of '/data': Operation not permitted", ["CHOWN"]),
        ('chown("/var/cache/nginx/client_temp", 101) failed (1: Operation not permitted)', ["CHOWN"]),
        ("PermissionError: [Errno 1] Operation not permitted: chown '/data'", ["CHOWN"]),
        ("chmod: changing permissions of '/x': Operation not permitted", ["FOWNER"]),
        ("chroot: cannot change root directory to '/x': Operation not permitted", ["SYS_CHROOT"]),
        ("ping: socket: Operation not permitted", ["NET_RAW"]),
        ("sh: can't kill pid 12: Operation not permitted", ["KILL"]),
        ("exec /usr/bin/caddy: operation not permitted", ["NET_BIND_SERVICE"]),
        ("cat: /root/x: Permission denied", ["DAC_OVERRIDE"]),
    ],
)
def test_messages_about_forbidden_acts(line: str, words: list[str]) -> None:
    (found,) = complaints(line, "/")
    assert [need.words for need in found.needs] == [tuple(f"--cap-add={name}" for name in words)]


def test_a_program_that_gains_privileges() -> None:
    line = 'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.'
    (found,) = complaints(line, "/")
    assert found.needs[0].words[-1] == "--security-opt=no-new-privileges=false"


def test_a_complaint_counts_once() -> None:
    assert len(list(complaints("open /a/x: read-only file system\n" * 3, "/"))) == 1
