"""Copies that copied-before-install and volatile-before-stable must leave alone, or divide with care."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter import Options, Outcome, Project, Rewrite
from rewriter.engine import run
from rewriter.source import Source
from transforms import CHAIN

PYTHON = "FROM python:3.12-slim\nWORKDIR /app\n"
NODE = "FROM node:20\nWORKDIR /app\n"
FILES = {
    "requirements.txt": "six==1.16.0\n",
    "requirements/dev.txt": "six==1.16.0\n",
    "package.json": '{"name": "shop", "version": "1.0.0", "dependencies": {"left-pad": "^1.3.0"}}\n',
    "other/dev.txt": "six==1.15.0\n",
    "app.py": "print()\n",
    "src/main.py": "print()\n",
    "certs/ca.pem": "-----BEGIN\n",
    "bin/git": "#!/bin/sh\n",
    "key": "-----BEGIN\n",
}


def rewrite(folder: Path, text: str, files: dict[str, str] | None = None) -> Rewrite:
    for name, content in {**FILES, **(files or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    chosen = [t for t in CHAIN if t.name in ("copied-before-install", "volatile-before-stable")]
    return run(Source(text), chosen, Project(folder), Options())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (  # the contents of a folder come beside the manifest
            PYTHON + "COPY requirements.txt src ./\nRUN pip install -r requirements.txt\n",
            PYTHON + "COPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY src ./\n",
        ),
        (
            PYTHON + "COPY requirements src ./\nRUN pip install -r dev.txt\n",
            PYTHON + "COPY requirements/dev.txt ./\nRUN pip install -r dev.txt\nCOPY requirements src ./\n",
        ),
        (  # a lock file that the pattern matches tomorrow still comes first
            NODE + "COPY package*.json src ./\nRUN npm install --no-save\n",
            NODE + "COPY package*.json ./\nRUN npm install --no-save\nCOPY src ./\n",
        ),
        (  # what was changed in between is copied anew
            PYTHON
            + "COPY requirements.txt ./\nRUN sed -i s/six/flask/ requirements.txt\nCOPY . .\n"
            + "RUN pip install -r requirements.txt\n",
            PYTHON
            + "COPY requirements.txt ./\nRUN sed -i s/six/flask/ requirements.txt\nCOPY requirements.txt ./\n"
            + "RUN pip install -r requirements.txt\nCOPY . .\n",
        ),
        (  # a subshell takes its folder away with it
            PYTHON + "COPY . .\nRUN (cd requirements && pip install -r dev.txt) && python app.py\n",
            PYTHON
            + "COPY requirements/dev.txt requirements/\nRUN (cd requirements && pip install -r dev.txt)\n"
            + "COPY . .\nRUN python app.py\n",
        ),
    ],
)
def test_divided(before: str, after: str, tmp_path: Path) -> None:
    result = rewrite(tmp_path, before, {".dockerignore": "**/node_modules\n"})
    assert result.after.text == after
    assert not result.of(Outcome.DROPPED)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (PYTHON + "COPY requirements other ./\nRUN pip install -r dev.txt\n", "come to one place"),
        (PYTHON + "COPY --exclude=*.md . .\nRUN pip install -r requirements.txt\n", ""),
        (PYTHON + "COPY --parents src requirements.txt ./\nRUN pip install -r requirements.txt\n", ""),
        (NODE + "COPY * ./\nRUN npm install --no-save\n", "* may stand for more files"),
        (
            "FROM python:3.12-slim\nCOPY --chown=1000 . /app\nWORKDIR /app\nRUN pip install flask\n",
            "the folder /app for another owner",
        ),
        (PYTHON + "COPY . .\nRUN { pip install flask; } < requirements.txt\n", "several commands at once"),
        (PYTHON + "COPY . .\nRUN for n in $(cat key); do echo $n; done && pip install flask\n", "more than once"),
        (PYTHON + "COPY . .\nRUN case $(cat key) in x) pip install flask;; esac\n", "more than once"),
        (PYTHON + "COPY . .\nRUN while read x; do pip install six; done < key\n", "more than once"),
        (PYTHON + "ENV E=dev\nCOPY . .\nRUN read E && pip install -r requirements/$E.txt\n", "sets variables"),
        (PYTHON + "ENV E=x\nCOPY . .\nRUN E=dev pip install -r requirements/$E.txt\n", "a variable that it sets"),
        (PYTHON + "COPY . .\nRUN pip install -r requirements.txt \\", "goes on in a line"),
        (PYTHON + 'COPY . .\nRUN cd "src" && pip install flask\n', "changes to /app/src"),
        (PYTHON + "COPY . \\\n  # all\n  .\nWORKDIR src\nRUN pip install -r ../requirements.txt\n", "comments within"),
        (PYTHON + "COPY src /root/.ssh\nRUN pip install git+ssh://git@example.org/x.git\n", "files of their own"),
        ("FROM node:20\nENV HOME=/app\nWORKDIR /app\nCOPY . .\nRUN npm install --no-save\n", "/app/.netrc"),
        (NODE + "ENV NODE_EXTRA_CA_CERTS=/app/certs/ca.pem\nCOPY . .\nRUN npm install --no-save\n", "_CERTS names"),
        (NODE + "COPY . .\nRUN NODE_EXTRA_CA_CERTS=certs/ca.pem npm install --no-save\n", "_CERTS names"),
        (NODE + "COPY . .\nRUN export SSL_CERT_FILE=/app/certs/ca.pem && npm install --no-save\n", "FILE names"),
        (NODE + "ENV PATH=/app/bin:$PATH\nCOPY . .\nRUN npm install --no-save\n", "/app/bin/git"),
        (
            NODE + "RUN git config --global core.sshCommand 'ssh -i /app/key'\nCOPY . .\nRUN npm install --no-save\n",
            "key",
        ),
        (NODE + "RUN ln -s /app/key /etc/npmrc\nCOPY . .\nRUN npm install --no-save\n", "ln leads to /app/key"),
    ],
)
def test_left_alone(before: str, reason: str, tmp_path: Path) -> None:
    result = rewrite(tmp_path, before, {".dockerignore": "**/node_modules\n", ".netrc": "machine example.org\n"})
    assert result.after.text == before
    assert not result.of(Outcome.DROPPED)
    if reason:
        assert any(reason in finding.message for finding in result.of(Outcome.DECLINED))


INSTALL = NODE + "COPY . .\nRUN npm install --no-save\n"


@pytest.mark.parametrize(
    ("before", "files", "reason"),
    [
        (INSTALL, {".containerignore": "dist\n"}, ".containerignore, which Podman reads"),
        (INSTALL, {"docker/Dockerfile.web": "FROM nginx\nCOPY node_modules /srv\n"}, "docker/Dockerfile.web:2 takes"),
        ("FROM node:20\nCOPY node_mod* /x\n" + INSTALL, {}, "copies node_mod*"),
        ("FROM node:20\nARG D\nCOPY ${D}/a /x\n" + INSTALL, {}, "copies ${D}/a"),
        ("FROM node:20\nRUN --mount=type=bind,source=node_modules,target=/x ls\n" + INSTALL, {}, "node_modules"),
        (PYTHON + "COPY . .\nRUN pip install --target src/main.py six\n", {}, "src/main.py lies in the context"),
    ],
)
def test_not_left_out_of_the_context(before: str, files: dict[str, str], reason: str, tmp_path: Path) -> None:
    there = {"node_modules/a/x": "", ".gitignore": "node_modules/\n"}
    result = rewrite(tmp_path, before, {**there, **files})
    assert result.after.text == before
    assert not result.others
    assert any(reason in finding.message for finding in result.of(Outcome.DECLINED))


def test_left_out_where_git_ignores_it(tmp_path: Path) -> None:
    result = rewrite(tmp_path, INSTALL, {"node_modules/a/x": "", ".gitignore": "/node_modules\n"})
    assert [other.after.text for other in result.others] == ["node_modules\n"]


@pytest.mark.parametrize(("install", "moves"), [("dpkg -i a.deb", False), ("apt-get install -y gcc a.deb=1.0", True)])
def test_a_package_file_is_named_from_its_folder(install: str, moves: bool, tmp_path: Path) -> None:
    text = f"FROM debian:12\nWORKDIR /srv/x\nCOPY src /srv/y\nWORKDIR /data\nRUN apt-get update && {install}\n"
    after = rewrite(tmp_path, text).after.text
    assert (after.index("RUN") < after.index("WORKDIR /data")) is moves


APT = "RUN apt-get update && apt-get install -y curl\n"


@pytest.mark.parametrize(
    "above",
    [
        "ENV PATH=/app/bin:$PATH\n",
        "ENV LD_PRELOAD=/app/x.so\n",
        "ENV APT_CONFIG=/app/apt.conf\n",
        "ENV SSL_CERT_FILE=/app/certs/ca.pem\n",
    ],
)
def test_variables_that_point_to_copied_files_hold_installs_back(above: str, tmp_path: Path) -> None:
    text = f"FROM debian:12\n{above}COPY . /app\n{APT}"
    assert rewrite(tmp_path, text, {"bin/apt-get": "#!/bin/sh\n"}).after.text == text
    moved = rewrite(tmp_path, text.replace("/app/", "/usr/"), {"bin/apt-get": "#!/bin/sh\n"}).after.text
    assert moved == f"FROM debian:12\n{above.replace('/app/', '/usr/')}{APT}COPY . /app\n"


def test_settings_on_the_command_line_of_apt_hold_it_back(tmp_path: Path) -> None:
    text = f"FROM debian:12\nCOPY . /app\n{APT.replace('update', '-o Dir::Etc::sourcelist=/app/x.list update')}"
    assert rewrite(tmp_path, text).after.text == text


def test_a_quoted_label_is_the_same_label(tmp_path: Path) -> None:
    labels = 'LABEL "v"=$GIT_SHA\n', "LABEL v=2\n"
    text = f"FROM debian:12\nARG GIT_SHA\n{labels[0]}{APT}{labels[1]}COPY . /app\n"
    after = rewrite(tmp_path, text)
    assert after.after.text == f"FROM debian:12\n{APT}ARG GIT_SHA\n{labels[0]}{labels[1]}COPY . /app\n"
    assert not after.of(Outcome.DROPPED)


@pytest.mark.parametrize(
    ("step", "again"),
    [("npm ci", False), ("npm install left-pad", True), ("npm pkg set a=b", True), ("> package.json", True)],
)
def test_a_manifest_that_a_step_changed_is_copied_again(step: str, again: bool, tmp_path: Path) -> None:
    text = NODE + f"COPY package.json package-lock.json ./\nRUN {step}\nCOPY . .\nRUN npm install --no-save\n"
    lock = '{"name": "shop", "lockfileVersion": 3, "packages": {"": {"name": "shop"}}}'
    after = rewrite(tmp_path, text, {".dockerignore": "**/node_modules\n", "package-lock.json": lock}).after.text
    assert after.count("COPY package.json") == 1 + again
    assert after.endswith("RUN npm install --no-save\nCOPY . .\n")


def test_what_is_listed_is_read(tmp_path: Path) -> None:
    text = "FROM debian:12\nWORKDIR /data\nCOPY src /app\nRUN ls > /tmp/list\n" + APT.replace("\n", " && touch x\n")
    assert rewrite(tmp_path, text).after.text == text
