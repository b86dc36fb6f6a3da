"""Where the build context of a Dockerfile is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter import Source
from rewriter.batch import Settings, process_bytes
from rewriter.project import hcl, plain_yaml
from rewriter.project.discovery import locate, targets
from rewriter.syntax.from_context import from_context, needed
from rewriter.syntax.reader import read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a Dockerfile in a folder of its own."""
    for path in (".git/HEAD", "docker/app/Dockerfile", "src/app.py", "requirements.txt", "docker/nginx.conf"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    return tmp_path


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def found(root: Path, *sources: str) -> str | None:
    """The context of docker/app/Dockerfile, relative to the repository."""
    context = locate(root / "docker" / "app" / "Dockerfile", sources).root
    return str(context.relative_to(root)) if context else None


COMPOSE = {
    "short": ("docker/compose.yaml", "services: {app: {build: ./app}}", "docker/app"),
    "long": (
        "docker-compose.yml",
        "services:\n  app:\n    build:\n      context: .\n      dockerfile: docker/app/Dockerfile\n",
        ".",
    ),
    "upwards": (
        "docker/app/docker-compose.yml",
        "services: {app: {build: {context: ../.., dockerfile: docker/app/Dockerfile}}}",
        ".",
    ),
    "no-context": ("docker/compose.yml", "services: {app: {build: {dockerfile: app/Dockerfile}}}", "docker"),
    "defaults": (
        "compose.yml",
        "services: {app: {build: {context: '${ROOT:-.}', dockerfile: '${D-docker}/app/Dockerfile'}}}",
        ".",
    ),
    "anchors": (
        "compose.yml",
        "x-build: &build {dockerfile: docker/app/Dockerfile}\n"
        "services: {app: {build: {<<: *build, context: .}}, job: {build: {<<: *build, context: .}}}",
        ".",
    ),
    "tags": (
        "compose.yml",
        "services: {app: {ports: !override [1], build: {context: ., dockerfile: docker/app/Dockerfile}}}",
        ".",
    ),
    "another-name": (
        "docker-compose.prod.yaml",
        "services: {app: {build: {context: ., dockerfile: docker/app/Dockerfile}}}",
        ".",
    ),
    # what does not say it: the folder in which the sources are decides then
    "unknown-variable": ("compose.yml", "services: {app: {build: {context: '${ROOT}', dockerfile: x}}}", "docker"),
    "url": ("compose.yml", "services: {app: {build: 'https://github.com/a/b.git'}}", "docker"),
    "another-file": ("compose.yml", "services: {app: {build: .}}", "docker"),
    "inline": ("docker/app/compose.yml", "services: {app: {build: {context: ., dockerfile_inline: FROM a}}}", "docker"),
    "out-of-the-repository": ("docker/app/compose.yml", "services: {app: {build: {context: ../../.., "
                              "dockerfile: ../../../Dockerfile}}}", "docker"),
    "no-folder": ("docker/compose.yml", "services: {a: {build: {context: x, dockerfile: ../app/Dockerfile}}}",
                  "docker"),
    "broken": ("compose.yml", "services: [", "docker"),
    "odd": ("compose.yml", "services: {a: 1, b: {build: [1]}, c: {build: {context: [], dockerfile: 3}}}",
            "docker"),
    "a-list": ("compose.yml", "- build\n", "docker"),
    "binary": ("compose.yml", "build\0", "docker"),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPOSE)
def test_a_compose_file(root: Path, case: str) -> None:
    name, text, context = COMPOSE[case]
    put(root, name, text)
    assert found(root, "nginx.conf") == context


def test_further_compose_files_complete_the_main_one(root: Path) -> None:
    put(
        root,
        "compose.yml",
        "services: {app: {build: {context: ., dockerfile: docker/app/Dockerfile}}, other: {image: a}}",
    )
    put(
        root,
        "compose.override.yml",
        "services: {app: {build: {target: dev, args: [A=1, B]}}, other: {build: {target: x}}}",
    )
    put(root, "compose.prod.yml", "services: {app: {build: {target: prod, args: {C: 2, D: '${E}'}}}}")
    located = locate(root / "docker" / "app" / "Dockerfile", ())
    assert located.root == root
    assert located.why == "compose.yml builds app from it"
    assert located.targets == ("dev", "prod")
    assert located.args == {"A": "1", "C": "2"}
    assert located.services == ("app",)


def test_services_that_disagree(root: Path) -> None:
    put(
        root,
        "compose.yml",
        "services: {a: {build: {context: ., dockerfile: docker/app/Dockerfile}}, b: {build: docker/app}}",
    )
    assert found(root, "src", "requirements.txt") == "."
    located = locate(root / "docker" / "app" / "Dockerfile", ["."])
    assert located.root is None
    assert located.why == "a in compose.yml and b in compose.yml build it from different folders"


BAKE = {
    "hcl": (
        "docker-bake.hcl",
        """
        variable "DIR" { default = "docker" }  # a comment
        group "default" { targets = ["app", "web"] }
        target "_base" {
          context = "."
          args = { V = "1", W = "${upper("x")}" }
        }
        /* more
           than one line */
        target "app" {
          inherits   = ["_base"]
          dockerfile = "${DIR}/app/Dockerfile" // another
          tags       = ["r/app:${TAG}", join(",", ["a", "b"])]
          args = {
            X = 2 > 1 ? "a" : "b"
            Y = "3"
          }
          target = "final"
        }
        function "f" { params = [a] result = a }
        """,
    ),
    "json": (
        "docker-bake.json",
        '{"target": {"app": {"context": ".", "dockerfile": "docker/app/Dockerfile", "target": "final",'
        ' "args": {"V": "1", "Y": "3"}}}}',
    ),
}


@pytest.mark.parametrize("case", BAKE)
def test_a_bake_file(root: Path, case: str) -> None:
    put(root, *BAKE[case])
    located = locate(root / "docker" / "app" / "Dockerfile", ["nginx.conf"])
    assert located.root == root
    assert located.why == f"{BAKE[case][0]} builds app from it"
    assert located.targets == ("final",)
    assert located.args == {"V": "1", "Y": "3"}


def test_a_bake_override(root: Path) -> None:
    put(root, "docker-bake.hcl", 'target "app" {\n dockerfile = "app/Dockerfile"\n context = "src"\n}\n')
    put(root, "docker-bake.override.json", '{"target": {"app": {"context": "docker"}}}')
    assert found(root, "src") == "docker"


def test_a_bake_file_beside_which_the_dockerfile_lies(root: Path) -> None:
    put(
        root / "docker" / "app",
        "docker-bake.hcl",
        'target "x" {\n context = "../.."\n dockerfile = "cwd://Dockerfile"\n}',
    )
    assert found(root, "nginx.conf") == "."


WORKFLOW = """
on: push
jobs:
  image:
    steps:
      - uses: actions/checkout@v4
      - uses: docker/build-push-action@v6
        with:
          {}
"""


@pytest.mark.parametrize(
    ("given", "context"),
    [
        ("file: docker/app/Dockerfile", "."),
        ("context: docker/app", "docker/app"),
        ("{context: docker, file: ./docker/app/Dockerfile}", "docker"),
        ("{context: '${{ matrix.folder }}', file: docker/app/Dockerfile}", "docker"),
        ("{context: 'https://github.com/a/b.git', file: docker/app/Dockerfile}", "docker"),
        ("push: true", "docker"),
    ],
)
def test_a_workflow(root: Path, given: str, context: str) -> None:
    put(root, ".github/workflows/image.yml", WORKFLOW.format(given))
    assert found(root, "nginx.conf") == context


def test_a_compose_file_stands_above_a_workflow(root: Path) -> None:
    put(root, ".github/workflows/image.yml", WORKFLOW.format("file: docker/app/Dockerfile"))
    put(root, "docker/compose.yml", "services: {app: {build: app}}")
    assert found(root) == "docker/app"


@pytest.mark.parametrize(
    ("sources", "context"),
    [
        ((), "docker/app"),
        ((".",), "docker/app"),
        (("src", "requirements.txt"), "."),
        (("nginx.conf",), "docker"),
        (("docker/nginx.conf", "src"), "."),
        (("src/*.py",), "."),
        (("s*/app.py",), "docker/app"),
        (("src", "gone"), "docker/app"),
        (("dist",), "docker/app"),
        (("x\0y",), "docker/app"),
        (("y" * 5000, "[]]**"), "docker/app"),
    ],
)
def test_the_sources_decide_when_nothing_else_does(root: Path, sources: tuple[str, ...], context: str) -> None:
    (root / "dist").mkdir()
    assert found(root, *sources) == context


def test_nothing_above_the_repository_is_looked_at(root: Path) -> None:
    inner = root / "docker" / "app"
    (inner / ".git").mkdir()
    put(root, "compose.yml", "services: {app: {build: {context: ., dockerfile: docker/app/Dockerfile}}}")
    assert found(root, "src") == "docker/app"


def test_without_a_repository_not_far_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    for above, context in (("a/b/c/d", "home/u"), ("a/b/c/d/e", "home/u/a/b/c/d/e")):
        folder = tmp_path / "home" / "u" / above
        folder.mkdir(parents=True)
        put(tmp_path, "home/u/file", "")
        put(tmp_path, "home/own", "")
        assert locate(folder / "Dockerfile", ["file"]).root == tmp_path / context
        assert locate(folder / "Dockerfile", ["own"]).root == folder


def test_hostile_files_do_no_harm(root: Path) -> None:
    bomb = "a0: &a0 {k: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40))
    texts = [
        bomb,
        "[" * 300_000,
        "- " * 100_000,
        "? " * 100_000,
        "a:\n" + " " * 399_000,
        "x: 1" + "0" * 9_999,
        "a: 2020-99-99",
    ]
    for number, text in enumerate(texts):
        put(root, f"compose.{number}.yml", f"{text}\n# build")
    put(root, "docker-bake.hcl", 'target "a" {\n' + "b {\n" * 5_000 + 'x = "' + "${a}" * 20_000)
    put(root, "docker-bake.json", "[" * 200_000)
    put(root, "compose.large.yml", "# build\n" * 100_000)
    (root / "compose.loop.yml").symlink_to("compose.loop.yml")
    (root / "compose.folder.yml").mkdir()
    assert found(root, "src") == "."


@pytest.mark.parametrize(
    "text",
    ["}", '"a" {', "a {", 'a "b', "a { b = [1", "a { b = {c", "a { b = {c d} }", "a {\n" * 90, "a = " + "[" * 90],
)
def test_broken_hcl(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        hcl.blocks(text)


def test_hcl_values() -> None:
    text = 'a "b" "c" {\n x = NAME\n y = [\n "1",\n 2,\n f(\n"x"),\n]\n z = <<EOT\nq = "r"\nEOT\n w = true\n'
    text += ' "v" = "q\\"${n}\\n"\n}'
    (block,) = hcl.blocks(text)
    assert (block.kind, block.labels) == ("a", ("b", "c"))
    assert block.values == {"x": "${NAME}", "y": ["1", None, None], "z": None, "w": None, "v": 'q"${n}\n'}


@pytest.mark.parametrize("text", ["[" * 300, "a: [", "&a [*b]", "\0", "a: " + "1" * 9_999])
def test_what_is_no_plain_yaml(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain_yaml.load(text)


def test_plain_yaml() -> None:
    assert plain_yaml.load("a: &x {b: 1}\nc: {<<: *x, d: !t 2}\n---\ne: 1\n") == {
        "a": {"b": 1},
        "c": {"b": 1, "d": None},
    }
    assert plain_yaml.load("") is None
    many = "".join(f"k{n}: {n}\n" for n in range(6_000))
    assert len(plain_yaml.load(many)) == 6_000


DOCKERFILE = """\
FROM a AS build
COPY package.json ./yarn.lock* /app/
COPY --from=build /x /y
ADD https://example.com/a.tgz src/ /b
COPY ["a b", "$X/c", "/d/"]
COPY *.csproj .
COPY <<E /e
E
RUN --mount=type=cache,target=/c --mount=source=tools,target=/t --mount=type=bind,target=/all true
RUN --mount=type=bind,from=build,source=q,target=/q true
ONBUILD COPY never .
"""


def test_what_a_dockerfile_takes() -> None:
    file = read(Source(DOCKERFILE))
    assert [taken.paths for taken in from_context(file)] == [
        ("package.json", "yarn.lock*"), ("src",), ("a b", None), ("*.csproj",), ("tools", "."),
    ]  # fmt: skip
    assert needed(file) == ("package.json", "src", "a b", "*.csproj", "tools", ".")


def test_the_command_finds_the_context(root: Path) -> None:
    text = b"FROM debian:12\nADD src /app/src\nADD docker/nginx.conf /etc/\n"
    done = process_bytes(text, root / "docker" / "app" / "Dockerfile", Settings())
    assert done.rewrite is not None
    files = {evidence.file for finding in done.rewrite.findings for evidence in finding.evidence}
    assert {"src", "docker/nginx.conf"} <= files
    elsewhere = process_bytes(text, root / "docker" / "app" / "Dockerfile", Settings(context=root / "gone"))
    assert elsewhere.rewrite is not None
    assert not any(evidence.file for finding in elsewhere.rewrite.findings for evidence in finding.evidence)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Makefile", "image:\n\tdocker build --target Builder -t app .\n"),
        ("ci/build.sh", ""),
        (".github/workflows/image.yml", "jobs:\n  a:\n    steps:\n      - run: docker build --target=builder .\n"),
        ("scripts/image.sh", "docker buildx build --target 'builder' ."),
    ],
)
def test_targets_of_commands(tmp_path: Path, name: str, text: str) -> None:
    """A folder that is not known to hold commands is not looked into."""
    (tmp_path / ".git").mkdir()
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert targets(tmp_path) == (frozenset(("builder",)) if text else frozenset())
