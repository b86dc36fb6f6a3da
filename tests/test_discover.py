"""Which files are Dockerfiles."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewriter.discover import Found, Trouble, discover, is_dockerfile_name, looks_like_template

FROM = "FROM scratch\n"
NOBODY = 65534


def write(*paths: str, text: str = FROM) -> None:
    for name in paths:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def git(*arguments: str, cwd: str = ".") -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


def found(*paths: str) -> list[str]:
    """What `discover` yields, all of it without trouble."""
    items = list(discover([Path(path) for path in paths]))
    assert [item for item in items if isinstance(item, Trouble)] == []
    return [item.path.as_posix() for item in items]


def trouble(*paths: str) -> dict[str, str]:
    items = discover([Path(path) for path in paths])
    return {item.path.as_posix(): item.reason for item in items if isinstance(item, Trouble)}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return tmp_path


@pytest.fixture(params=["git", "walk", "no git"])
def search(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Search the folder as a git work tree, as a folder outside of one, and as a work tree on a machine without git."""
    how: str = request.param
    if how != "walk":
        git("init", "-q")
    if how == "no git":
        monkeypatch.setenv("PATH", "")
    return how


# Names


TAKEN = """
    Dockerfile dockerfile DOCKERFILE Containerfile containerfile Dockerfile.dev dockerfile.prod Containerfile.x
    web.Dockerfile web.dockerfile web.v1.Dockerfile x.Containerfile .dockerfile .ci.Dockerfile Dockerfile.j2
    Dockerfile.tmpl Dockerfile.template Dockerfile.erb Dockerfile.in Dockerfile.tpl Dockerfile.py.j2
    Dockerfile.debian-12 Dockerfile.3.11 Dockerfile.md.dev readme.md.dockerfile Dockerfile.go Dockerfile.docs
"""


def test_names_taken() -> None:
    assert [name for name in TAKEN.split() if not is_dockerfile_name(name)] == []


LEFT = """
    .dockerignore Dockerfile.dockerignore web.Dockerfile.dockerignore Dockerfile.containerignore Dockerfile~
    Dockerfile.dev~ .Dockerfile.swp .#Dockerfile .#web.Dockerfile ._web.Dockerfile #Dockerfile# #web.Dockerfile#
    Dockerfile.bak Dockerfile.BAK Dockerfile.bak2 Dockerfile.alpine.orig Dockerfile.rej Dockerfile.save Dockerfile.old
    Dockerfile.swp Dockerfile.tmp Dockerfile.~1~ Dockerfile.md Dockerfile.README.md Dockerfile.rst Dockerfile.txt
    Dockerfile.html Dockerfile.adoc Dockerfile.pdf Dockerfile.png Dockerfile.json Dockerfile.yml Dockerfile.yaml
    Dockerfile.tar.gz Dockerfile. dockerfiles Dockerfile-dev mydockerfile docker-compose.yml Makefile
"""


def test_names_left() -> None:
    assert [name for name in LEFT.split() if is_dockerfile_name(name)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile.go", "# syntax=docker/dockerfile:1\n\nFROM golang:1.22 AS build\n"),
        ("Dockerfile.php", "\ufeff\r\nARG VERSION=8\r\nFROM php:$VERSION\r\n"),
        ("Dockerfile.py", "from --platform=linux/amd64 python:3.12\n"),
        ("Dockerfile.SH", "FROM bash\n"),
    ],
)
def test_suffix_of_a_language_on_a_dockerfile(name: str, text: str) -> None:
    write(name, text=text)
    assert found(".") == [name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile.go", "package dockerfile\n\nconst text = `\nFROM scratch\n`\n"),
        ("Dockerfile.py", "# Writes one.\nfrom pathlib import Path\n"),
        ("Dockerfile.sh", "#!/bin/sh\ndocker build .\n"),
        ("Dockerfile.js", ""),
    ],
)
def test_source_of_another_language(name: str, text: str) -> None:
    write(name, text=text)
    assert found(".") == []
    assert found(name) == [name]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("FROM {{ image }}\n", True),
        ("{% if a %}FROM b{% endif %}\n", True),
        ("FROM <%= image %>\n", True),
        ("FROM @@IMAGE@@\n", True),
        ("FROM a\nRUN echo ${x%%y} a@b.org <in\n", False),
    ],
)
def test_template_markers(text: str, verdict: bool) -> None:
    assert looks_like_template(text) is verdict


# Folders


@pytest.mark.usefixtures("search")
def test_folder_search_is_recursive_and_sorted() -> None:
    write("b/Dockerfile", "Dockerfile", "a/z/web.Dockerfile", "a-b/Dockerfile", "a/Dockerfile", "a/Makefile")
    assert found(".") == ["Dockerfile", "a/Dockerfile", "a/z/web.Dockerfile", "a-b/Dockerfile", "b/Dockerfile"]
    assert found("./a/") == ["a/Dockerfile", "a/z/web.Dockerfile"]
    assert found("a/../b") == ["a/../b/Dockerfile"]


@pytest.mark.usefixtures("search")
def test_absolute_folder(folder: Path) -> None:
    write("a/Dockerfile")
    assert found(str(folder)) == [f"{folder.as_posix()}/a/Dockerfile"]


def test_named_files_come_in_the_order_given() -> None:
    write("b", "a/Dockerfile", "c")
    assert list(discover([Path("c"), Path("a"), Path("b")])) == [
        Found(Path("c"), True),
        Found(Path("a/Dockerfile"), False),
        Found(Path("b"), True),
    ]


def test_each_file_once_and_explicit_where_it_is_named() -> None:
    write("a/Dockerfile", "a/b/Dockerfile")
    items = list(discover([Path("a"), Path("a/b"), Path("a/b/Dockerfile"), Path("a/b/Dockerfile")]))
    assert items == [Found(Path("a/Dockerfile"), False), Found(Path("a/b/Dockerfile"), True)]


@pytest.mark.usefixtures("search")
def test_folders_never_searched() -> None:
    write("node_modules/x/Dockerfile", "a/node_modules/Dockerfile", ".venv/lib/Dockerfile", ".git/Dockerfile")
    write("vendor/Dockerfile")
    assert found(".") == ["vendor/Dockerfile"]
    assert found("node_modules/x", "a/node_modules") == ["node_modules/x/Dockerfile", "a/node_modules/Dockerfile"]


@pytest.mark.usefixtures("search")
def test_ignored_by_git() -> None:
    write(".gitignore", text="/build/\n*.local\n!keep.local\n!\n# comment\n[z-a]\ntemp*/\n")
    write("a/.gitignore", text="/Dockerfile\n!Dockerfile.local\n")
    write("build/Dockerfile", "a/build/Dockerfile", "a/Dockerfile", "a/b/Dockerfile", "a/temp1/Dockerfile")
    write("Dockerfile.local", "a/Dockerfile.local", "temp.Dockerfile")
    assert found(".") == ["a/Dockerfile.local", "a/b/Dockerfile", "a/build/Dockerfile", "temp.Dockerfile"]


@pytest.mark.parametrize("search", ["git", "no git"], indirect=True)
@pytest.mark.usefixtures("search")
def test_ignored_by_git_from_above_the_folder() -> None:
    write(".gitignore", text="*.local\n/a/b/c/\n")
    write(".git/info/exclude", text="Dockerfile.mine\n")
    write("a/b/Dockerfile", "a/b/Dockerfile.local", "a/b/c/Dockerfile", "a/b/Dockerfile.mine")
    assert found("a/b") == ["a/b/Dockerfile"]


@pytest.mark.parametrize("search", ["git", "no git"], indirect=True)
@pytest.mark.parametrize("pattern", ["/a/", "/a/b/", "*"])
@pytest.mark.usefixtures("search")
def test_ignored_folder_that_is_named_is_searched(pattern: str) -> None:
    write(".gitignore", text=pattern)
    write("a/b/.gitignore", text="x/\n")
    write("a/b/Dockerfile", "a/b/c/Dockerfile", "a/b/x/Dockerfile")
    assert found(".") == []
    assert found("a/b") == ["a/b/Dockerfile", "a/b/c/Dockerfile"]


@pytest.mark.usefixtures("search")
def test_named_file_is_taken_even_if_git_ignores_it() -> None:
    write(".gitignore", text="*\n")
    write("Dockerfile.md")
    assert list(discover([Path("Dockerfile.md")])) == [Found(Path("Dockerfile.md"), True)]


def test_git_lists_tracked_files_that_it_ignores_and_not_deleted_ones() -> None:
    git("init", "-q")
    write(".gitignore", text="out/\n")
    write("out/Dockerfile", "out/sub/Dockerfile", "gone/Dockerfile", "naïve dir/Dockerfile")
    git("add", "-f", "out/Dockerfile", "gone/Dockerfile", "naïve dir/Dockerfile")
    os.remove("gone/Dockerfile")
    assert found(".") == ["naïve dir/Dockerfile", "out/Dockerfile"]


def test_file_in_conflict_is_found_once() -> None:
    git("init", "-q")
    write("Dockerfile")
    blob = subprocess.run(["git", "hash-object", "-w", "Dockerfile"], capture_output=True, check=True).stdout.decode()
    stages = "".join(f"100644 {blob.strip()} {stage}\tDockerfile\n" for stage in (1, 2, 3))
    subprocess.run(["git", "update-index", "--index-info"], input=stages.encode(), check=True)
    assert found(".") == ["Dockerfile"]


def test_submodules_and_nested_repositories_are_searched() -> None:
    git("init", "-q", "library")
    write("library/Dockerfile", "library/build/Dockerfile")
    write("library/.gitignore", text="build/\n")
    git("add", ".", cwd="library")
    git("commit", "-q", "-m", "x", cwd="library")
    git("init", "-q", "project")
    git("submodule", "add", "-q", "../library", "sub", cwd="project")
    git("init", "-q", "project/nested")
    write("project/nested/Dockerfile", "project/sub/build/Dockerfile", "project/sub/build/Dockerfile.tracked")
    git("add", "-f", "build/Dockerfile.tracked", cwd="project/sub")
    expected = ["project/nested/Dockerfile", "project/sub/Dockerfile", "project/sub/build/Dockerfile.tracked"]
    assert found("project") == expected
    write("Dockerfile")  # and so from a folder that is no repository, but holds some
    shutil.rmtree("library")
    assert found(".") == ["Dockerfile", *expected]


def test_submodule_that_is_not_checked_out() -> None:
    git("init", "-q")
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    Path("sub").mkdir()
    assert found(".") == []
    write("sub/Dockerfile")
    assert found(".") == found("sub") == ["sub/Dockerfile"]
    write("sub/.git/x")  # no repository, so git sees only the one around it
    assert found(".") == found("sub") == ["sub/Dockerfile"]


def test_variables_of_a_git_hook_do_not_mislead(monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "-q", "a")
    git("init", "-q", "b")
    write("b/Dockerfile", "b/out/Dockerfile")
    write("b/.gitignore", text="out/\n")
    git("add", "-f", "out/Dockerfile", cwd="b")
    monkeypatch.setenv("GIT_DIR", os.path.abspath("a/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", os.path.abspath("a/.git/index"))
    assert found("b") == ["b/Dockerfile", "b/out/Dockerfile"]


def test_search_runs_no_program_that_the_repository_names() -> None:
    git("init", "-q")
    write("Dockerfile")
    write("monitor", text="#!/bin/sh\ntouch ran\n")
    os.chmod("monitor", 0o755)
    git("add", ".")
    git("config", "core.fsmonitor", os.path.abspath("monitor"))
    assert found(".") == ["Dockerfile"]
    assert not os.path.exists("ran")


@pytest.mark.usefixtures("search")
def test_folder_called_dockerfile() -> None:
    write("a/Dockerfile/x.txt", "a/Dockerfile/Dockerfile", "b/Dockerfile/y")
    assert found(".") == found("a") == ["a/Dockerfile/Dockerfile"]
    assert found("b") == []
    assert trouble("b/Dockerfile") == {"b/Dockerfile": "it is a folder, and there is no Dockerfile in it"}


def test_deep_folders() -> None:
    name = "d/" * 1200
    at = os.open(".", os.O_RDONLY)
    for part in name.split("/")[:-1]:
        os.mkdir(part, dir_fd=at)
        at, old = os.open(part, os.O_RDONLY, dir_fd=at), at
        os.close(old)
    os.close(os.open("Dockerfile", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)
    assert found(".") == [f"{name}Dockerfile"]
    subprocess.run(["rm", "-rf", "d"], check=True)  # shutil.rmtree is recursive


def test_modules_are_imported_only_where_they_are_needed() -> None:
    write("Dockerfile", "a/Dockerfile")
    code = (
        "import sys, pathlib; before = set(sys.modules)\n"
        "from rewriter.discover import discover\n"
        "assert len(list(discover([pathlib.Path('Dockerfile'), pathlib.Path()]))) == 2\n"
        "sys.exit(len({'pathspec', 'subprocess'} & (set(sys.modules) - before)))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


# Links


@pytest.mark.usefixtures("search")
def test_links() -> None:
    write("z/real.Dockerfile", "outside.txt")
    os.symlink("z/real.Dockerfile", "Dockerfile")  # the file wins over the link
    os.symlink("../outside.txt", "z/Dockerfile.outside")
    os.symlink(".", "loop")
    os.symlink("..", "z/loop")
    os.symlink("z", "Dockerfile.folder")
    assert found(".") == ["z/Dockerfile.outside", "z/real.Dockerfile"]
    assert found("Dockerfile", ".") == ["Dockerfile", "z/Dockerfile.outside"]
    assert found("Dockerfile.folder") == ["Dockerfile.folder/Dockerfile.outside", "Dockerfile.folder/real.Dockerfile"]


@pytest.mark.usefixtures("search")
def test_links_that_lead_nowhere() -> None:
    os.symlink("missing", "Dockerfile")
    os.symlink("b.Dockerfile", "a.Dockerfile")
    os.symlink("a.Dockerfile", "b.Dockerfile")
    os.symlink("nobody@host.123", ".#x.Dockerfile")  # how Emacs locks a file
    expected = {
        "Dockerfile": "it is a link to missing, which does not exist",
        "a.Dockerfile": "it is a link that leads in a circle",
        "b.Dockerfile": "it is a link that leads in a circle",
    }
    assert trouble(".") == expected
    assert trouble(*expected) == expected


@pytest.mark.usefixtures("search")
def test_first_of_several_links_to_a_file_outside(folder: Path) -> None:
    write("target/x")
    for number in range(10):
        Path("a").mkdir(exist_ok=True)
        os.symlink(folder / "target/x", f"a/Dockerfile.{9 - number}")
    assert found("a") == ["a/Dockerfile.0"]


# Trouble


def test_missing_path_does_not_stop_the_others() -> None:
    write("Dockerfile")
    items = list(discover([Path("nope"), Path("Dockerfile/x"), Path("Dockerfile")]))
    assert items == [
        Trouble(Path("nope"), "there is no such file or folder"),
        Trouble(Path("Dockerfile/x"), "there is no such file or folder"),
        Found(Path("Dockerfile"), True),
    ]


def test_name_that_is_too_long() -> None:
    name = "x" * 300
    assert trouble(name) == {name: f"it cannot be opened: {os.strerror(errno.ENAMETOOLONG)}"}


@pytest.mark.usefixtures("search")
def test_pipe_is_no_dockerfile_in_a_search() -> None:
    os.mkfifo("Dockerfile")
    assert found(".") == []
    assert found("Dockerfile") == ["Dockerfile"]


@pytest.fixture
def unprivileged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in a new folder, as a user whom permissions bind."""
    if os.geteuid() != 0:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        monkeypatch.chdir(folder)
        os.setresuid(NOBODY, NOBODY, 0)
        try:
            if not os.access(folder, os.R_OK):
                pytest.skip("the folder for temporary files is root's alone")
            yield
        finally:
            os.setresuid(0, 0, 0)


@pytest.mark.usefixtures("unprivileged", "search")
def test_no_permission() -> None:
    write("a/Dockerfile", "b/Dockerfile", "c/Dockerfile", "c/d/Dockerfile")
    os.chmod("a", 0)
    os.chmod("c/d", 0)
    os.chmod("b/Dockerfile", 0)
    denied = os.strerror(errno.EACCES)
    try:
        assert trouble("c") == {"c/d": f"the folder cannot be searched: {denied}"}
        assert list(discover([Path()])) == [
            Trouble(Path("a"), f"the folder cannot be searched: {denied}"),
            Trouble(Path("b/Dockerfile"), "there is no permission to read it"),
            Found(Path("c/Dockerfile"), False),
            Trouble(Path("c/d"), f"the folder cannot be searched: {denied}"),
        ]
        assert trouble("a") == {"a": f"the folder cannot be searched: {denied}"}
        assert trouble("a/Dockerfile") == {"a/Dockerfile": "there is no permission to open it"}
    finally:
        os.chmod("a", 0o700)
        os.chmod("c/d", 0o700)
