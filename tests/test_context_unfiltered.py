"""What may be left out of a build context: which files ask git, what builds write again, and who else is concerned."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter import Options, Outcome, Project, Rewrite, Source
from rewriter.engine import run
from rewriter.project.history import line_that_asks
from transforms import CHAIN

ONLY = [transform for transform in CHAIN if transform.name == "context-unfiltered"]
NO_DEV = "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci --omit=dev\n"
RUST = "FROM rust:1\nWORKDIR /a\nCOPY . .\nRUN cargo build\n"
MAVEN = "FROM maven:3\nWORKDIR /a\nCOPY . .\nRUN mvn package\n"
PIP = "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\n"
NODE = "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
PLAIN = "FROM debian:12\nCOPY . /app\n"


def rewritten(folder: Path, text: str, files: dict[str, str], dockerfile: str = "Dockerfile") -> Rewrite:
    for name, content in {**files, dockerfile: text}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return run(Source(text), ONLY, Project(folder, dockerfile=folder / dockerfile), Options())


def patterns(result: Rewrite) -> list[str]:
    """What is left out, but for the Dockerfile and the ignore file."""
    lines = [line for other in result.others for line in other.after.text.splitlines()]
    return [line for line in lines if line not in ("Dockerfile", ".dockerignore")]


def declined(result: Rewrite) -> list[str]:
    return [finding.message for finding in result.of(Outcome.DECLINED)]


@pytest.mark.parametrize(
    "text",
    [
        "x\ngit describe --tags",
        'x\nexec("git", "rev-parse")',
        "x\ncat .git/HEAD",
        'x\nopen(".git")',
        "x\nimport git",
        "x\nsetuptools_scm",
        "x\nsetuptools-git-versioning",
        "x\nenableGitInfo = true",
        "x\nGitVersion",
        'x\n"prepare": "husky"',
        "x\n/usr/bin/git log",
        "x\nGIT_DIR=/x",
        "x\nvergen::Emitter",
    ],
)
def test_what_asks_git(text: str) -> None:
    assert line_that_asks(text) == 2


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/a/b.git",
        "git@github.com:a/b.git",
        "git+https://example.org/a.git@main",
        "git://example.org/a",
        "# see GitHub, gitlab, .gitignore",
        "longitude, digit, legitimate, Sagittarius",
        "process.env.GIT_SHA",
        '"repository": {"type": "git", "url": "https://example.org/a"}',
        'yew = { git = "https://example.org/yew" }',
        "rm -rf /usr/local/cargo/registry /usr/local/cargo/git",
        "RUN --mount=type=cache,target=/usr/local/cargo/git/db cargo build",
    ],
)
def test_what_does_not_ask_git(text: str) -> None:
    assert line_that_asks(text) is None


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        (PLAIN, {".git/HEAD": ""}, [".git"]),
        (PLAIN, {"a.txt": ""}, []),
        (PLAIN, {".gitignore": "*.log\n", ".gitattributes": ""}, []),
        (PLAIN, {".git/HEAD": "", ".dockerignore": ".git\n!.git/HEAD\n"}, []),
        (PLAIN, {".git/HEAD": "", ".dockerignore": "*\n!.git/HEAD\n!src\n"}, []),
        (PLAIN, {".github/w.yml": "run: git describe"}, [".git"]),
        (PLAIN, {".git/HEAD": "", "README.md": "git clone", "yarn.lock": "git"}, [".git"]),
        (PLAIN, {".git/HEAD": "", "requirements.txt": "setuptools_scm"}, []),
        (PLAIN, {".git/HEAD": "", "run.sh": "git log"}, []),
        (PLAIN, {".git/HEAD": "", "run.sh": "git log", ".dockerignore": "run.sh\n"}, ["run.sh", ".git"]),
        (PLAIN, {".git/HEAD": "", "logo.bin": "git \0"}, [".git"]),
        (PLAIN + "RUN apt-get install -y git\n", {".git/HEAD": ""}, []),
        (PLAIN + "CMD git log\n", {".git/HEAD": ""}, []),
        ("FROM debian:12\nCOPY src /app\n", {".git/HEAD": "", "src/a": ""}, []),
        ("FROM debian:12\nCOPY a .git /app/\n", {".git/HEAD": "", "a": ""}, []),
        (PLAIN + "COPY .g* /b/\n", {".git/HEAD": "", ".gitignore": ""}, []),
        ("FROM golang:1.22\nCOPY . .\nRUN go build .\n", {".git/HEAD": "", "go.mod": ""}, []),
        ("FROM golang:1.22\nCOPY . .\nRUN go build -buildvcs=false .\n", {".git/HEAD": "", "go.mod": ""}, [".git"]),
        ("FROM php:8.2\nCOPY . .\nRUN composer install\n", {".git/HEAD": "", "composer.json": ""}, []),
        (PLAIN, {".git/HEAD": "", "a.py": "", ".mypy_cache/x": ""}, [".git", "**/__pycache__", ".mypy_cache"]),
    ],
)
def test_the_history_of_git(tmp_path: Path, text: str, files: dict[str, str], expected: list[str]) -> None:
    assert patterns(rewritten(tmp_path, text, files)) == expected


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        (NODE, {"package.json": "{}"}, ["node_modules"]),
        (NODE, {"package.json": "{}", "node_modules/a/b.js": ""}, ["node_modules"]),
        (NODE, {"package.json": "{}", "node_modules/b": "", ".gitignore": "/node_modules"}, ["node_modules"]),
        (NODE, {"package.json": '{"workspaces": ["a"]}', "a/package.json": "{}"}, ["**/node_modules"]),
        (NODE, {"package.json": "{}", "docs/package.json": "{}"}, ["node_modules"]),
        (NODE, {"package.json": "[1]"}, ["node_modules"]),
        (NODE.replace("npm ci", "cd client && npm ci"), {"package.json": "{}", "client/package.json": "{}"}, []),
        (NODE.replace("npm ci", "npm ci --prefix /x"), {"package.json": "{}"}, []),
        (NODE.replace("npm ci", "npm install -g serve"), {"package.json": "{}"}, []),
        (NODE.replace(". .", "client ."), {"client/package.json": "{}", "package.json": ""}, ["client/node_modules"]),
        (
            "FROM node:20 AS deps\nWORKDIR /app\nCOPY package.json .\nRUN npm ci\n"
            "FROM node:20\nWORKDIR /app\nCOPY --from=deps /app/node_modules ./node_modules\nCOPY . .\n",
            {"package.json": "{}"},
            ["node_modules"],
        ),
        (
            "FROM node:20 AS deps\nWORKDIR /app\nCOPY package.json .\nRUN npm ci\nFROM deps\nCOPY . .\n",
            {"package.json": "{}"},
            ["node_modules"],
        ),
        (NODE + "FROM debian:12\nCOPY . /app\n", {"package.json": "{}"}, []),
        (NO_DEV + "CMD node a.js\n", {"package.json": "{}"}, ["node_modules"]),
        (NO_DEV + "RUN npx tsc\n", {"package.json": "{}"}, []),
        (NO_DEV + 'CMD ["npm", "start"]\n', {"package.json": "{}"}, ["node_modules"]),
        (
            NO_DEV + 'CMD ["npm", "start"]\n',
            {"package.json": '{"scripts": {"start": "nodemon a.js"}}'},
            [],
        ),
        (RUST, {"Cargo.toml": ""}, []),
        (RUST, {"Cargo.toml": "", ".gitignore": "target\n"}, ["target"]),
        (
            MAVEN,
            {"pom.xml": "", "api/pom.xml": "", "core/pom.xml": "", ".gitignore": "target/\n"},
            ["**/target"],
        ),
        (
            MAVEN,
            {"pom.xml": "", "api/pom.xml": "", ".gitignore": "/target/\n/api/target\n"},
            ["target", "api/target"],
        ),
        (
            "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /a\nCOPY src .\nRUN dotnet publish Api\n",
            {"src/Api/Api.csproj": "", "src/Core/Core.csproj": "", ".gitignore": "[Bb]in/\n[Oo]bj/\n"},
            ["src/**/obj", "src/**/bin"],
        ),
        (
            "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /a\nCOPY src .\nRUN dotnet publish Api\n",
            {"src/Api/Api.csproj": "", "src/Core/Core.csproj": "", ".gitignore": "/src/*/bin\n"},
            ["src/Api/obj", "src/Core/obj", "src/Api/bin", "src/Core/bin"],
        ),
        (RUST.replace("build", "install wasm-pack"), {"Cargo.toml": "", ".gitignore": "target\n"}, []),
        (RUST.replace("build", "install --path ."), {"Cargo.toml": "", ".gitignore": "target\n"}, ["target"]),
        (MAVEN + "COPY target/a.jar /\n", {"pom.xml": "", ".gitignore": "target\n.git*"}, []),
        (PIP, {"requirements.txt": ""}, []),
        (PIP, {"requirements.txt": "", ".gitignore": ".venv/\n"}, [".venv"]),
        (PIP, {"requirements.txt": "", ".venv/pyvenv.cfg": ""}, [".venv"]),
        (PIP + "ENV PATH=/.venv/bin\n", {"requirements.txt": "", ".venv/pyvenv.cfg": ""}, []),
        (PIP, {"requirements.txt": "", ".venv/pyvenv.cfg": "", "run.sh": ". .venv/bin/activate"}, []),
        (
            "FROM python:3.12\nCOPY . .\nRUN uv sync\nENV PATH=/.venv/bin\n",
            {"pyproject.toml": "", ".gitignore": ".venv"},
            [".venv"],
        ),
    ],
)  # fmt: skip
def test_what_a_build_writes_again(tmp_path: Path, text: str, files: dict[str, str], expected: list[str]) -> None:
    assert patterns(rewritten(tmp_path, text, files)) == expected


OTHERS = {
    "takes-by-name": ("dev.Dockerfile", "FROM node:20\nCOPY node_modules /x\n", []),
    "takes-below": ("dev.Dockerfile", "FROM node:20\nCOPY node_modules/a/dist /x\n", []),
    "mounts": ("dev.Dockerfile", "FROM node:20\nRUN --mount=type=bind,source=node_modules,target=/n true\n", []),
    "mounts-all": ("dev.Dockerfile", "FROM node:20\nRUN --mount=target=/n npm start\n", []),
    "needs": ("dev.Dockerfile", "FROM node:20\nCOPY . .\nCMD npm start\n", []),
    "a-variable": ("dev.Dockerfile", "FROM node:20\nARG X\nCOPY $X .\n", []),
    "a-known-variable": ("dev.Dockerfile", "FROM node:20\nENV X=conf\nCOPY $X/app.json ./\n", ["node_modules"]),
    "a-variable-that-takes": ("dev.Dockerfile", "FROM node:20\nENV X=node_modules\nCOPY $X /x\n", []),
    "in-a-folder": ("docker/Dockerfile", "FROM node:20\nCOPY . .\nCMD npm start\n", []),
    "unreadable": ("dev.Dockerfile", "FROM node:20\nCOPY <<E /x\n", []),
    "writes-again": ("dev.Dockerfile", NODE.replace("/app", "/b"), ["node_modules"]),
    "takes-others": ("dev.Dockerfile", "FROM a\nCOPY *.json ./\nCOPY --from=x node_modules y\n", ["node_modules"]),
    "onbuild": ("dev.Dockerfile", "FROM node:20\nONBUILD COPY node_modules .\n", ["node_modules"]),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_the_other_dockerfiles_of_the_context(tmp_path: Path, case: str) -> None:
    name, text, expected = OTHERS[case]
    result = rewritten(tmp_path, NODE, {"package.json": "{}", name: text})
    assert patterns(result) == expected
    assert expected or name in declined(result)[0]


def test_a_hidden_dockerfile_counts(tmp_path: Path) -> None:
    files = {"package.json": "{}", "x.Dockerfile": "FROM a\nCOPY node_modules .\n", ".dockerignore": "*Dockerfile\n"}
    assert not rewritten(tmp_path, NODE, files).others


def test_an_ignore_file_of_its_own_concerns_nobody_else(tmp_path: Path) -> None:
    other = {"package.json": "{}", "dev.Dockerfile": "FROM a\nCOPY node_modules .\n"}
    own = rewritten(tmp_path / "a", NODE, {**other, "Dockerfile.dockerignore": "docs\n"})
    assert [beside.path for beside in own.others] == ["Dockerfile.dockerignore"]
    assert patterns(own) == ["docs", "node_modules"]
    theirs = rewritten(tmp_path / "b", NODE, {**other, "dev.Dockerfile.dockerignore": "docs\n"})
    assert patterns(theirs) == ["node_modules"]


def test_what_is_there_is_not_repeated(tmp_path: Path) -> None:
    files = {"package.json": "{}", ".github/CODEOWNERS": ""}
    first = rewritten(tmp_path, NODE, {**files, ".dockerignore": "**/node_modules\n*.md"})
    assert first.others[0].after.text == "**/node_modules\n*.md\n.git\n"
    second = rewritten(tmp_path, NODE, {**files, ".dockerignore": first.others[0].after.text})
    assert not second.others


def test_what_the_ignore_file_brings_back(tmp_path: Path) -> None:
    files = {".git/HEAD": "", ".dockerignore": ".git\n!.git/HEAD\n"}
    assert declined(rewritten(tmp_path, PLAIN, files)) == [".git is not left out: .dockerignore brings part of it back"]


def test_the_copy_that_takes_it_is_named(tmp_path: Path) -> None:
    text = "FROM debian:12\nCOPY conf /etc/app\nCOPY . /app\n"
    result = rewritten(tmp_path, text, {".git/HEAD": "", "conf/a": ""})
    assert [finding.message for finding in result.findings] == [
        "COPY . /app also takes .git, which no step needs: .dockerignore leaves it out"
    ]


def test_no_context_and_too_large_a_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not run(Source(NODE), ONLY, Project(), Options()).findings
    monkeypatch.setattr("rewriter.project.context.LISTING_LIMIT", 1)
    result = rewritten(tmp_path, NODE, {"package.json": "{}", "a": ""})
    assert declined(result) == ["the context holds more than 1 files"]


def test_hostile_lines_of_gitignore(tmp_path: Path) -> None:
    name = "a" * 100
    files = {f"{name}/pom.xml": "", ".gitignore": "*a" * 30 + "b\n"}
    result = rewritten(tmp_path, MAVEN, files)
    assert patterns(result) == []
