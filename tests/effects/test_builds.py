"""The law of effects on a real engine: the same two steps in both orders, on real bases, with real package managers.

All pairs of a base are stages of one Dockerfile; a last stage mounts them and lists what has changed since the base.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest

from rewriter import effects
from rewriter.facts import Facts
from rewriter.image import IMAGE_PARTS
from rewriter.project.context import Project
from rewriter.result import Options
from rewriter.source import Source
from rewriter.syntax.reader import read

from .. import engine

pytestmark = pytest.mark.engine
# Stages in one container, each of them mounted.
MOUNTED = 60
# A mirror that does not answer for a moment says nothing about a pair of steps; what was built is not built again.
TRIES = 3
FILES = {
    "f.txt": "f\n",
    "src/a.py": "a = 1\n",
    "src/sub/b.py": "b = 2\n",
    "conf/app.conf": "x\n",
    "requirements.txt": "six==1.16.0\n",
    "package.json": '{"name": "x", "version": "1.0.0", "dependencies": {"isarray": "2.0.5"}}\n',
}
COMMON = """
COPY f.txt /app/
COPY f.txt /app/g.txt
COPY f.txt /app
COPY src /app/src
COPY src/ /srv/x/
COPY . /app
COPY f.txt conf/app.conf /srv/x/
COPY --chown=1000:1000 f.txt /srv/y/z/
COPY --chown=www-data:www-data f.txt /srv/y/w.txt
COPY f.txt /lib/of.txt
COPY f.txt /usr/lib/of.txt
COPY f.txt /var/run/of.txt
COPY f.txt here.txt
COPY f.txt $PLACE/
COPY f.txt /usr/local/bin/head
COPY f.txt /etc/skel/
ADD f.txt /opt/added/
WORKDIR /app
WORKDIR /srv/y/z
WORKDIR data
ENV FOO=bar
ENV FOO=$PLACE
ENV PLACE=/srv/place
ENV PATH=/opt/x/bin:$PATH
ARG GIT_SHA=1
ARG FOO=2
USER www-data
USER root
LABEL a=$FOO
CMD ["true"]
ENTRYPOINT true
EXPOSE 80
SHELL ["/bin/bash", "-c"]
RUN mkdir -p /app/data /srv/y
RUN mkdir -p data/deep
RUN mkdir -m 700 /opt/added || true
RUN install -d -o 1000 -m 750 /srv/x
RUN chown 1000:1000 /app || true
RUN chown -R www-data /srv
RUN chmod 2775 /srv
RUN chmod 711 /opt || true
RUN useradd -m app
RUN useradd -r -s /bin/false -d /srv/svc svc
RUN useradd --no-create-home two || true
RUN groupadd ops
RUN groupadd -g 1500 fixed
RUN adduser --system --no-create-home --home /srv/sys sys9 || true
RUN usermod -a -G ops www-data || true
RUN echo "$FOO$GIT_SHA" > /tmp/foo || true
RUN echo $PLACE > /srv/place.txt || true
RUN id -un > /tmp/who
RUN pwd > /tmp/pwd
RUN touch here.txt || true
RUN echo $0 > /tmp/shell
RUN rm -rf /srv/x /srv/y
RUN rm -rf /app/*
RUN ls /app > /tmp/ls || true
RUN ls -A /srv/* > /tmp/ls2 || true
RUN cp /etc/passwd /opt/passwd || true
RUN cut -d: -f1 /etc/group > /tmp/groups
RUN chown app:app /opt || true
RUN ln -s /srv /opt/l || true
RUN ln -s /srv /opt/l && touch /opt/l/through || true
RUN touch /opt/l/through /srv/through || true
RUN cp -r /app /opt/copy || true
RUN cp -r /srv /app || true
RUN mv /app /opt/moved || true
RUN sed -i s/Debian/debian/ /etc/issue || true
RUN echo x >> /etc/issue || true
RUN head -c3 /etc/issue > /tmp/head || true
RUN cp /bin/false /usr/local/bin/cut || true
RUN tar -C /srv -cf /tmp/s.tar --mtime=@0 --sort=name . && rm -f /srv/place.txt || true
RUN test -e /app/f.txt && touch /tmp/yes || touch /tmp/no
RUN if [ -d /srv/x ]; then rmdir /srv/x; else mkdir /srv/x; fi || true
RUN find /srv -type d > /tmp/dirs || true
RUN find /app -name '*.txt' -delete || true
RUN umask 077 && mkdir -p /app/secret/x || true
RUN for d in a b; do mkdir -p /srv/$d; done || true
RUN export P=/srv/y && mkdir -p $P && touch $P/p || true
RUN cd /srv && touch in-srv || true
RUN ldconfig || true
RUN touch /usr/local/lib/libx.so || true
RUN echo /opt/libs > /etc/ld.so.conf.d/x.conf || true
RUN tree /srv > /tmp/tree || true
"""
OWN = {
    "debian:bookworm": """
RUN apt-get update && apt-get install -y --no-install-recommends tree && rm -rf /var/lib/apt/lists/*
RUN apt-get update && apt-get install -y --no-install-recommends tcpdump && rm -rf /var/lib/apt/lists/*
""",
    "python:3.12-slim": """
RUN apt-get update && apt-get install -y --no-install-recommends tree && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir --no-compile six
RUN pip install --no-cache-dir --no-compile idna==3.7
RUN pip install --no-cache-dir --no-compile --target /srv/t six
RUN pip install --no-cache-dir --no-compile -r /app/requirements.txt || true
COPY requirements.txt /app/
ENV PIP_TARGET=/srv/pt
RUN python3 -c "import six" && touch /tmp/six || true
RUN pip list > /tmp/pips
RUN rm -rf /usr/local/lib/python3.12/site-packages/six*
""",
    "node:20-slim": """
RUN npm install -g --no-audit --no-fund isarray@2.0.5
RUN npm install --no-audit --no-fund isarray@1.0.0
RUN cd /app && npm install --no-audit --no-fund || true
COPY package.json /app/
COPY package.json package.json
ENV NODE_ENV=production
ENV NPM_CONFIG_PREFIX=/srv/npm
USER node
RUN npm config set fund false
RUN ls /usr/local/lib/node_modules > /tmp/global
RUN ls node_modules > /tmp/local || true
""",
}
# What has changed: each entry with type, mode, owner and content, and each folder with its entries, so that what is
# gone shows, too. Caches and logs tell the time, and so do compiled files.
LIST = r"""
cd /m/$1 || exit 1
find . -xdev -cnewer marker ! -name .dockerenv | grep -vE '^./(proc|sys|dev|var/log|var/cache)(/|$)' \
  | grep -vE '^./etc/(hosts|hostname|resolv.conf)$|/[.](npm|cache)(/|$)|[.]pyc$' | sort > /tmp/changed
while read -r f; do
  stat -c '%n %F %a %u:%g %N' "$f"
  if [ -d "$f" ]; then ls -A "$f" | grep -vxE '[.](npm|cache)'
  elif [ ! -L "$f" ]; then sha256sum "$f"; fi
done < /tmp/changed
true
""".strip()


def commuting(base: str, count: int, context: Path) -> tuple[list[tuple[str, str]], int]:
    """Up to `count` pairs of steps of which the model says that they may change places, and how many were asked."""
    steps = [line for line in (COMMON + OWN[base]).splitlines() if line]
    pairs = list(combinations(steps, 2))
    random.Random(base).shuffle(pairs)
    text = "".join(f"FROM {base}\n{first}\n{second}\n" for first, second in pairs)
    facts = Facts(read(Source(text)), Options(), Project(context))
    found: list[tuple[str, str]] = []
    for asked, (pair, image) in enumerate(zip(pairs, facts.images, strict=True), 1):
        if effects.commute(facts, *image.stage.body):
            found.append(pair)
        if len(found) == count:
            return found, asked
    return found, len(pairs)


def dockerfile(base: str, pairs: Sequence[tuple[str, str]]) -> str:
    lines = [f"FROM {base} AS start", "RUN touch /marker && mkdir -p /srv/x && sleep 0.1"]
    names: list[str] = []
    for at, (first, second) in enumerate(pairs):
        lines += [f"FROM start AS p{at}a", first, second, f"FROM start AS p{at}b", second, first]
        names += [f"p{at}a", f"p{at}b"]
    lines += ["FROM debian:bookworm AS list", "COPY list.sh /"]
    for begin in range(0, len(names), MOUNTED):
        group = names[begin : begin + MOUNTED]
        mounts = " ".join(f"--mount=type=bind,from={name},target=/m/{name}" for name in group)
        lines.append(f"RUN {mounts} mkdir -p /out; for n in {' '.join(group)}; do sh /list.sh $n > /out/$n; done")
    return "\n".join([*lines, "FROM scratch", "COPY --from=list /out /", ""])


@pytest.mark.parametrize("base", OWN)
def test_both_orders_build_the_same(base: str, tmp_path: Path) -> None:
    images = engine.images()
    if images is None:
        pytest.skip("no Docker engine is reachable: nothing is built")
    if base not in images:
        pytest.skip(f"the engine lacks {base}")
    context, out = tmp_path / "context", tmp_path / "out"
    for name, content in FILES.items():
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text(content)
    (context / "list.sh").write_text(LIST + "\n")
    pairs, asked = commuting(base, 170, context)
    assert len(pairs) > 0.15 * asked
    assert [pair for pair in pairs if _settings(base, pair) != _settings(base, pair[::-1])] == []
    command = ["docker", "build", "--progress=plain", "--output", f"type=local,dest={out}", "--file", "-", str(context)]
    for _ in range(TRIES):
        done = subprocess.run(command, input=dockerfile(base, pairs).encode(), capture_output=True)
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    different = [
        pair for at, pair in enumerate(pairs) if (out / f"p{at}a").read_text() != (out / f"p{at}b").read_text()
    ]
    assert different == []


def _settings(base: str, pair: Sequence[str]) -> list[object]:
    text = "\n".join([f"FROM {base}", *pair, ""])
    (image,) = Facts(read(Source(text)), Options(), Project()).images
    return [getattr(image.final, name) for name in IMAGE_PARTS]
