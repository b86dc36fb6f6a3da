"""Tests of the engines as they are: built, run, asked, stopped, killed, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import pytest

from rewriter.verify.engine import Ability, Build, Container, Engine, Launch, Recipe
from rewriter.verify.engines import docker, find, processes
from rewriter.verify.engines.base import CommandLine
from rewriter.verify.trouble import (
    BuildFailed,
    DiskFull,
    EngineGone,
    NoEngine,
    OutOfTime,
    Trouble,
    Unreachable,
)

from .interrupts import heed

pytestmark = pytest.mark.engine
NAMES = ("docker", "podman", "buildah")
# A server that says where it runs, and that ends on SIGTERM.
SERVER = """\
FROM busybox
WORKDIR /srv
COPY page.html index.html
RUN echo built > /srv/built && mkdir -p /data && chown 1000 /data
ENV GREETING="good day"
LABEL about="a server"
EXPOSE 8000
VOLUME /data
HEALTHCHECK CMD test -e /srv/built
SHELL ["/bin/sh", "-ec"]
ONBUILD RUN true
STOPSIGNAL SIGTERM
USER 1000:1000
CMD ["sh", "-c", "trap 'exit 3' TERM; httpd -p 8000 -h /srv; echo serving on $(hostname); while :; do sleep 0.1; done"]
"""


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def shared(name: str) -> Iterator[CommandLine]:
    """An engine that the tests share which break nothing."""
    with _engine(name) as engine:
        yield engine


@pytest.fixture
def engine(name: str) -> Iterator[CommandLine]:
    """An engine of the test's own."""
    with _engine(name) as engine:
        yield engine


@contextmanager
def _engine(name: str, timeout: float = 120) -> Iterator[CommandLine]:
    try:
        engine = find(name, timeout=timeout)
    except NoEngine as error:
        pytest.skip(str(error))
    assert isinstance(engine, CommandLine)
    try:
        yield engine
    finally:
        engine.clean()
        assert engine.left == ()
        assert _things_of(engine) == []


def _things_of(engine: CommandLine) -> list[str]:
    """Whatever of the engine object there is: containers, tags, volumes, containers of builds, folders."""
    found = list(Path("/var/tmp").glob(f"{engine.tag('')[:-1]}-*"))
    lists = [("ps", "--all", "--format={{.Names}} {{.Image}}"), ("image", "ls", "--format={{.Repository}}:{{.Tag}}")]
    listed = [engine.client.ask(*words) for words in lists]
    listed += [path.read_text() for path in _build_containers(engine)]
    prefix = engine.tag("")[:-1]
    return [str(path) for path in found] + [line for text in listed for line in text.splitlines() if prefix in line]


def _build_containers(engine: CommandLine) -> Iterator[Path]:
    """The files in which buildah says what it builds."""
    if engine.client.program == "podman":
        root = Path(engine.client.ask("info", "--format={{.Store.GraphRoot}}"))
        yield from root.glob("*-containers/*/userdata/buildah.json")


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    (folder / "page.html").write_text("the page")
    (folder / "unwanted").write_text("x")
    return folder


@pytest.fixture(scope="module")
def dockerfiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dockerfiles")


def _recipe(engine: Engine, folder: Path, context: Path, text: str, *, fresh: bool = False) -> Recipe:
    """The Dockerfile `text` outside of its context."""
    name = f"t{uuid4().hex[:8]}"
    path = folder / f"{name}.Dockerfile"
    path.write_text(text)
    return Recipe(path, context, engine.tag(name), fresh=fresh)


@pytest.fixture(scope="module")
def server(shared: CommandLine, dockerfiles: Path, context: Path) -> tuple[str, Build, Build]:
    """The tag of the server, and what its first and its second build said."""
    recipe = _recipe(shared, dockerfiles, context, SERVER, fresh=True)
    cold = shared.build(recipe)
    return recipe.tag, cold, shared.build(Recipe(recipe.dockerfile, context, recipe.tag))


def test_the_name_has_the_version(name: str, shared: CommandLine) -> None:
    assert re.fullmatch(rf"{name} \d+(\.\d+)+", shared.name)
    assert shared.key.startswith(shared.name)
    assert shared.runs


def test_what_it_can(name: str, shared: CommandLine) -> None:
    assert shared.can(Ability.RUN_MOUNT)
    assert shared.can(Ability.HEREDOC) == (name == "docker")


def test_which_bases_it_has(shared: CommandLine) -> None:
    there, missing = shared.base_ids(["busybox", "no-such-image:1"])
    assert re.fullmatch(r"(sha256:)?[0-9a-f]{64}", there)
    assert missing == ""


def test_a_build_and_the_same_again(name: str, server: tuple[str, Build, Build]) -> None:
    _, cold, again = server
    runs = [step for step in cold.steps if "RUN echo" in step.name]
    assert len(runs) == 1
    assert not any(step.cached for step in runs)
    assert all(step.cached for step in again.steps)
    assert cold.seconds >= cold.fetching
    assert (runs[0].seconds is not None) == (name == "docker")


def test_a_cache_of_one_among_several(engine: CommandLine, tmp_path: Path, context: Path) -> None:
    texts = [f"FROM busybox\nWORKDIR /srv\nRUN echo {word}\n" for word in ("one", "two")]
    recipes = [_recipe(engine, tmp_path, context, text, fresh=True) for text in texts]
    for recipe in recipes:
        time.sleep(6)  # a cache that is only seconds older is not told apart
        engine.build(recipe)
    for recipe in recipes:
        again = engine.build(Recipe(recipe.dockerfile, context, recipe.tag))
        assert all(step.cached for step in again.steps), again


def test_an_image(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    image = shared.image(server[0])
    assert image.size == sum(layer.size for layer in image.layers)
    assert image.layers[-1].step == "RUN echo built > /srv/built && mkdir -p /data && chown 1000 /data"
    assert re.match("COPY .*index.html", image.layers[-2].step)
    settings = image.settings
    assert settings.user == "1000:1000"
    assert settings.workdir == "/srv"
    assert settings.env["GREETING"] == "good day"
    assert settings.labels["about"] == "a server"
    assert settings.ports == {"8000/tcp"}
    assert settings.volumes == {"/data"}
    assert settings.healthcheck == ("CMD-SHELL", "test -e /srv/built")
    assert settings.shell == ("/bin/sh", "-ec")
    assert settings.onbuild == ("RUN true",)
    assert settings.stopsignal == "SIGTERM"
    assert settings.cmd[:2] == ("sh", "-c")
    assert settings.entrypoint == ()


def test_the_files_of_an_image(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    with shared.files(server[0]) as archive:
        found = {member.name: (member.uid, member.isdir()) for member in archive}
    assert found["srv/index.html"] == (0, False)
    assert found["data"] == (1000, True)
    assert "." not in found


def test_a_part_of_the_files(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    with shared.files(server[0]) as archive:
        assert archive.next() is not None
    with pytest.raises(Trouble), shared.files("no-such-image:1") as archive:
        pass


def test_an_ignore_file_beside_the_dockerfile(engine: CommandLine, tmp_path: Path, context: Path) -> None:
    recipe = _recipe(engine, tmp_path, context, "FROM scratch\nCOPY . /all/\n")
    Path(f"{recipe.dockerfile}.dockerignore").write_text("unwanted\n")
    engine.build(recipe)
    with engine.files(recipe.tag) as archive:
        names = {member.name for member in archive if member.isfile()}
    assert "all/page.html" in names
    assert "all/unwanted" not in names


def test_a_server(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    with shared.start(server[0], Launch(ports=(8000,))) as container:
        assert _answer(container) == b"the page"
        state = container.state()
        assert (state.running, state.exit_code) == (True, None)
        assert state.said == "serving on dockerslim\n"
        assert container.uid() == 1000
        done = container.run(["cat", "/srv/built"], timeout=20)
        assert (done.exit_code, done.out, done.err) == (0, b"built\n", b"")
        assert container.run(["sh", "-c", "exit 7"], timeout=20).exit_code == 7
        assert container.run(["no-such-program"], timeout=20).exit_code in (126, 127)
        assert container.run(["sleep", "100"], timeout=0.5).exit_code == 124
        took = container.stop("SIGTERM", timeout=20)
        assert took is not None
        assert took < 20
        assert (container.state().running, container.state().exit_code) == (False, 3)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(container.address(8000), timeout=1)


def _answer(container: Container) -> bytes:
    host, port = container.address(8000)
    for _ in range(100):
        with suppress(OSError), urlopen(f"http://{host}:{port}/", timeout=5) as found:
            return bytes(found.read())
        time.sleep(0.1)
    raise AssertionError(container.state().said)


def test_a_program_that_does_not_stop(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    with shared.start(server[0], Launch(command=("sh", "-c", "trap '' TERM; while :; do sleep 1; done"))) as container:
        assert container.stop("SIGTERM", timeout=0.5) is None
        assert container.state().exit_code == 137


def test_a_program_that_ends_by_itself(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    with shared.start(server[0], Launch(ports=(8000,), command=("sh", "-c", "echo no; exit 4"))) as container:
        for _ in range(100):
            if not container.state().running:
                break
            time.sleep(0.1)
        state = container.state()
        assert (state.running, state.exit_code, state.said) == (False, 4, "no\n")
        assert container.uid() is None
        assert container.stop("SIGTERM", timeout=20) is not None
        assert container.address(8000)[1] == 0


def test_a_program_that_is_not_there(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    with shared.start(server[0], Launch(entrypoint="/no-such-program", ports=(8000,))) as container:
        state = container.state()
        assert (state.running, state.exit_code) == (False, 127)
        assert "/no-such-program" in state.said
        assert container.uid() is None


def test_a_run_to_the_end(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    launch = Launch(entrypoint="sh", command=("-c", "echo $GREETING; echo oops >&2; hostname; exit 5"))
    done = shared.run(server[0], launch, timeout=60)
    assert (done.exit_code, done.out, done.err) == (5, b"good day\ndockerslim\n", b"oops\n")
    assert _containers(shared) == []


def test_a_run_that_does_not_end(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    assert shared.run(server[0], Launch(command=("sleep", "100")), timeout=2).exit_code == 124
    assert _containers(shared) == []


def test_a_run_of_nothing(shared: CommandLine) -> None:
    with pytest.raises(Trouble):
        shared.run(shared.tag("not-built"), Launch(extra=("--pull=never",)), timeout=60)


def _containers(engine: CommandLine) -> list[str]:
    listed = engine.client.ask("ps", "--all", "--format={{.Names}}")
    return [name for name in listed.split() if name.startswith(engine.tag("")[:-1])]


def test_a_hardened_run(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    script = "touch /x; touch /etc/x; touch /tmp/x && echo /tmp; grep -E 'CapBnd|NoNewPrivs' /proc/self/status"
    launch = Launch(command=("sh", "-c", script), hardened=True, extra=("--user=0",))
    done = shared.run(server[0], launch, timeout=60)
    assert done.out.decode().split() == ["/tmp", "CapBnd:", "0000000000000000", "NoNewPrivs:", "1"]
    assert done.err.count(b"Read-only file system") == 2


def test_the_network_of_the_host(shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    port = _free_port()
    command = ("sh", "-c", f"httpd -p {port} -h /srv; sleep 100")
    launch = Launch(ports=(port,), command=command, extra=("--network", "host"))
    with shared.start(server[0], launch) as container:
        assert container.address(port) == ("127.0.0.1", port)
        for _ in range(100):
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/", timeout=5) as found:
                assert found.read() == b"the page"
                break
            time.sleep(0.1)
        else:
            raise AssertionError(container.state().said)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("extra", ["--publish=127.0.0.1:{port}:8000", "--network=host"])
def test_a_port_that_is_taken(extra: str, shared: CommandLine, server: tuple[str, Build, Build]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        launch = Launch(ports=(port,), extra=(extra.format(port=port),))
        with pytest.raises(Trouble, match=f"Port {port} is taken"), shared.start(server[0], launch):
            pass
    assert _containers(shared) == []


def test_a_step_that_fails(name: str, shared: CommandLine, dockerfiles: Path, context: Path) -> None:
    text = "FROM busybox\n\nRUN echo one; \\\n    echo two >&2; \\\n    exit 3\n"
    with pytest.raises(BuildFailed) as caught:
        shared.build(_recipe(shared, dockerfiles, context, text))
    error = caught.value
    assert re.fullmatch("RUN echo one; +echo two >&2; +exit 3", error.step)
    assert error.line == (3 if name == "docker" else None)
    assert {"one", "two"} <= set(error.message.splitlines())


def test_words_that_the_engine_does_not_know(shared: CommandLine, dockerfiles: Path, context: Path) -> None:
    recipe = _recipe(shared, dockerfiles, context, "FROM busybox\n")
    with pytest.raises(Trouble, match="no-such-flag"):
        shared.build(Recipe(recipe.dockerfile, context, recipe.tag, extra=("--no-such-flag",)))


def test_arguments(shared: CommandLine, dockerfiles: Path, context: Path) -> None:
    recipe = _recipe(shared, dockerfiles, context, "FROM busybox\nARG A\nLABEL a=$A\n")
    shared.build(Recipe(recipe.dockerfile, context, recipe.tag, arguments=("A=x y",)))
    assert shared.image(recipe.tag).settings.labels["a"] == "x y"


def test_a_registry_that_does_not_answer(tmp_path: Path, context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(processes, "sleep", waited.append)
    # podman asks for seconds before it says so
    with _engine("docker") as engine, pytest.raises(Unreachable, match="refused"):
        engine.build(_recipe(engine, tmp_path, context, f"FROM 127.0.0.1:{_free_port()}/nothing\nRUN true\n"))
    assert tuple(waited) == processes.PAUSES


def test_a_disk_that_is_full(shared: CommandLine, dockerfiles: Path, context: Path) -> None:
    text = "FROM busybox\nRUN cat /proc/self/mounts && dd if=/dev/zero of=/dev/shm/x bs=1M count=3\n"
    recipe = _recipe(shared, dockerfiles, context, text)
    with pytest.raises(DiskFull, match="No space left on device"):
        shared.build(Recipe(recipe.dockerfile, context, recipe.tag, extra=("--shm-size=1m",)))


# What the programs of a build have in their command lines, to find them among all of this machine.
def _endless(mark: str) -> str:
    return f"FROM busybox\nRUN : {mark}; echo begun; sleep 300; :\n"


def _programs(mark: str) -> list[str]:
    """The processes of the mark's build that are left after some seconds."""
    for _ in range(100):
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if mark.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                    found.append(path.read_bytes().decode())
        if not found:
            break
        time.sleep(0.1)
    return found


def _begun(line: str) -> bool:
    return line.endswith("begun")


def test_a_build_that_takes_too_long(name: str, tmp_path: Path, context: Path) -> None:
    mark = uuid4().hex
    with _engine(name, timeout=5) as engine:
        begun: list[str] = []
        engine.heard = begun.append
        with pytest.raises(OutOfTime, match="5 s"):
            engine.build(_recipe(engine, tmp_path, context, _endless(mark)))
        assert any(map(_begun, begun))
    assert _programs(mark) == []


def test_a_client_that_is_killed(engine: CommandLine, name: str, tmp_path: Path, context: Path) -> None:
    def kill(line: str) -> None:
        if _begun(line):
            for client in _clients(name):
                os.kill(client, signal.SIGKILL)

    mark = uuid4().hex
    engine.heard = kill
    with pytest.raises(Trouble, match="signal 9"):
        engine.build(_recipe(engine, tmp_path, context, _endless(mark)))
    engine.clean()
    assert _programs(mark) == []


def _clients(name: str) -> list[int]:
    """The clients that this process has started."""
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return [int(child) for child in children if Path(f"/proc/{child}/comm").read_text().strip() == name]


def test_a_container_that_is_killed(engine: CommandLine, tmp_path: Path, context: Path) -> None:
    recipe = _recipe(engine, tmp_path, context, SERVER)
    engine.build(recipe)
    with engine.start(recipe.tag, Launch(ports=(8000,))) as container:
        engine.client.ask("kill", "--signal", "SIGKILL", *_containers(engine))
        assert container.stop("SIGTERM", timeout=20) is not None
        assert container.state().exit_code == 137
        engine.client.ask("rm", "--force", *_containers(engine))
        with pytest.raises(Trouble):
            container.state()


def test_what_was_never_ended_is_removed(engine: CommandLine, tmp_path: Path, context: Path) -> None:
    recipe = _recipe(engine, tmp_path, context, f"{SERVER}LABEL once={uuid4().hex}\n")  # no other tag has this image
    engine.build(recipe)
    started = engine.start(recipe.tag, Launch())  # held: it would be left behind its block otherwise
    started.__enter__()
    volumes = engine.client.ask("inspect", "--format={{json .Mounts}}", *_containers(engine))
    (volume,) = json.loads(volumes)
    images = engine.client.ask("image", "ls", "--all", "--quiet", "--no-trunc")
    engine.clean()
    assert _containers(engine) == []
    assert volume["Name"] not in engine.client.ask("volume", "ls", "--quiet").split()
    assert set(engine.client.ask("image", "ls", "--all", "--quiet", "--no-trunc").split()) < set(images.split())


SCRIPT = """
import sys
from pathlib import Path
from rewriter.verify.engine import Recipe
from rewriter.verify.engines import find

engine = find(sys.argv[1], timeout=120)
engine.heard = lambda line: print(line, flush=True)
try:
    engine.build(Recipe(Path(sys.argv[2]), Path(sys.argv[3]), engine.tag("x")))
except KeyboardInterrupt:
    print("interrupted")
finally:
    engine.clean()
    print(engine.tag(""), engine.left)
"""


def test_an_interrupt(engine: CommandLine, name: str, tmp_path: Path, context: Path) -> None:
    mark = uuid4().hex
    recipe = _recipe(engine, tmp_path, context, _endless(mark))
    command = [sys.executable, "-c", SCRIPT, name, str(recipe.dockerfile), str(context)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if _begun(line.rstrip()):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
    *_, interrupted, last = rest.splitlines()
    prefix, left = last.split(": ")
    assert (interrupted, left) == ("interrupted", "()")
    assert _programs(mark) == []
    assert not any(prefix in path.read_text() for path in _build_containers(engine))
    assert not list(Path("/var/tmp").glob(f"{prefix}*"))


class _Proxy:
    """A socket that leads to the engine until it is closed."""

    def __init__(self, path: Path, real: str) -> None:
        self._real = real
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                here, there = self._listener.accept()[0], socket.socket(socket.AF_UNIX)
                there.connect(self._real)
                self._open += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def test_an_engine_that_goes_away(tmp_path: Path, context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        endpoint = docker.find(builder=None, timeout=60).client.ask(
            "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"
        )
    except NoEngine as error:
        pytest.skip(str(error))
    real = endpoint.removeprefix("unix://")
    proxy = _Proxy(tmp_path / "proxy.sock", real)
    mark = uuid4().hex
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{tmp_path}/proxy.sock")
        engine = docker.find(builder=None, timeout=60)
        engine.build(_recipe(engine, tmp_path, context, SERVER))
        engine.heard = lambda line: proxy.close() if _begun(line) else None
        with pytest.raises(EngineGone, match="Start it"):
            engine.build(_recipe(engine, tmp_path, context, _endless(mark)))
        with pytest.raises(EngineGone):
            engine.image(engine.tag("x"))
        with pytest.raises(NoEngine, match="Start it"):
            find("docker", timeout=60)
        engine.clean()
        (command,) = engine.left
    # What the user is told to do once the engine is there again.
    assert _images(engine) != []
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert _images(engine) == []
    engine.clean()
    assert engine.left == ()
    assert _programs(mark) == []


def _images(engine: CommandLine) -> Sequence[str]:
    return engine.client.ask("image", "ls", "--quiet", "--filter", f"reference={engine.tag('')[:-1]}").split()


def test_the_first_that_answers(monkeypatch: pytest.MonkeyPatch, shared: CommandLine) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no-such.sock")
    assert find(None, timeout=60).name.split()[0] != "docker"
    with pytest.raises(NoEngine, match=r"^docker: the engine does not answer\. Start it"):
        find("docker", timeout=60)


def test_a_builder_that_is_not_there() -> None:
    with pytest.raises(NoEngine, match="no-such-builder"):
        find("docker", builder="no-such-builder", timeout=60)


def test_a_builder_by_its_name(tmp_path: Path, context: Path) -> None:
    try:
        engine = find("docker", builder="default", timeout=60)
    except NoEngine as error:
        pytest.skip(str(error))
    recipe = _recipe(engine, tmp_path, context, "FROM busybox\nRUN true\n")
    try:
        engine.build(recipe)
        assert engine.image(recipe.tag).layers[-1].step == "RUN true"
    finally:
        engine.clean()
    assert engine.left == ()
