"""Tests of what is read from the output of builds and from an image's own words; the recordings are of real runs."""

from __future__ import annotations

import pytest

from rewriter.verify.engine import Layer, Settings, Step
from rewriter.verify.engines import buildah_log, buildkit, images
from rewriter.verify.trouble import BuildFailed, DiskFull, EngineGone, Trouble, Unable, Unreachable

BUILT = """\
#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 190B done
#1 DONE 0.0s

#2 [internal] load metadata for docker.io/library/busybox:latest
#2 DONE 1.5s

#4 [a 1/2] FROM docker.io/library/busybox:latest@sha256:1b9d
#4 resolve docker.io/library/busybox:latest@sha256:1b9d 0.0s done
#4 DONE 0.1s

#5 [internal] load build context
#5 transferring context: 190B 0.0s done
#5 DONE 0.1s

#4 [a 1/2] FROM docker.io/library/busybox:latest@sha256:1b9d
#4 extracting sha256:1b9d 0.3s done
#4 DONE 2.5s

#6 [a 2/2] RUN echo hi; sleep 1.2
#6 0.450 #9 [x 1/1] hi
#6 DONE 1.9s

#7 [stage-1 2/3] COPY --from=a /x /x
#7 CACHED

#9 exporting to image
#9 exporting layers 0.0s done
#9 DONE 0.1s
"""
FAILED = """\
#1 [internal] load build definition from Dockerfile.f
#1 DONE 0.0s

#4 [1/2] FROM docker.io/library/busybox:latest
#4 CACHED

#5 [2/2] RUN echo one &&    echo two &&    false
#5 0.680 one
#5 0.680 two
#5 ERROR: process "/bin/sh -c echo one &&    echo two &&    false" did not complete successfully: exit code: 1
------
 > [2/2] RUN echo one &&    echo two &&    false:
0.680 one
0.680 two
------
Dockerfile.f:2
--------------------
   1 |     FROM busybox AS a
   2 | >>> RUN echo one && \\
   3 | >>>    echo two && \\
   4 | >>>    false
   5 |     
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c echo one &&    echo two &&    false" did not complete successfully: exit code: 1
"""  # noqa: E501, W291
NOT_PARSED = """\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.1s
Dockerfile:2
--------------------
   1 |     FROM busybox
   2 | >>> NOPE nope /x
   3 |     
--------------------
ERROR: failed to build: failed to solve: dockerfile parse error on line 2: unknown instruction: NOPE (did you mean COPY?)
"""  # noqa: E501, W291
OLD_FAILED = """\
#1 [internal] load build definition from Dockerfile.f
#1 sha256:31c8d838b51f2e2a4edbfa9bc28b7583b3f728b2bd65e2cf51fb2a34fe10042d
#1 DONE 0.0s

#5 [2/2] RUN echo one &&    echo two &&    false
#5 sha256:85e86afca66a73af492d8ae9387a1bf1ea1a30cd8e38f6dc3bbd0766fea87466
#5 1.616 one
#5 1.616 two
#5 ERROR: executor failed running [/bin/sh -c echo one &&    echo two &&    false]: exit code: 1
------
 > [2/2] RUN echo one &&    echo two &&    false:
------
executor failed running [/bin/sh -c echo one &&    echo two &&    false]: exit code: 1
"""
OLD_NOT_PARSED = """\
#2 [internal] load .dockerignore
#2 DONE 0.0s
failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 3: unknown \
instruction: ECHO
"""
NO_FRONTEND = """\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.1s

#2 resolve image config for docker-image://docker.io/docker/dockerfile:1
#2 ERROR: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: no such host
------
 > resolve image config for docker-image://docker.io/docker/dockerfile:1:
------
Dockerfile:1
--------------------
   1 | >>> # syntax=docker/dockerfile:1
   2 |     FROM busybox
--------------------
ERROR: failed to build: failed to solve: failed to resolve source metadata for docker.io/docker/dockerfile:1: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: no such host
"""  # noqa: E501
NO_BASE = """\
#2 [internal] load metadata for docker.io/nosuch/thing:latest
#2 ERROR: failed to do request: Head "https://registry-1.docker.io/v2/nosuch/thing/manifests/latest": dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: no such host
------
ERROR: failed to build: failed to solve: nosuch/thing: failed to resolve source metadata: dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: no such host
"""  # noqa: E501
GONE = """\
#5 [2/2] RUN echo mark; sleep 30
#5 2.631 mark
ERROR: failed to build: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF
"""


def test_the_steps_of_buildkit_and_what_was_fetched() -> None:
    build = buildkit.build(BUILT, 9.5)
    assert build.steps == (
        Step("[a 2/2] RUN echo hi; sleep 1.2", 1.9, False),
        Step("[stage-1 2/3] COPY --from=a /x /x", None, True),
    )
    assert (build.seconds, build.fetching) == (9.5, 4.0)


@pytest.mark.parametrize(
    ("said", "step", "line", "message"),
    [
        (
            FAILED,
            "RUN echo one &&    echo two &&    false",
            2,
            'one\ntwo\nprocess "/bin/sh -c echo one &&    echo two &&    false" did not complete successfully: exit '
            "code: 1",
        ),
        (
            NOT_PARSED,
            "NOPE nope /x",
            2,
            "dockerfile parse error on line 2: unknown instruction: NOPE (did you mean COPY?)",
        ),
        (
            OLD_FAILED,
            "RUN echo one &&    echo two &&    false",
            None,
            "one\ntwo\nexecutor failed running [/bin/sh -c echo one &&    echo two &&    false]: exit code: 1",
        ),
        (
            OLD_NOT_PARSED,
            "",
            3,
            "failed to create LLB definition: dockerfile parse error line 3: unknown instruction: ECHO",
        ),
    ],
)
def test_a_build_of_buildkit_that_failed(said: str, step: str, line: int | None, message: str) -> None:
    failure = buildkit.failure(said)
    assert isinstance(failure, BuildFailed)
    assert (failure.step, failure.line, failure.message) == (step, line, message)


def test_of_a_long_log_the_end_is_kept() -> None:
    log = "".join(f"#5 0.680 line {number}\n" for number in range(100))
    failure = buildkit.failure(FAILED.replace("#5 0.680 one\n", log))
    assert isinstance(failure, BuildFailed)
    assert failure.message.splitlines()[0] == "line 61"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (NO_FRONTEND, Unable),
        (NO_BASE, Unreachable),
        (GONE, EngineGone),
        (FAILED.replace("0.680 two", "0.680 E: Failed to fetch http://deb.debian.org/x.deb"), Unreachable),
        (FAILED.replace("0.680 two", "0.680 cp: write error: No space left on device"), DiskFull),
        ("unknown flag: --nosuch\nSee 'docker build --help'.", Trouble),
    ],
)
def test_a_build_of_buildkit_that_could_not_go_on(said: str, kind: type[Trouble]) -> None:
    assert type(buildkit.failure(said)) is kind


def test_what_a_step_prints_is_not_the_engines_word() -> None:
    said = FAILED.replace("two", "error reading from server: EOF")
    assert isinstance(buildkit.failure(said), BuildFailed)


BUILDAH = """\
[1/2] STEP 1/2: FROM busybox AS a
Trying to pull docker.io/library/busybox:latest...
Getting image source signatures
[1/2] STEP 2/2: RUN echo hi
--> Using cache 29fc68fc3030499d5b054a4c1ec8f7620074ff85f486746332d2a5d7f376a853
--> 29fc68fc303
[2/2] STEP 1/3: FROM busybox
[2/2] STEP 2/3: COPY --from=a /x /x
--> 37c7111a44f
[2/2] STEP 3/3: CMD ["sh"]
[2/2] COMMIT he:1
--> c87ab6fc2f5
Successfully tagged localhost/he:1
c87ab6fc2f5696bfb2c521a73f6b50fffa88bc9a3e09c903dd23d5ba69374404
"""
BUILDAH_FAILED = """\
STEP 1/3: FROM busybox AS a
STEP 2/3: RUN echo made
made
--> 37c7111a44f
STEP 3/3: RUN echo "one": two && false
one: two
Error: building at STEP "RUN echo "one": two && false": while running runtime: exit status 1
"""
BUILDAH_UNKNOWN = """\
STEP 1/4: FROM busybox
STEP 2/4: RUN <<E
--> 644e553e987
STEP 3/4: echo a
time="2026-11-21T20:18:25Z" level=error msg="+(UNHANDLED LOGLEVEL) &imagebuilder.Step{Command:\\"echo\\"}"
Error: building at STEP "ECHO ": Build error: Unknown instruction: "ECHO" &imagebuilder.Step{Command:"echo"}
"""
BUILDAH_NO_BASE = """\
STEP 1/2: FROM nosuch/thing
Resolving "nosuch/thing" using unqualified-search registries (/etc/containers/registries.conf)
Trying to pull docker.io/nosuch/thing:latest...
Error: creating build container: initializing source docker://nosuch/thing:latest: pinging container registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: no such host
"""  # noqa: E501


def test_the_steps_of_buildah() -> None:
    assert buildah_log.steps(BUILDAH) == (
        Step("[1/2] STEP 2/2: RUN echo hi", None, True),
        Step("[2/2] STEP 2/3: COPY --from=a /x /x", None, False),
        Step('[2/2] STEP 3/3: CMD ["sh"]', None, False),
    )


def test_the_images_that_buildah_made() -> None:
    assert buildah_log.made(BUILDAH) == ("37c7111a44f", "c87ab6fc2f5")


@pytest.mark.parametrize(
    ("said", "step", "message"),
    [
        (
            BUILDAH_FAILED,
            'RUN echo "one": two && false',
            'one: two\nbuilding at STEP "RUN echo "one": two && false": while running runtime: exit status 1',
        ),
        (
            BUILDAH_UNKNOWN,
            "ECHO",
            'building at STEP "ECHO ": Build error: Unknown instruction: "ECHO" &imagebuilder.Step{Command:"echo"}',
        ),
    ],
)
def test_a_build_of_buildah_that_failed(said: str, step: str, message: str) -> None:
    failure = buildah_log.failure(said)
    assert isinstance(failure, BuildFailed)
    assert (failure.step, failure.line, failure.message) == (step, None, message)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (BUILDAH_NO_BASE, Unreachable),
        (BUILDAH_FAILED.replace("one: two", "W: Failed to fetch http://deb.debian.org/x"), Unreachable),
        (BUILDAH_FAILED.replace("one: two", "x: No space left on device"), DiskFull),
        ("Error: unknown flag: --nosuch\nSee 'podman build --help'\n", Trouble),
    ],
)
def test_a_build_of_buildah_that_could_not_go_on(said: str, kind: type[Trouble]) -> None:
    assert type(buildah_log.failure(said)) is kind


@pytest.mark.parametrize(
    ("created_by", "step"),
    [
        ("RUN /bin/sh -c apt-get update &&     true # buildkit", "RUN apt-get update && true"),
        ("RUN |2 V=3 W=a b /bin/sh -c echo $V # buildkit", "RUN echo $V"),
        ("RUN /bin/bash -o pipefail -c a | b # buildkit", "RUN /bin/bash -o pipefail -c a | b"),
        ("COPY /out / # buildkit", "COPY /out /"),
        ("/bin/sh -c echo hi", "RUN echo hi"),
        ("|1 V=3 /bin/sh -c echo hi", "RUN echo hi"),
        ('/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        ("/bin/sh -c #(nop) MAINTAINER me", "MAINTAINER me"),
        ("/bin/sh -c #(nop) COPY file:cd38b33cfcb9 in /x ", "COPY ... /x"),
        ("/bin/sh -c #(nop) COPY --chown=1:1 multi:cd38b33cfcb9 in /x/ ", "COPY ... /x/"),
        ("bazel build ...", "bazel build ..."),
    ],
)
def test_the_step_of_a_layer(created_by: str, step: str) -> None:
    assert images.step(created_by) == step


def test_which_entries_of_a_history_are_layers() -> None:
    history = [
        ("COPY /out / # buildkit", 1982500),
        ('CMD ["sh"]', 0),
        ("WORKDIR /srv", 0),
        ("ENV A=1", 0),
        ("RUN /bin/sh -c true # buildkit", 0),
        ("COPY Dockerfile /d # buildkit", 151),
    ]
    copy, last = Layer("COPY /out /", 1982500), Layer("COPY Dockerfile /d", 151)
    assert images.layers(history, 3) == (copy, Layer("RUN true", 0), last)
    assert images.layers(history, 4) == (copy, Layer("WORKDIR /srv", 0), Layer("RUN true", 0), last)


def test_an_image_that_says_nothing() -> None:
    assert images.settings({"Env": None, "Cmd": None, "Labels": None}) == Settings()
