"""What single instructions read and write, and which two may change places: tables of cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter import effects
from rewriter.effects import Effect
from rewriter.facts import Facts
from rewriter.project.context import Project
from rewriter.result import Options
from rewriter.source import Source
from rewriter.syntax.reader import read
from rewriter.syntax.vocabulary import calls


def facts(*lines: str, base: str = "debian:bookworm", root: Path | None = None) -> Facts:
    return Facts(read(Source("\n".join([f"FROM {base}", *lines, ""]))), Options(), Project(root))


def of(*lines: str, base: str = "debian:bookworm", root: Path | None = None) -> Effect:
    """The effect of the last of `lines`."""
    found = facts(*lines, base=base, root=root)
    return effects.of(found, found.images[-1].stage.body[-1])


def conflict(*lines: str, base: str = "debian:bookworm", root: Path | None = None) -> str | None:
    """What stands between the last two of `lines`."""
    found = facts(*lines, base=base, root=root)
    return effects.conflict(found, *found.images[-1].stage.body[-2:])


def top(paths: frozenset[str]) -> frozenset[str]:
    """The same without what lies below `/`, where that is among them."""
    return frozenset("/") if "/" in paths else paths


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("a.txt", "b.txt", "src/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("script", "reads", "writes"),
    [
        ("echo x > /a/b", "", "/a/b"),
        ("echo x >> c", "", "/w/c"),
        ("cat /a /b/*.txt > /dev/null", "/a /b", ""),
        ("cat < /a | tee -a /b", "/a", "/b"),
        ("cp /a /b/c", "/a", "/b/c"),
        ("cp /a /b /c/", "/a /b", "/c/a /c/b"),
        ("cp -r /a /c/", "/a", "/c"),
        ("cp -t /c /a", "/a", "/c/a"),
        ("mv /a /b", "/a", "/a /b"),
        ("install -m 755 a /usr/bin/", "/w/a", "/usr/bin/a"),
        ("rm -rf /tmp/* /var/lib/apt/lists/*", "", "/tmp /var/lib/apt/lists"),
        ("rm -f /lib/x /bin/y /var/run/z", "", "/usr/lib/x /usr/bin/y /run/z"),
        ("cd /a && rm b", "", "/a/b"),
        ("cd a && cd .. && touch b", "", "/w/b"),
        ("(cd /a && touch b); touch c", "", "/a/b /w/c"),
        ("cd /a || cd /b; touch c", "", "/"),
        ("D=/a && touch $D/b ${D}/c", "", "/a/b /a/c"),
        ("touch $HOME/x ~/y", "", "/root/x /root/y"),
        ("touch $UNSET", "", "/"),
        ("touch /a/$UNSET/b", "", "/a"),
        ("touch /a/$UNSET/../../b", "", "/"),
        ("touch /a/b/../c", "", "/"),
        ("touch ../c", "", "/c"),
        ("for f in x y; do touch /a/$f; done", "", "/a/x /a/y"),
        ("for f in /a/*; do touch $f; done", "", "/a"),
        ("for f in $(cat /a); do touch $f; done", "/a", "/"),
        ("cd /a; touch b; cd c; touch d", "", "/"),
        ("set -e; cd /a; touch b", "", "/a/b"),
        ("cd /a && touch b; touch c", "", "/a/b /a/c /w/c"),
        ("for d in a b; do cd $d; touch x; done", "", "/"),
        ("if [ -f /a ]; then touch /b; fi", "/a", "/b"),
        ("test -e /a && touch /b", "/a", "/b"),
        ("[[ ! -d /a ]] || touch /b", "/a", "/b"),
        ('X="$(cat /a)"; echo $X > /b', "/a", "/b"),
        ("echo `cat /a`", "/a", ""),
        ("echo $( [ -e /a ] && for f in b; do cat /$f; done )", "/a /b", ""),
        ("sed -i 's/a/b/' /a", "", "/a"),
        ("sed 's/a/b/;/x/d' /a > /b", "/a", "/b"),
        ("find /a -name x -delete", "/a", "/a"),
        ("find /a -type f -exec chmod 644 {} +", "/a", "/a"),
        ("grep -r x /a", "/a", ""),
        ("ln -s /a /b", "", "/b"),
        ("ln -s /a /b && touch /b/c", "", "/b /b/c /a/c"),
        ("tar xzf /a.tgz -C /b", "/a.tgz /etc/passwd /etc/group", "/b"),
        ("tar -C /b -xf /a.tgz --no-same-owner", "/a.tgz", "/b"),
        ("tar cf /a.tar -C /b .", "/b /etc/passwd /etc/group", "/a.tar"),
        ("chown -R app /a", "/etc/passwd /etc/group", "/a"),
        ("chown -R 1:1 /a", "", "/a"),
        ("sort -o /a /b", "/b", "/a"),
        ("gzip /a/b", "", "/a"),
    ],
)  # fmt: skip
def test_files_of_a_script(script: str, reads: str, writes: str) -> None:
    effect = of("WORKDIR /w", f"RUN {script}")
    assert effect.unknown == ""
    assert top(effect.reads) == set(reads.split())
    assert top(effect.writes) == set(writes.split())


@pytest.mark.parametrize(
    "script",
    [
        "make", "./configure", "/opt/x.sh", "sh -c 'touch x'", "bash x.sh", "eval x", ". /etc/profile", "source x",
        "f() { rm x; }; f", "$CMD x", "cp --frobnicate a b", "cp -Q a b", "tar -cf a --to-command=x b", "sed '1w /x' a",
        "sed '1e date' a", "awk '{ print > \"/x\" }' a", "awk '{ system(\"x\") }' a", "find / -exec sh {} +",
        "find . -fprint /x", "ln a b", "cp -l a b", "echo x | xargs rm", "sudo -u app touch x", "python -c 1",
        "echo \"$(make)\"", "diff <(make) x", "tar -x -C a -C b -f c", "git checkout x", "npm run build",
        "apt-get install -o Dir=/x y", "curl file:///etc/passwd -o x", "env", "set", "export",
        "curl -d @/x https://h", "unzip -: x", "apt-get moo",
    ],
)  # fmt: skip
def test_what_is_not_known_reads_and_writes_everything(script: str) -> None:
    effect = of(f"RUN {script}")
    assert effect.unknown or effect.asks >= {"**"}
    assert effect.asks >= {"**"} or (effect.reads == {"/"} and effect.writes == {"/"})
    assert conflict("ENV GIT_SHA=x", f"RUN {script}")


@pytest.mark.parametrize(
    ("instruction", "writes", "makes"),
    [
        ("COPY a.txt /x/", "/x/a.txt", "/x"),
        ("COPY a.txt b.txt /x", "/x/a.txt /x/b.txt", "/x"),
        ("COPY a.txt /x", "/x", "/"),
        ("COPY a.txt .", "/w/a.txt", "/w"),
        ("COPY a.txt ./y.txt", "/w/y.txt", "/w"),
        ("COPY src /x/", "/x", "/"),
        ("COPY . .", "/w", "/"),
        ("COPY *.txt /x/", "/x", "/"),
        ("COPY a.txt /bin/", "/usr/bin/a.txt", "/usr/bin"),
        ("COPY --from=build /out/a.txt /x/", "/x", "/"),
        ("COPY a.txt $UNKNOWN/", "/", None),
        ("COPY a.txt /x/$UNKNOWN/", "/x", None),
        ("ADD a.txt /x/", "/x", "/"),
        ("ADD https://h/a.tgz /x/", "/x", "/"),
        ('COPY ["a.txt", "/x y/"]', "/x y/a.txt", "/x y"),
        ("COPY <<EOF /x/\nz\nEOF", "/x/EOF", "/x"),
    ],
)
def test_files_of_a_copy(instruction: str, writes: str, makes: str | None, project: Path) -> None:
    effect = of("ARG UNKNOWN", "WORKDIR /w", instruction, root=project)
    assert effect.unknown == ""
    assert effect.writes == ({"/x y/a.txt"} if "x y" in writes else set(writes.split()))
    assert {path for path, _ in effect.makes} == (set() if makes is None else {makes})


COMMUTE = [
    "COPY a.txt /x/ | COPY b.txt /x/",
    "COPY a.txt /x/ | COPY src /x/src",
    "COPY . /app | RUN apt-get update && apt-get install -y curl",
    "COPY . /app | RUN pip install flask",
    "COPY . /opt/app | RUN apt-get install -y gcc",
    "COPY a.txt /tmp/ | RUN apt-get install -y gcc",
    "COPY . /var/www/html | RUN apt-get install -y libpng-dev unzip",
    "COPY . /usr/src/app | RUN apt-get install -y gcc",
    "COPY . /app | RUN useradd -m x",
    "COPY . /app | RUN mkdir -p /data",
    "COPY a.txt /x/ | RUN mkdir -p /x/y",
    "COPY a.txt /x/ | WORKDIR /x",
    "COPY a.txt /x/ | USER app",
    "COPY . /app | ENV FOO=1",
    "RUN mkdir -p /x/y | RUN mkdir -p /x/z",
    "RUN mkdir /x | RUN touch /y",
    "RUN echo a > /x | RUN echo b > /y",
    "RUN cat /x | RUN cat /x > /y",
    "RUN chown 1:1 /opt | COPY a.txt /opt/x/",
    "ARG GIT_SHA | RUN apt-get update && apt-get install -y curl",
    "ARG BUILD_DATE | RUN mkdir /x",
    "ARG FOO | RUN mkdir /x",
    "ENV FOO=1 | RUN mkdir /x",
    "LABEL a=b | RUN make",
    "LABEL a=b | LABEL c=d",
    "EXPOSE 80 | RUN make",
    'CMD ["x"] | RUN make',
    "CMD x | ENTRYPOINT y",
    "STOPSIGNAL 9 | VOLUME /x",
    "RUN groupadd x | RUN pip install flask",
    "RUN curl -fsSL https://h/x -o /opt/x | RUN useradd y",
]
CONFLICT = [
    "COPY . /app | COPY a.txt /app/",
    "COPY a.txt /x | WORKDIR /x",
    "COPY a.txt /x | RUN mkdir -p /x",
    "COPY a.txt /x/ | RUN mkdir -m 700 /x",
    "COPY --chown=1:1 a.txt /x/ | RUN mkdir -p /x/y",
    "COPY --chown=app a.txt /x/ | RUN useradd app",
    "COPY a.txt /x/ | RUN ls /x",
    "COPY a.txt /x/ | RUN touch /x/y",
    "COPY a.txt /x/ | RUN cd /x && ls",
    "COPY a.txt /x/ | RUN test -e /x",
    "COPY a.txt /x/ | RUN rm -rf /x",
    "COPY a.txt /x/ | RUN chown 1:1 /x",
    "COPY a.txt x/ | WORKDIR /y",
    "COPY a.txt $FOO | ENV FOO=/x",
    "COPY a.txt /usr/local/bin/mkdir | RUN mkdir /x",
    "COPY --link a.txt /x/ | RUN mkdir /y",
    "COPY a.txt /etc/skel/ | RUN useradd -m x",
    "COPY a.txt /lib/x | RUN cat /usr/lib/x",
    "COPY a.txt /var/run/x | RUN rm /run/x",
    "COPY . /home/app/src | RUN useradd -m app",
    "COPY a.txt /app/ | RUN make",
    "COPY requirements.txt /app/ | RUN pip install -r /app/requirements.txt",
    "COPY a.txt /etc/apt/sources.list | RUN apt-get update",
    "RUN mkdir -p /x | RUN touch /x/y",
    "RUN mkdir -p /x | RUN mkdir -m 700 /x/y",
    "RUN mkdir -p /x | RUN umask 077; mkdir -p /x/y",
    "RUN mkdir /x/y || true | RUN mkdir -p /x",
    "RUN cp -r /a /b | RUN mkdir -p /b",
    "RUN rm -rf /x | RUN touch /x/y",
    "RUN rm -rf /x/y | RUN mkdir -p /x/y/z",
    "RUN touch /x/y | RUN rm -f /x/*",
    "RUN touch /x/y | RUN ls /x > /z",
    "RUN chmod 700 /opt | RUN cp -a /opt /y",
    "RUN chmod 700 /opt | RUN chown 1:1 /opt",
    "RUN chmod 2755 /opt | RUN touch /opt/x",
    "RUN echo a >> /x | RUN echo b >> /x",
    "COPY . /var/www/html | RUN apt-get install -y php",
    "COPY . /var/www/html | RUN apt-get install -y $PACKAGES",
    "COPY . /opt/app | RUN apt-get install -y ./x.deb",
    "COPY . /opt/app | RUN echo 'deb https://h/ x main' > /etc/apt/sources.list.d/x.list && apt-get install -y x",
    "RUN useradd a | RUN useradd b",
    "RUN useradd a | RUN groupadd b",
    "RUN useradd a | RUN chown a /x",
    "RUN useradd a | RUN apt-get install -y x",
    "RUN useradd a | RUN cat /etc/passwd",
    "RUN apt-get install -y a | RUN apt-get install -y b",
    "RUN apt-get install -y a | RUN pip install b",
    "RUN apt-get install -y curl | RUN curl -o /x https://h",
    "RUN apt-get install -y unzip | RUN unzip -q a.zip -d /x",
    "RUN apt-get update | RUN rm -rf /var/lib/apt/lists/*",
    "RUN pip install a | RUN pip install b",
    "RUN chmod 1777 /tmp | RUN apt-get update",
    "RUN ldconfig | COPY a.txt /app/lib/",
    "RUN npm ci | RUN npm install -g x",
    "RUN npm ci | COPY a.txt /x/",
    "RUN cd /app && npm ci | COPY a.txt /x/",
    "RUN ldconfig | RUN touch /usr/local/lib/x",
    "ARG FOO | RUN apt-get update",
    "ARG FOO | RUN echo $FOO",
    "ARG FOO | RUN make",
    "ARG GIT_SHA | RUN echo $GIT_SHA",
    "ARG GIT_SHA | RUN echo GIT_SHA | sh",
    "ARG GIT_SHA | RUN make",
    "ARG GIT_SHA | LABEL x=$GIT_SHA",
    "ARG BUILD_NUMBER | RUN npm ci",
    "ARG VERSION | RUN apt-get update",
    "ARG CACHEBUST | RUN apt-get update",
    "ARG HTTP_PROXY | RUN mkdir /x",
    "ARG SOURCE_DATE_EPOCH | RUN mkdir /x",
    "ARG TARGETARCH | RUN mkdir /x",
    "ENV PATH=/x:$PATH | RUN mkdir /x",
    "ENV LC_ALL=C | RUN sort -o /x /x",
    "ENV A=1 | ENV A=2",
    "ENV A=1 | ENV B=$A",
    "ENV A=1 | ARG A",
    "USER app | RUN touch /x",
    "USER app | WORKDIR /x",
    'SHELL ["bash", "-c"] | RUN true',
    'SHELL ["bash", "-c"] | CMD x',
    "WORKDIR /x | RUN true",
    "WORKDIR /x | WORKDIR y",
    "LABEL a=b | LABEL a=c",
    "CMD x | CMD y",
    "ONBUILD RUN x | ONBUILD RUN y",
    "VOLUME /x | RUN mkdir /y",
    "VOLUME /x | COPY a.txt /y/",
    "RUN make | RUN cat /x",
    "RUN ln -s /a /x || true | RUN touch /x/b",
    "RUN --mount=type=bind,target=/x true | RUN mkdir -p /x",
]


@pytest.mark.parametrize("pair", COMMUTE)
def test_steps_that_may_change_places(pair: str, project: Path) -> None:
    first, second = pair.split(" | ")
    assert conflict(first, second, root=project) is None
    assert conflict(second, first, root=project) is None


@pytest.mark.parametrize("pair", CONFLICT)
def test_steps_that_may_not(pair: str, project: Path) -> None:
    first, _, second = pair.partition(" | ")
    assert conflict(first, second, root=project)
    assert conflict(second, first, root=project)


def test_variables_that_only_some_commands_see() -> None:
    apk, go = "RUN apk add --no-cache curl", "RUN go mod download"
    for name in ("VERSION", "REVISION", "FOO"):
        assert conflict(f"ARG {name}", apk, base="alpine:3.20") is None
        assert conflict(f"ARG {name}", go, base="golang:1.23") is None
    for name in ("https_proxy", "APK_CONFIG"):
        assert conflict(f"ARG {name}", apk, base="alpine:3.20")
    for name in ("https_proxy", "GOPROXY", "GIT_CONFIG_COUNT", "SSH_AUTH_SOCK"):
        assert conflict(f"ARG {name}", go, base="golang:1.23")
    assert conflict("ARG VERSION", "RUN go install ./...", base="golang:1.23")


def test_links_of_earlier_steps_are_followed() -> None:
    assert conflict("RUN ln -s /data /app", "RUN touch /app/x", "RUN cat /data/x > /y")
    assert conflict("RUN ln -s /data /app", "COPY a.txt /app/", "RUN cat /data/x > /y")
    assert conflict("RUN ln -s $X /app", "RUN touch /app/x", "RUN cat /z > /y")
    assert conflict("RUN ln -s /data /app/l", "RUN rm -rf /data/x", "RUN cat /app/*/x > /y")
    assert conflict("RUN ln -s /data /app/l", "RUN touch /other/x || true", "RUN cat /app/*/x > /y") is None


def test_folders_that_exist_before_both_steps_depend_on_nothing(project: Path) -> None:
    lines = ("COPY a.txt /app/", "RUN cd /app && touch /tmp/x")
    assert conflict(*lines, root=project)
    assert conflict("WORKDIR /app", *lines, root=project) is None


def test_what_a_package_manager_reads_of_the_project_its_reader_knows(project: Path) -> None:
    lines = ("WORKDIR /app", "COPY package.json package-lock.json ./", "COPY a.txt /lib2/", "RUN npm ci")
    (project / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {"": {}}}')
    (project / "package.json").write_text("{}")
    assert conflict(*lines, root=project) is None
    (project / "package.json").write_text('{"dependencies": {"lib2": "file:../lib2"}}')
    assert conflict(*lines, root=project)
    (project / "package.json").write_text('{"scripts": {"postinstall": "./anything"}}')
    assert conflict(*lines, root=project)


def test_the_user_owns_the_folders_that_a_step_makes() -> None:
    assert conflict("USER app", "COPY a.txt /x/", "RUN mkdir -p /x/y")
    assert conflict("USER app", "RUN mkdir -p /x/z", "RUN mkdir -p /x/y") is None
    assert conflict("USER app", "RUN chmod 700 /opt", "RUN cat /opt/a/b > /tmp/x")


@pytest.mark.parametrize(
    "setting", ['SHELL ["/bin/bash", "-lc"]', 'SHELL ["bash", "--login", "-c"]', "ENV BASH_ENV=/x"]
)
def test_a_shell_that_reads_profiles_does_anything(setting: str) -> None:
    assert of(setting, "RUN true").unknown


def test_two_stages_have_nothing_to_exchange() -> None:
    found = facts("RUN true", "FROM debian:bookworm", "RUN true")
    first, second = (image.stage.body[0] for image in found.images)
    assert effects.conflict(found, first, second) == "they stand in different stages"


def test_a_prefix_on_the_search_path_is_where_pip_installs() -> None:
    lines = ("RUN pip install x", "COPY a.txt /opt/venv/lib/a.txt")
    assert conflict(*lines) is None
    assert conflict("ENV PATH=/opt/venv/bin:$PATH", *lines)


def test_one_command_alone() -> None:
    found = facts("WORKDIR /w", "RUN cd /x && cp a b > c")
    run = found.runs[0]
    effect = effects.of_call(calls(run.script)[1], "/x", run)
    assert (effect.reads, effect.writes) == ({"/x/a"}, {"/x/b", "/x/c"})
    assert effects.of_call(calls(run.script)[1], None, run).writes == {"/"}


def test_paths_meet_at_above_and_below() -> None:
    assert effects.meets(["/a/b"], ["/a"])
    assert effects.meets(["/a"], ["/a/b", "/c"])
    assert effects.meets(["/lib/x"], ["/usr/lib"])
    assert not effects.meets(["/a/b"], ["/a/bc"])
    assert not effects.meets([], ["/"])
