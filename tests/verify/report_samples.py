"""What a verification may find, for the tests of the reports: a Flask and a Node app, failures, and hostile texts."""

from __future__ import annotations

from dataclasses import replace

from rewriter.verify.engine import Build, Image, Layer, Settings, Step
from rewriter.verify.model import (
    Answer,
    Behaviour,
    Choice,
    Difference,
    FileChanges,
    Gate,
    Group,
    Hardened,
    LeftOut,
    Lost,
    Owners,
    Scan,
    Side,
    Verdict,
    Verification,
    Weight,
)

MB = 1_000_000
# Each of them ends something, starts something, calls somebody or looks like another text.
HOSTILE = (
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "@octocat and #123, GH-7, https://github.com/a/b/issues/1",
    "a|b\\|c `code` ```fence``` **bold** [link](http://evil.example/)",
    "\x1b[31mred\x1b[0m \x07bell \x9b2J \u202eesrever \udcff",
    "{{ 7 * 7 }} {% raw %} ${HOME} %s",
    "</pre></details></style></script>-->]]>",
    "x" * 300,
)


def image(size: int, layers: list[tuple[str, int]], user: str = "", compressed: int | None = None) -> Image:
    settings = Settings(
        user=user,
        workdir="/app",
        env={"PATH": "/opt/venv/bin:/usr/local/bin:/usr/bin:/bin"},
        cmd=("gunicorn", "--bind", "0.0.0.0:8000", "app:app"),
        ports=frozenset(("8000/tcp",)),
        labels={"org.opencontainers.image.title": "shop"},
    )
    found = tuple(Layer(step, bytes_) for step, bytes_ in layers)
    rest = size - sum(layer.size for layer in found[1:])
    first = Layer(found[0].step, rest)
    return Image("dockerslim-verify:1", "sha256:" + "0" * 64, (first, *found[1:]), size, compressed, settings)


def build(seconds: float, steps: list[tuple[str, float | None, bool]], fetching: float = 0.0) -> Build:
    return Build(seconds, fetching, tuple(Step(*step) for step in steps))


def serving(uid: int, ready: float, stopping: float | None, *answers: Answer) -> Behaviour:
    return Behaviour(answers, True, uid, ready, stopping, stopping is None, "Listening at: http://0.0.0.0:8000")


HEALTH = Answer("GET /health", "200", "application/json", b'{"ok": true}')
INDEX = Answer("GET /", "200", "text/html", b"<!doctype html><title>Shop</title>")


def flask() -> Verification:
    """1.03 GB and 12 layers become 176 MB and 16 layers."""
    before = image(
        1030 * MB,
        [
            ("ADD rootfs.tar.xz / # buildkit", 0),
            (
                "RUN apt-get update; apt-get install -y --no-install-recommends ca-certificates curl gnupg netbase",
                24 * MB,
            ),
            ("RUN apt-get update && apt-get install -y --no-install-recommends git mercurial openssh-client", 64 * MB),
            (
                "RUN set -ex; apt-get update; apt-get install -y autoconf automake bzip2 gcc g++ libc6-dev make",
                587 * MB,
            ),
            ("RUN apt-get install -y --no-install-recommends libbluetooth-dev tk-dev uuid-dev", 18_400_000),
            ("RUN set -eux; wget -O python.tar.xz; tar -xJf python.tar.xz; make -j 2; make install", 60 * MB),
            ("RUN ln -s /usr/local/bin/python3 /usr/local/bin/python", 36),
            ("WORKDIR /app", 0),
            ("COPY . .", 2_400_000),
            ("RUN apt-get update && apt-get install -y build-essential libpq-dev", 49 * MB),
            ("RUN pip install -r requirements.txt", 98 * MB),
            ("RUN python -m compileall .", 310_000),
        ],
        compressed=389 * MB,
    )
    after = image(
        176 * MB,
        [
            ("ADD rootfs.tar.xz / # buildkit", 0),
            (
                "RUN set -eux; apt-get update; apt-get install -y --no-install-recommends ca-certificates netbase",
                9 * MB,
            ),
            ("RUN set -eux; savedAptMark; make install; apt-get purge -y --auto-remove", 38 * MB),
            ("RUN ln -s /usr/local/bin/python3 /usr/local/bin/python", 36),
            ("RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app", 8_700),
            (
                "RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt",
                3 * MB,
            ),
            ("WORKDIR /app", 0),
            ("COPY --from=build /opt/venv/ /opt/venv/", 46 * MB),
            ("COPY app.py ./", 4_100),
            ("COPY templates/ templates/", 21_000),
            ("COPY static/ static/", 1_800_000),
            ("COPY migrations/ migrations/", 12_000),
            ("COPY gunicorn.conf.py ./", 600),
            ("COPY entrypoint.sh ./", 900),
            ("RUN chmod +x entrypoint.sh", 900),
            ("RUN python -m compileall .", 310_000),
        ],
        user="10001:10001",
        compressed=62 * MB,
    )
    cold_before = [
        ("[1/6] FROM docker.io/library/python:3.12", 0.1, False),
        ("[2/6] WORKDIR /app", 0.1, False),
        ("[3/6] COPY . .", 0.2, False),
        ("[4/6] RUN apt-get update && apt-get install -y build-essential libpq-dev", 14.2, False),
        ("[5/6] RUN pip install -r requirements.txt", 6.1, False),
        ("[6/6] RUN python -m compileall .", 0.4, False),
    ]
    cold_after = [
        ("[build 1/4] FROM docker.io/library/python:3.12", 0.1, False),
        ("[build 2/4] RUN python -m venv /opt/venv", 2.4, False),
        ("[build 3/4] COPY requirements.txt ./", 0.1, False),
        ("[build 4/4] RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt", 5.9, False),
        ("[stage-1 1/6] FROM docker.io/library/python:3.12-slim", 0.1, False),
        ("[stage-1 2/6] RUN apt-get update && apt-get install -y --no-install-recommends libpq5", 4.8, False),
        ("[stage-1 3/6] RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app app", 0.3, False),
        ("[stage-1 4/6] COPY --from=build /opt/venv/ /opt/venv/", 0.5, False),
        ("[stage-1 5/6] COPY . .", 0.1, False),
        ("[stage-1 6/6] RUN python -m compileall .", 0.2, False),
    ]
    again_before = [(name, seconds, at < 2) for at, (name, seconds, _) in enumerate(cold_before)]
    again_after = [(name, 0.1 if at >= 8 else 0.0, at < 8) for at, (name, _, _) in enumerate(cold_after)]
    return Verification(
        path="shop/Dockerfile",
        engine="docker 28.5.2",
        verdict=Verdict.HOLDS,
        reason="Both images were built and run; 2 of 2 answers are alike.",
        text="FROM python:3.12-slim\n",
        ignore=".git\n.venv\n",
        transforms=("apt-asks", "pip-cache", "stages-python", "user"),
        before=Side(
            before,
            build(33.4, cold_before, fetching=12.3),
            build(20.9, again_before),
            serving(0, 1.4, None, HEALTH, INDEX),
        ),
        after=Side(
            after,
            build(16.6, cold_after, fetching=2.1),
            build(0.3, again_after),
            serving(10001, 1.1, 0.2, HEALTH, INDEX),
            Hardened(False, ("The program writes to /app/uploads: give it a volume there.",)),
        ),
        differences=(
            Difference("user", "root", "10001:10001", Weight.WANTED, "The image runs without root."),
            Difference(
                "env PATH",
                "/usr/local/bin:/usr/local/sbin:/usr/bin:/bin",
                "/opt/venv/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/bin",
                Weight.WANTED,
                "The packages lie in a virtual environment.",
            ),
            Difference(
                "env GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305", "", Weight.NOTED, "The base sets it."
            ),
        ),
        files=FileChanges(
            gone=(
                Group(
                    "package",
                    "deb gcc-12",
                    412,
                    98_200_000,
                    ("/usr/bin/gcc-12", "/usr/lib/gcc/x86_64-linux-gnu/12/cc1"),
                ),
                Group("package", "deb libicu-dev", 230, 49 * MB, ("/usr/include/unicode/ucal.h",)),
                Group("package", "deb git", 1034, 41_300_000, ("/usr/bin/git", "/usr/lib/git-core/git-add")),
                Group("package", "deb mercurial", 812, 17 * MB, ("/usr/bin/hg",)),
                Group("folder", "/usr/share/doc", 3912, 12_400_000, ("/usr/share/doc/git/README.md",)),
                Group("package", "deb tk-dev", 96, 9_800_000, ()),
                Group("folder", "/root/.cache", 213, 8_100_000, ("/root/.cache/pip/http/1/a",)),
                Group("file", "/var/log/dpkg.log", 1, 183_000, ("/var/log/dpkg.log",)),
            ),
            new=(Group("folder", "/opt/venv", 2210, 46 * MB, ("/opt/venv/bin/gunicorn", "/opt/venv/pyvenv.cfg")),),
            changed=(Group("file", "/etc/passwd", 1, 900, ("/etc/passwd",)),),
            owners=(Owners("/app", "root → 10001", 34), Owners("/app/entrypoint.sh", "0644 → 0755", 1)),
        ),
        gates=(Gate("--max-size 200MB", "176 MB", True), Gate("--min-saving 50%", "83 %", True)),
        scans=(
            Scan(
                "trivy 0.57.0",
                {"critical": 14, "high": 162, "medium": 611, "low": 480, "unknown": 3},
                {"critical": 1, "high": 12, "medium": 38, "low": 57, "unknown": 0},
            ),
            Scan(
                "syft 1.18.0", {}, {}, ("deb gcc-12 12.2.0", "deb git 2.39.5"), ("deb libpq5 15.14", "pip flask 3.1.0")
            ),
        ),
        edited="app.py",
        builds=4,
    )


def failing() -> Verification:
    """Two transforms are left out; a file that the program could need is gone; a limit is missed."""
    good = flask()
    assert good.after is not None
    return replace(
        good,
        path="worker/Dockerfile",
        verdict=Verdict.PARTLY,
        reason="What is left of the rewrite was built and answers alike; 2 transforms were left out.",
        builds=9,
        left_out=(
            LeftOut(
                "stages-python",
                "RUN pip install --no-cache-dir -r requirements.txt",
                14,
                "Collecting psycopg2==2.9.9\n  error: subprocess-exited-with-error\n"
                "  Error: pg_config executable not found.\n\n"
                "  pg_config is required to build psycopg2 from source.  Please add the directory\n"
                "  containing pg_config to the $PATH or specify the full executable path with the\n"
                "  option:  python setup.py build_ext --pg-config /path/to/pg_config build ...\n"
                'ERROR: process "/bin/sh -c pip install" did not complete successfully: exit code: 1',
            ),
            LeftOut("user", "", None, "PermissionError: [Errno 13] Permission denied: '/var/spool/worker/jobs.db'"),
        ),
        differences=(
            Difference("GET /report.pdf", "200 application/pdf", "500 text/html", Weight.FAILS, "The status differs."),
            *good.differences,
        ),
        files=replace(
            good.files or FileChanges(),
            lost=(
                Lost("/usr/bin/wkhtmltopdf", "app.py:41 runs it."),
                Lost("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "A program of the image opens it."),
            ),
        ),
        gates=(Gate("--max-size 150MB", "176 MB", False), Gate("--max-layers 20", "16", True)),
    )


def node() -> Verification:
    before = image(
        1395 * MB,
        [
            ("ADD rootfs.tar.xz / # buildkit", 0),
            ("RUN apt-get update; apt-get install -y gcc g++ make python3", 690 * MB),
            ("ENV NODE_VERSION=20.19.0", 0),
            ("RUN curl -fsSLO node.tar.xz; tar -xJf node.tar.xz -C /usr/local", 150 * MB),
            ("COPY . .", 3 * MB),
            ("RUN npm install", 320 * MB),
            ("RUN npm run build", 8 * MB),
        ],
    )
    after = image(
        240 * MB,
        [
            ("ADD rootfs.tar.xz / # buildkit", 0),
            ("RUN curl -fsSLO node.tar.xz; tar -xJf node.tar.xz -C /usr/local", 150 * MB),
            ("COPY --from=build /srv/notes/node_modules ./node_modules", 13 * MB),
            ("COPY --from=build /srv/notes/dist ./dist", 2 * MB),
        ],
        user="node",
    )
    steps = [("STEP 1/3: FROM node:20", None, False), ("STEP 2/3: COPY . .", None, False)]
    return Verification(
        path="notes/Dockerfile",
        engine="podman 4.3.1",
        verdict=Verdict.HOLDS,
        reason="Both images were built and run; 1 of 1 answers is alike.",
        text="FROM node:20-slim\n",
        transforms=("stages-node", "user"),
        before=Side(before, build(48.0, steps), build(6.3, steps), serving(0, 0.6, 0.1, HEALTH)),
        after=Side(after, build(39.0, steps), build(0.6, steps), serving(1000, 0.5, 0.1, HEALTH)),
        edited="src/server.js",
        builds=4,
    )


def original() -> Verification:
    """The Dockerfile as it is does not run, and there is no second image."""
    side = flask().before
    assert side is not None
    crashed = Behaviour(
        (Answer("GET /health", "no answer in 30 s"),), False, 0, logs="Traceback\nKeyError: 'DATABASE_URL'"
    )
    return Verification(
        path="api/Dockerfile",
        engine="docker 28.5.2",
        verdict=Verdict.ORIGINAL,
        reason="The image as it is does not answer: give it what it needs with --run-arg.",
        text="FROM python:3.12\n",
        before=replace(side, rebuild=None, behaviour=crashed),
        builds=1,
    )


def many_layers() -> Verification:
    """60 layers, most of them tiny, and steps of thousands of characters."""
    good = flask()
    assert good.before is not None
    assert good.after is not None
    long = "RUN " + " && ".join(f"curl -fsSL https://files.example/part-{n}.tgz | tar -xz" for n in range(200))
    layers = [
        (f"COPY part-{n}/ part-{n}/" if n % 4 else long, (n * 7919) % 977 * (10_000 if n % 9 else 40_000))
        for n in range(60)
    ]
    found = image(620 * MB, layers)
    return replace(good, path="many/Dockerfile", before=replace(good.before, image=found), scans=(), gates=())


def hostile() -> Verification:
    """Every text of a verification that comes from outside is hostile."""
    good = failing()
    assert good.before is not None
    assert good.after is not None
    step = iter(HOSTILE * 9)

    def evil(side: Side) -> Side:
        layers = tuple(Layer(next(step), layer.size) for layer in side.image.layers)
        build_ = Build(3.0, 0.0, tuple(Step(next(step), 0.4, n % 2 == 0) for n in range(5)))
        answers = tuple(Answer(text, text, text, text.encode("utf-8", "replace")) for text in HOSTILE)
        settings = replace(side.image.settings, user=next(step))
        about = replace(side.image, layers=layers, settings=settings)
        hardened = Hardened(False, HOSTILE)
        return Side(about, build_, build_, Behaviour(answers, True, 0, 0.1, 0.2, logs="\n".join(HOSTILE)), hardened)

    groups = tuple(Group("file", text, 2, 5 * MB, (text,)) for text in HOSTILE)
    return replace(
        good,
        path=HOSTILE[1],
        engine=HOSTILE[0],
        reason=" ".join(HOSTILE[:4]),
        transforms=HOSTILE,
        before=evil(good.before),
        after=evil(good.after),
        differences=tuple(Difference(t, t, t, w, t) for t in HOSTILE for w in Weight),
        files=FileChanges(
            groups, groups, groups, tuple(Owners(t, t, 3) for t in HOSTILE), tuple(Lost(t, t) for t in HOSTILE)
        ),
        left_out=tuple(LeftOut(t, t, 3, "\n".join(HOSTILE)) for t in HOSTILE),
        gates=tuple(Gate(t, t, False) for t in HOSTILE),
        scans=(
            Scan(HOSTILE[0], {HOSTILE[1]: 3, "high": 2}, {"high": 1}, HOSTILE, HOSTILE),
            Scan("grype 0.84.0", note=f"its database cannot be fetched {HOSTILE[0]}"),
        ),
        edited=HOSTILE[0],
    )


def choices() -> tuple[Choice, ...]:
    """The same program on five bases; one does not work, one does not build."""
    good = flask()
    assert good.before is not None
    assert good.after is not None
    distroless = replace(
        good.after,
        image=replace(good.after.image, size=98 * MB, layers=good.after.image.layers[:9], compressed=34 * MB),
        behaviour=serving(65532, 0.9, 0.2, HEALTH, INDEX),
    )
    broken = replace(distroless, behaviour=Behaviour((replace(HEALTH, status="no answer in 30 s"),), False, 65532))
    return (
        Choice("as it was", "python:3.12", good.before),
        Choice("slim", "python:3.12-slim", good.after),
        Choice("distroless", "gcr.io/distroless/python3-debian12:nonroot", distroless),
        Choice(
            "chainguard", "cgr.dev/chainguard/python:latest", broken, "ModuleNotFoundError: No module named 'psycopg2'"
        ),
        Choice("alpine", "python:3.12-alpine", None, "RUN apt-get update failed: /bin/sh: apt-get: not found"),
    )
