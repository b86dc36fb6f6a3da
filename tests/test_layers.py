"""The layer model: what runs again after which edit, and what `dockerslim layers` makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import validate

from rewriter import Options, Project
from rewriter.cli import dockerslim
from rewriter.facts import Facts
from rewriter.layers import EDITS, Layer, improvement, model, percent, repeated, share
from rewriter.project.inputs import inputs, is_manifest
from rewriter.report.aligned import align
from rewriter.report.layers import Compared, Style, closing, legend, table
from rewriter.source import Source
from rewriter.steps.provenance import is_provenance
from rewriter.syntax.reader import read

NODE = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n"
SORTED = NODE.replace("COPY . .\nRUN npm ci\n", "COPY package*.json ./\nRUN npm ci\nCOPY . .\n")


def facts(text: str, root: Path | None = None, **options: str) -> Facts:
    return Facts(read(Source(text)), Options(**options), Project(root))  # type: ignore[arg-type]


def marks(text: str, root: Path | None = None, **options: str) -> list[str]:
    """Per step its first word, and the initials of the edits that repeat it."""
    layers = model(facts(text, root, **options))
    return [f"{la.text.split()[0]} {''.join(e[0] for e in EDITS if e in la.reruns)}".strip() for la in layers]


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


def test_a_miss_invalidates_all_below() -> None:
    assert marks(NODE) == ["FROM b", "WORKDIR b", "COPY smb", "RUN smb", "RUN smb"]
    assert marks(SORTED) == ["FROM b", "WORKDIR b", "COPY mb", "RUN mb", "COPY smb", "RUN smb"]


def test_share_is_that_of_the_costs() -> None:
    layers = model(facts(SORTED))
    again = sum(layer.cost for layer in layers if "source" in layer.reruns)
    assert share(layers, "source") == pytest.approx(again / sum(layer.cost for layer in layers))
    assert share(layers, "source") < share(layers, "manifest") == share(layers, "base") == 1
    assert share((), "base") == 0


def test_evidence_in_one_line() -> None:
    before = facts(NODE)
    assert repeated(before, SORTED) == (
        f"a source edit repeats {percent(share(model(facts(SORTED)), 'source'))} of the build "
        f"instead of {percent(share(model(before), 'source'))} (rule of thumb)"
    )
    assert repeated(before, NODE) == ""
    assert repeated(before, NODE + "# a comment\n") == ""
    assert repeated(before, "RUN <<EOF\n") == ""


def test_evidence_names_another_edit_where_that_one_gains() -> None:
    before = model(facts("FROM node:20\nCOPY package.json .\nRUN apt-get install -y git make gcc\nRUN npm ci\n"))
    after = model(facts("FROM node:20\nRUN apt-get install -y git make gcc\nCOPY package.json .\nRUN npm ci\n"))
    assert improvement(before, after).startswith("a manifest edit repeats ")


@pytest.mark.parametrize(("part", "said"), [(0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.999, ">99 %"), (1, "100 %")])
def test_percent(part: float, said: str) -> None:
    assert percent(part) == said


STAGES = """FROM golang:1.22 AS build
COPY go.mod go.sum ./
RUN go mod download
COPY *.go ./
RUN go build -o /bin/app .
FROM golang:1.22 AS lint
COPY . .
RUN make lint
FROM debian:12
RUN apt-get update
COPY --from=build /bin/app /bin/app
CMD ["app"]
"""


def test_stages() -> None:
    layers = model(facts(STAGES))
    assert [layer.used for layer in layers] == [True] * 5 + [False] * 3 + [True] * 4
    assert marks(STAGES) == [
        *("FROM b", "COPY mb", "RUN mb", "COPY smb", "RUN smb"),
        *("FROM b", "COPY smb", "RUN smb"),
        *("FROM b", "RUN b", "COPY smb", "CMD smb"),
    ]


def test_stages_that_are_not_used_have_no_share() -> None:
    without = STAGES.replace("FROM golang:1.22 AS lint\nCOPY . .\nRUN make lint\n", "")
    assert share(model(facts(STAGES)), "source") == share(model(facts(without)), "source")


@pytest.mark.parametrize("name", ["deps", "0", "DEPS"])
def test_copy_from_a_stage_that_did_not_run_again(name: str) -> None:
    text = f"FROM node:20 AS deps\nCOPY package.json .\nRUN npm ci\nFROM scratch\nCOPY --from={name} /x /x\n"
    assert marks(text)[-1] == "COPY mb"


def test_copy_from_a_stage_of_what_no_changed_step_wrote() -> None:
    text = "FROM scratch AS files\nCOPY go.mod /m/\nCOPY *.go /s/\nFROM scratch\nCOPY --from=files {} /\n"
    assert marks(text.format("/m"))[-1] == "COPY m"
    assert marks(text.format("/s/a.go"))[-1] == "COPY s"
    assert marks(text.format("/"))[-1] == "COPY sm"
    assert marks(text.format("/m*"))[-1] == "COPY sm"


def test_copy_from_another_image_follows_that_image() -> None:
    assert marks("FROM scratch\nCOPY --from=nginx:1.27 /etc/nginx /n\n") == ["FROM", "COPY b"]


def test_a_stage_name_that_comes_later_is_an_image() -> None:
    assert marks("FROM scratch\nCOPY --from=b /x /x\nFROM scratch AS b\nCOPY . .\n")[1] == "COPY b"


def test_a_stage_that_grows_from_another() -> None:
    text = "FROM debian:12 AS base\nCOPY a.py /\nFROM base AS unused\nRUN make\nFROM base\nRUN make\n"
    assert marks(text) == ["FROM b", "COPY sb", "FROM sb", "RUN sb", "FROM sb", "RUN sb"]
    assert [layer.used for layer in model(facts(text))] == [True, True, False, False, True, True]


def test_onbuild_of_another_stage() -> None:
    text = "FROM scratch AS base\nONBUILD COPY . /app\nONBUILD RUN npm ci\nFROM base\nRUN make\n"
    layers = model(facts(text))
    assert marks(text) == ["FROM", "ONBUILD", "ONBUILD", "FROM sm", "RUN sm"]
    assert layers[3].cost == layers[0].cost + 1 + model(facts(NODE))[3].cost


def test_bind_mounts() -> None:
    head = "FROM debian:12 AS a\nCOPY go.mod /\nFROM scratch\n"
    for mount, said in {
        "type=bind,target=/src": "RUN sm",
        "target=/src": "RUN sm",
        "type=bind,source=package.json,target=/p.json": "RUN m",
        "type=bind,src=a.py,target=/a.py": "RUN s",
        "type=bind,from=a,source=/go.mod,target=/m": "RUN mb",
        "type=bind,from=alpine,target=/m": "RUN b",
        "type=cache,target=/root/.cache": "RUN",
        "type=secret,id=x": "RUN",
    }.items():
        assert marks(f"{head}RUN --mount={mount} make\n")[-1] == said, mount
    text = "FROM node:20 AS a\nCOPY . .\nFROM scratch\nRUN --mount=from=a,target=/a make\n"
    assert all(layer.used for layer in model(facts(text)))


def test_here_documents_are_text() -> None:
    assert marks("FROM scratch\nCOPY <<EOF /x\nhello\nEOF\nRUN <<EOF\nmake\nEOF\n") == ["FROM", "COPY", "RUN"]


def test_addresses_are_not_the_context() -> None:
    text = "FROM scratch\nADD https://example.org/a.tgz /\nADD git@example.org:a.git /a\nADD a.py /\n"
    assert marks(text) == ["FROM", "ADD", "ADD", "ADD s"]
    assert [layer.kind for layer in model(facts(text))] == ["base", "remote", "remote", "copy"]


def test_a_build_argument_of_provenance_is_an_input_of_each_step_below() -> None:
    text = "FROM scratch\nRUN a\nARG GIT_SHA=unknown\nLABEL rev=$GIT_SHA\nCOPY a.c .\nRUN b\nFROM scratch\nRUN c\n"
    moved = text.replace("COPY a.c .\n", "COPY go.mod .\n")
    assert marks(text) == ["FROM", "RUN", "ARG s", "LABEL s", "COPY s", "RUN s", "FROM", "RUN"]
    assert marks(moved)[4:6] == ["COPY m", "RUN sm"]


def test_a_variable_of_provenance_outlives_its_stage() -> None:
    text = "FROM scratch AS a\nARG GIT_SHA\nENV V=$GIT_SHA\nFROM a\nRUN b\nFROM a\nENV V=1\nCOPY go.$V /\n"
    assert marks(text)[3:] == ["FROM", "RUN s", "FROM", "ENV", "COPY m"]
    assert marks("FROM scratch\nARG GIT_SHA\nWORKDIR /$GIT_SHA\nCOPY go.mod .\n")[2:] == ["WORKDIR s", "COPY sm"]


def test_other_builders_see_each_changed_setting() -> None:
    text = "FROM scratch\nARG GIT_SHA\nLABEL rev=$GIT_SHA\nCOPY go.mod .\n"
    assert marks(text)[-1] == "COPY m"
    assert marks(text, builder="classic")[-1] == "COPY sm"


@pytest.mark.parametrize(
    ("name", "default", "is_one"),
    [
        ("GIT_SHA", None, True),
        ("git_sha", "unknown", True),
        ("VERSION", "dev", True),
        ("VERSION", '"3.1"', False),
        ("COMMIT", "4f2c9d1", False),
        ("NODE_VERSION", None, False),
    ],
)
def test_provenance(name: str, default: str | None, is_one: bool) -> None:
    assert is_provenance(name, default) is is_one


def test_linked_copies_do_not_stand_on_what_is_below() -> None:
    text = "FROM scratch\nCOPY . .\nCOPY --link package.json /p/\nCOPY --link=false package.json /q/\n"
    assert marks(text) == ["FROM", "COPY sm", "COPY m", "COPY sm"]


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        (".", "ms"),
        ("./", "ms"),
        ("src", "ms"),
        ("src/", "ms"),
        ("*", "ms"),
        ("*.go", "s"),
        ("package.json", "m"),
        ("./web/package-lock.json", "m"),
        ("package*.json", "m"),
        ("go.*", "m"),
        ("requirements/dev.txt", "m"),
        ("**/*.csproj", "m"),
        ("gradle/", "m"),
        (".mvn", "m"),
        ("main.py", "s"),
        ("main*.py", "s"),
    ],
)
def test_sources_by_name(source: str, taken: str) -> None:
    assert "".join(sorted(kind[0] for kind in inputs(Project(), source))) == taken


def test_sources_in_the_context(tmp_path: Path) -> None:
    root = tree(
        tmp_path, "api/package.json", "api/.npmrc", "web/a.js", "web/b/package.json", "lib/a.js", "empty/d/x.pyc"
    )
    tree(tmp_path, "node_modules/a.js", "web/Dockerfile", "go.mod", "LICENSE", "x.toml")
    (root / ".dockerignore").write_text("empty\nlib/*.js\n")
    taken = {
        name: "".join(sorted(k[0] for k in inputs(Project(root), name))) for name in ("api", "web", "web/b", "lib")
    }
    assert taken == {"api": "m", "web": "ms", "web/b": "m", "lib": "ms"}
    assert inputs(Project(root), "*.mod") == {"manifest"}
    assert inputs(Project(root), "[ag]*") == {"manifest"}
    assert inputs(Project(root), "LICENSE") == {"source"}


def test_ignored_files_are_no_input(tmp_path: Path) -> None:
    root = tree(tmp_path, "package.json", "a.js", "Dockerfile")
    assert marks(NODE, root)[2] == "COPY smb"
    (root / ".dockerignore").write_text("*.js\n")
    assert marks(NODE, root)[2] == "COPY mb"
    (root / ".dockerignore").write_text("package.json\n")
    assert marks(NODE, root)[2] == "COPY sb"


def test_names_of_manifests() -> None:
    assert all(map(is_manifest, ("pom.xml", "a/b/Cargo.lock", "App.csproj", "a/.cargo/config.toml")))
    assert not any(map(is_manifest, ("pom.xml.md", "cargo/main.rs", "notpackage.json", "requirements.py")))


@pytest.mark.parametrize(
    ("step", "kind", "seconds"),
    [
        ("RUN apt-get update && apt-get install -y curl", "system-packages", 9.4),
        ('RUN ["apt-get", "install", "-y", "curl"]', "system-packages", 4.4),
        ("RUN pip install -r requirements.txt", "packages", 25.4),
        ("RUN pip install .", "packages", 25.4),
        ("RUN npm ci && npm run build", "packages", 55.4),
        ("RUN yarn build:prod", "build", 25.4),
        ("RUN ./mvnw dependency:go-offline", "packages", 60.4),
        ("RUN ./mvnw package", "build", 60.4),
        ("RUN mix deps.get", "packages", 30.4),
        ("RUN <<EOF\ngo build\nEOF", "build", 30.4),
        ("RUN ./setup.sh", "run", 8.4),
        ("RUN if", "run", 8),
        ("CMD make", "metadata", 0),
    ],
)
def test_costs(step: str, kind: str, seconds: float) -> None:
    layer = model(facts(f"FROM corp/image\n{step}\n"))[1]
    assert (layer.kind, layer.cost) == (kind, seconds)


def test_steps_in_one_line() -> None:
    text = "FROM debian:12\nrun --mount=type=cache,target=/x a \\\n  # why\n  && b <<EOF\nc\n\nEOF\n"
    assert model(facts(text))[1].text == "RUN --mount=type=cache,target=/x a && b <<EOF c"
    assert len(model(facts(f"FROM debian:12\nRUN {'x' * 500}\n"))[1].text) == 240


# The table


def compared(before: str, after: str) -> Compared:
    return Compared(Path("Dockerfile"), model(facts(before)), model(facts(after)), before != after)


def kept(before: str, after: str) -> list[tuple[int | None, int | None, int]]:
    return [
        (row.before and row.before.line, row.after and row.after.line, row.moved)
        for row in align(model(facts(before)), model(facts(after)))
    ]


def test_steps_keep_their_identity() -> None:
    assert kept(NODE, SORTED) == [(1, 1, 0), (2, 2, 0), (None, 3, 0), (4, 4, -1), (3, 5, 0), (5, 6, 0)]
    merged = "FROM debian:12\nRUN apt-get update && apt-get install -y git\nEXPOSE 80/tcp\n"
    apart = "FROM debian\nRUN apt-get update\nRUN apt-get install -y git\nEXPOSE 80/TCP\nCMD a\nCMD b\n"
    assert kept(apart, merged) == [(1, 1, 0), (2, None, 0), (3, 2, 0), (4, 3, 0), (5, None, 0), (6, None, 0)]
    assert kept("FROM a\nCOPY x /\nRUN a\nRUN b\n", "FROM a\nRUN a\nRUN b\nCOPY x /\n")[-1] == (2, 4, 1)


def test_stages_are_told_apart() -> None:
    text = "FROM a AS x\nCOPY . .\nRUN make\nFROM b\nRUN make\n"
    assert kept(text, text.replace("COPY . .\nRUN make", "RUN make\nCOPY . .")) == [
        *((1, 1, 0), (3, 2, -1), (2, 3, 0)),
        *((4, 4, 0), (5, 5, 0)),
    ]


def test_a_long_file_is_compared_at_once() -> None:
    steps = [f"RUN step {n} of {n % 7}\n" for n in range(3_000)]
    rows = kept("FROM a\n" + "".join(steps), "FROM a\n" + "".join(reversed(steps)))
    assert len(rows) == 3_001


TABLE = """\
Dockerfile

                                                before         │ after
  line step                                     src  man  base │ src  man  base
     1 FROM node:20                                        ·   │            ·
     2 WORKDIR /app                                        ·   │            ·
+      COPY package*.json ./                               {}   │       ●    ●
↑    4 RUN npm ci                                ●    ●    ●   │       ●    ●
     3 COPY . .                                  ●    ●    ●   │  ●    ●    ●
     5 RUN npm run build                         ●    ●    ●   │  ●    ●    ●
"""


def test_table() -> None:
    lines = list(table(compared(NODE, SORTED), Style()))
    assert [" ".join(line.split()) for line in lines[:10]] == [
        " ".join(line.split()) for line in TABLE.replace("{}", " ").splitlines()
    ]
    assert max(map(len, lines)) <= 80
    assert len({line.index("│") for line in lines if "│" in line}) == 1
    assert lines[-1].split("│")[1].split() == ["46%", "100%", "100%"]
    assert closing(compared(NODE, SORTED)).startswith("a source edit repeats 46 % of the build instead of 100 %")


def test_table_of_a_file_that_stays() -> None:
    text = "\n".join(table(compared(STAGES, STAGES), Style()))
    assert "│" not in text
    assert "FROM golang:1.22 AS lint (unused stage)" in text
    assert "a source edit repeats" in closing(compared(STAGES, STAGES))
    unused = next(line for line in text.splitlines() if "make lint" in line)
    assert "●" not in unused


def test_table_for_other_terminals() -> None:
    ascii_lines = [*table(compared(NODE, SORTED), Style(encoding="ascii")), legend(Style(encoding="ascii"))]
    assert all(line.isascii() for line in ascii_lines)
    assert any(line.startswith("^    4 RUN npm ci") for line in ascii_lines)
    wide = list(table(compared(NODE, SORTED), Style(width=200)))
    assert any("source manifest base │ source manifest base" in line for line in wide)
    colours = "\n".join(table(compared(NODE, SORTED), Style(colours=True)))
    assert "\x1b[33m●\x1b[0m" in colours
    assert "\x1b" not in "".join(table(compared(NODE, SORTED), Style()))


def test_table_shows_no_command_to_the_terminal() -> None:
    text = f"FROM a\nRUN echo \x1b[31m \udcff 全角{'全' * 60}\n"
    lines = list(table(compared(text, text), Style()))
    assert "\x1b" not in "".join(lines)
    shown = next(line for line in lines if "RUN" in line)
    assert "?[31m ? 全角" in shown
    assert "…" in shown
    "".join(table(compared(text, text), Style(encoding="latin-1"))).encode("latin-1")


# The command


SCHEMA = {
    "type": "object",
    "required": ["version", "files", "errors"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": 1},
        "files": {"type": "array", "items": {"$ref": "#/$defs/file"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "line", "message"],
                "additionalProperties": False,
                "properties": {"path": {"type": "string"}, "line": {"type": ["integer", "null"]}, "message": {}},
            },
        },
    },
    "$defs": {
        "file": {
            "type": "object",
            "required": ["path", "changed", "share", "steps"],
            "additionalProperties": False,
            "properties": {
                "path": {"type": "string"},
                "changed": {"type": "boolean"},
                "share": {
                    "type": "object",
                    "required": ["before", "after"],
                    "additionalProperties": {
                        "type": "object",
                        "required": ["source", "manifest", "base"],
                        "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
                    },
                },
                "steps": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["before", "after", "moved"],
                        "additionalProperties": False,
                        "properties": {
                            "before": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/step"}]},
                            "after": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/step"}]},
                            "moved": {"enum": ["no", "up", "down"]},
                        },
                    },
                },
            },
        },
        "step": {
            "type": "object",
            "required": ["stage", "used", "line", "text", "kind", "seconds", "reruns"],
            "additionalProperties": False,
            "properties": {
                "stage": {"type": "integer", "minimum": 0},
                "used": {"type": "boolean"},
                "line": {"type": "integer", "minimum": 1},
                "text": {"type": "string"},
                "kind": {
                    "enum": [
                        *("metadata", "base", "copy", "remote", "run", "system-packages", "packages", "build"),
                        *("download", "accounts", "files"),
                    ]
                },
                "seconds": {"type": "number", "minimum": 0},
                "reruns": {"type": "array", "items": {"enum": list(EDITS)}, "uniqueItems": True},
            },
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def call(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(dockerslim, ["layers", *words], input=stdin, catch_exceptions=False)


def test_command_prints_a_table_for_each_file_and_writes_nothing(folder: Path) -> None:
    text = "FROM debian:12\nRUN apt-get update\nRUN apt-get install curl\n"
    for name in ("a/Dockerfile", "b/Dockerfile"):
        tree(folder, name)
        (folder / name).write_text(text)
    result = call()
    assert result.exit_code == 0
    assert result.stdout.index("a/Dockerfile") < result.stdout.index("b/Dockerfile")
    assert result.stdout.count("runs again") == 1
    assert result.stdout.count("-    2 RUN apt-get update") == 2
    assert (folder / "a/Dockerfile").read_text() == text


def test_command_prints_json(folder: Path) -> None:
    (folder / "Dockerfile").write_text(NODE + "EXPOSE 80/TCP\n")
    (folder / "b.Dockerfile").write_text("FROM a\nRUN <<EOF\n")
    result = call("--format", "json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    validate(found, SCHEMA)
    assert [file["path"] for file in found["files"]] == ["Dockerfile"]
    assert [error["path"] for error in found["errors"]] == ["b.Dockerfile"]
    assert found["files"][0]["steps"][2]["before"] == {
        "stage": 0,
        "used": True,
        "line": 3,
        "text": "COPY . .",
        "kind": "copy",
        "seconds": 1.0,
        "reruns": ["source", "base"],
    }


def test_command_takes_the_shared_options(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM debian:12\nRUN apt-get update\nRUN apt-get install curl\n")
    assert "before" in call().stdout
    assert "before" not in call("--select", "casing").stdout
    context = tree(folder / "ctx", "a.py")
    (folder / "Dockerfile").write_text(NODE)
    steps = json.loads(call("--context", str(context), "--select", "casing", "--format", "json").stdout)["files"][0]
    assert steps["steps"][2]["after"]["reruns"] == ["source", "base"]


def test_command_reads_standard_input(folder: Path) -> None:
    result = call("-", stdin=NODE)
    assert result.exit_code == 0
    assert "RUN npm run build" in result.stdout


def test_command_without_files(folder: Path) -> None:
    result = call()
    assert (result.exit_code, result.stdout) == (0, "")
    assert call("nowhere").exit_code == 2


def test_layer_is_a_value() -> None:
    assert Layer(0, 1, "RUN a", "run", 1.0, frozenset()) == Layer(0, 1, "RUN a", "run", 1.0, frozenset())
