"""Go: what a download reads, and the download that runs before the sources are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.asked import answer, known, obstacle

MOD = """\
module example.org/shop

go 1.22

require (
	github.com/go-chi/chi/v5 v5.0.12
	golang.org/x/text v0.14.0 // indirect
)
"""
SUM = """\
github.com/go-chi/chi/v5 v5.0.12 h1:A=
github.com/go-chi/chi/v5 v5.0.12/go.mod h1:B=
golang.org/x/text v0.14.0 h1:C=
golang.org/x/text v0.14.0/go.mod h1:D=
"""
LIB = "module example.org/lib\n\ngo 1.22\n"
FILES = {"go.mod": MOD, "go.sum": SUM, "cmd/api/main.go": "package main\n"}
WORK = {
    "go.work": "go 1.22\n\nuse (\n\t./api\n\t./lib\n)\n",
    "api/go.mod": MOD + "require example.org/lib v0.0.0\n",
    "api/go.sum": SUM,
    "lib/go.mod": LIB,
}


@pytest.mark.parametrize(
    ("command", "fetch"),
    [
        ("go build", "go mod download"),
        ('CGO_ENABLED=0 GOOS=linux go build -ldflags "-s -w" -o /api ./cmd/api', "go mod download"),
        ("go build -mod=readonly '-ldflags=-s -w' -o bin/$NAME ./cmd/$NAME", "go mod download"),
        ("env GOPROXY=direct CC=gcc go install ./...", "GOPROXY=direct go mod download"),
        (
            "GOPRIVATE='example.org/*' https_proxy=http://p:1 go test ./...",
            "GOPRIVATE='example.org/*' https_proxy=http://p:1 go mod download",
        ),
        ("time go vet ./...", "go mod download"),
        ("go run ./cmd/api", "go mod download"),
        ("/usr/local/bin/go build", "/usr/local/bin/go mod download"),
    ],
)
def test_a_build(tmp_path: Path, command: str, fetch: str) -> None:
    found = known(answer(tmp_path, FILES, command))
    assert found.reads == ("go.mod", "go.sum")
    assert found.leaves == ()
    assert found.fetch == fetch
    assert found.still.endswith("still compiles everything")
    assert [str(fact) for fact in found.evidence] == ["go.mod:6: requires 2 modules"]


@pytest.mark.parametrize(
    "command", ["go get -d -v ./...", "go get example.org/more@v1", "go mod tidy", "go mod vendor"]
)
def test_what_edits_the_manifests_stays_behind_them(tmp_path: Path, command: str) -> None:
    found = known(answer(tmp_path, FILES, command))
    assert found.fetch == "go mod download"
    assert found.still == f"{' '.join(command.split()[: 3 if 'mod' in command else 2])} still downloads what it adds"


def test_generated_sources(tmp_path: Path) -> None:
    found = known(answer(tmp_path, FILES, "go generate ./..."))
    assert found.fetch == "go mod download"
    assert found.still == "go generate still runs its programs"


@pytest.mark.parametrize(
    ("before", "command", "fetch"),
    [
        (
            "go env -w GOPROXY=https://goproxy.cn,direct",
            "go build",
            "GOPROXY=https://goproxy.cn,direct go mod download",
        ),
        ("go env -w GO111MODULE=on CGO_ENABLED=0 GOBIN=/bin", "go build", "go mod download"),
        ("go env -w GOPRIVATE='a b'", "GOSUMDB=off go build", "GOPRIVATE='a b' GOSUMDB=off go mod download"),
        ("go env -w GOPROXY=off", "GOPROXY=direct go build", "GOPROXY=direct go mod download"),
    ],
)
def test_what_go_keeps(tmp_path: Path, before: str, command: str, fetch: str) -> None:
    assert known(answer(tmp_path, FILES, command, before=before)).fetch == fetch
    assert (
        known(answer(tmp_path, FILES, "go build", before=before, env={"GOPROXY": "x", "GOPRIVATE": "y"})).fetch
        == "go mod download"
    )


@pytest.mark.parametrize("command", ["go mod download", "go mod download -x", "go mod verify"])
def test_a_download(tmp_path: Path, command: str) -> None:
    found = known(answer(tmp_path, FILES, command))
    assert found.reads == ("go.mod", "go.sum")
    assert found.fetch is None


def test_a_download_of_nothing_reads_a_go_sum_that_is_added(tmp_path: Path) -> None:
    assert known(answer(tmp_path, {"go.mod": LIB}, "go mod download")).reads == ("go.*",)


def test_a_download_that_would_add_a_checksum(tmp_path: Path) -> None:
    files = {"go.mod": MOD, "go.sum": SUM.splitlines()[0] + "\n"}
    assert obstacle(answer(tmp_path, files, "go mod download")) == (
        "go.mod:7 requires golang.org/x/text v0.14.0, whose checksum go.sum does not hold"
    )
    assert known(answer(tmp_path, files, "go build")).fetch


def test_the_checksum_of_what_is_put_in_the_place_of_a_module(tmp_path: Path) -> None:
    fork = MOD + "replace golang.org/x/text => github.com/fork/text v0.14.1\n"
    files = {"go.mod": fork, "go.sum": SUM + "github.com/fork/text v0.14.1 h1:E=\n"}
    assert known(answer(tmp_path, files, "go mod download")).reads == ("go.mod", "go.sum")
    assert "x/text" in obstacle(answer(tmp_path, {**files, "go.sum": SUM}, "go mod download"))


@pytest.mark.parametrize(
    "command",
    [
        *("go fmt ./...", "go list ./...", "go clean -cache", "go mod init x", "go tool cover"),
        *("go mod download golang.org/x/text", "go version bin/api", "go run example.org/gen@v1 ./...", "go"),
        *("GO111MODULE=off go build", "go build -mod=vendor", "GOFLAGS='-v -mod=vendor' go build"),
    ],
)
def test_not_judged(tmp_path: Path, command: str) -> None:
    assert answer(tmp_path, FILES, command) is None


@pytest.mark.parametrize("command", ["go version", "go env -w GOPROXY=direct", "go env"])
def test_nothing_is_read(tmp_path: Path, command: str) -> None:
    assert known(answer(tmp_path, FILES, command)).reads == ()


def test_a_published_tool(tmp_path: Path) -> None:
    command = "go install example.org/a@v1.0.0 example.org/b@$VERSION"
    assert known(answer(tmp_path, {}, command)).reads == ()
    # the line `toolchain` counts here, too
    assert known(answer(tmp_path, FILES, command)).reads == ("go.mod",)
    assert known(answer(tmp_path, FILES, command, env={"GOTOOLCHAIN": "local"})).reads == ()
    assert known(answer(tmp_path, WORK, command, folder="/app/api")).reads == ("go.mod", "/app/go.work")
    assert "/app/bin" in obstacle(answer(tmp_path, FILES, f"GOBIN=/app/bin {command}"))
    assert "/app/go" in obstacle(answer(tmp_path, FILES, command, env={"GOPATH": "/app/go"}))


def test_nothing_to_download(tmp_path: Path) -> None:
    assert answer(tmp_path, {"go.mod": LIB}, "go build") is None
    local = f"{LIB}require example.org/a v0.0.0\nreplace example.org/a => ./a\n"
    assert answer(tmp_path, {"go.mod": local, "a/go.mod": LIB}, "go build") is None
    assert answer(tmp_path, FILES, "go build", before="go mod download") is None


def test_no_module(tmp_path: Path) -> None:
    assert answer(tmp_path, {"main.go": "package main\n"}, "go build") is None


def test_a_vendor_folder(tmp_path: Path) -> None:
    files = {**FILES, "vendor/modules.txt": ""}
    assert answer(tmp_path, files, "go build") is None
    assert known(answer(tmp_path, files, "go build -mod=mod")).fetch
    assert known(answer(tmp_path, files, "go mod download")).reads
    assert known(answer(tmp_path, {**files, ".dockerignore": "vendor\n"}, "go build")).fetch


def test_a_folder_below_the_module(tmp_path: Path) -> None:
    found = known(answer(tmp_path, FILES, "go build", folder="/app/cmd/api"))
    assert found.reads == ("/app/go.mod", "/app/go.sum")
    assert found.fetch == "cd /app && go mod download"


@pytest.mark.parametrize("command", ["go build -C server", "go -C server build"])
def test_another_folder(tmp_path: Path, command: str) -> None:
    files = {"server/go.mod": MOD, "server/go.sum": SUM}
    found = known(answer(tmp_path, files, command))
    assert found.reads == ("server/go.mod", "server/go.sum")
    assert found.fetch == "cd server && go mod download"
    assert known(answer(tmp_path, files, "go build", folder="/app/server")).reads == ("go.mod", "go.sum")


def test_a_folder_stands_in_for_a_module(tmp_path: Path) -> None:
    mod = MOD + "require example.org/lib v0.0.0\nreplace example.org/lib v0.0.0 => ./lib // ours\n"
    found = known(answer(tmp_path, {**FILES, "go.mod": mod, "lib/go.mod": LIB}, "go build"))
    assert found.reads == ("go.mod", "go.sum", "lib/go.mod")
    assert [str(fact) for fact in found.evidence] == [
        "go.mod:6: requires 2 modules",
        "lib/go.mod: stands in for example.org/lib",
    ]


def test_what_a_folder_requires_that_stands_in(tmp_path: Path) -> None:
    mod = "module example.org/m\nrequire example.org/lib v0.0.0\nreplace example.org/lib => ./lib\n"
    found = known(answer(tmp_path, {"go.mod": mod, "go.sum": SUM, "lib/go.mod": MOD}, "go build"))
    assert found.reads == ("go.mod", "go.sum", "lib/go.mod")


def test_a_folder_that_is_not_copied(tmp_path: Path) -> None:
    mod = MOD + "replace example.org/lib => ../lib\n"
    reason = "go.mod:9 replaces example.org/lib by ../lib, which is not copied with its go.mod"
    assert obstacle(answer(tmp_path, {**FILES, "go.mod": mod}, "go build")) == reason
    assert obstacle(answer(tmp_path, {**FILES, "go.mod": mod}, "go mod download")) == reason


def test_a_workspace(tmp_path: Path) -> None:
    found = known(answer(tmp_path, WORK, "go build ./api"))
    assert found.reads == ("go.work*", "api/go.mod", "api/go.sum", "lib/go.*")
    assert found.fetch == "go mod download"
    assert str(found.evidence[0]) == "go.work:4: uses ./api and ./lib"
    found = known(answer(tmp_path, {**WORK, "go.work.sum": ""}, "go build", folder="/app/api"))
    assert found.reads == ("/app/go.work", "/app/go.work.sum", "go.mod", "go.sum", "/app/lib/go.*")
    assert found.fetch == "go mod download"
    found = known(answer(tmp_path, WORK, "go build", folder="/app/api/cmd"))
    assert found.fetch == "cd /app/api && go mod download"


def test_a_workspace_that_is_off(tmp_path: Path) -> None:
    assert known(answer(tmp_path, WORK, "GOWORK=off go build", folder="/app/api")).reads == ("go.mod", "go.sum")
    assert answer(tmp_path, WORK, "GOWORK=off go build ./api") is None
    assert "GOWORK" in obstacle(answer(tmp_path, WORK, "GOWORK=/app/other.work go build"))


def test_workspaces_that_are_not_whole(tmp_path: Path) -> None:
    assert (
        obstacle(answer(tmp_path, {"go.work": "go 1.22\nuse ./api\n"}, "go build"))
        == "/app/api/go.mod is not copied into the image"
    )
    assert "not in the workspace" in obstacle(answer(tmp_path, {**WORK, **FILES}, "go build"))


def test_a_workspace_with_replacements(tmp_path: Path) -> None:
    files = {**WORK, "go.work": WORK["go.work"] + "replace example.org/a => ./a\n", "a/go.mod": LIB}
    assert known(answer(tmp_path, files, "go build ./api")).reads[-1] == "a/go.mod"
    (tmp_path / "a/go.mod").unlink()
    assert obstacle(answer(tmp_path, {}, "go build ./api")).startswith("go.work:7 replaces example.org/a by ./a")


@pytest.mark.parametrize(
    ("files", "command", "reason"),
    [
        ({"go.mod": MOD}, "go build", "/app/go.sum is not copied into the image"),
        ({"go.mod": MOD}, "go mod download", "/app/go.sum is not copied into the image"),
        ({**FILES, ".dockerignore": "go.sum\n"}, "go build", "go.sum is left out by .dockerignore"),
        ({**FILES, ".dockerignore": "go.mod\n"}, "go build", "go.mod is left out by .dockerignore"),
        (
            {**FILES, "go.mod": MOD + "plugin x\n"},
            "go build",
            "go.mod holds a directive that is not known (line 9: plugin)",
        ),
        (FILES, "go build $FLAGS .", "go build takes options from $FLAGS"),
        (FILES, 'go test "$(go list ./...)"', 'go test takes options from "$(go list ./...)"'),
        (FILES, "go build -mod=$MODE", "the value of -mod is not known"),
        (FILES, "GOFLAGS=$FLAGS go build", "GOFLAGS is not known"),
        (FILES, "GOPROXY=$PROXY go build", "go runs with GOPROXY=$PROXY, whose value is not known"),
        (FILES, "go build -modfile=other.mod", "go build takes other files with -modfile"),
        (FILES, "go build '-overlay=x.json'", "go build takes other files with -overlay"),
        (FILES, "go build -C $DIR", "the folder of -C is not known"),
        (FILES, "sudo -E go build", "go runs through sudo -E"),
        (FILES, "GOMODCACHE=/app/.mods go build", "the modules go to /app/.mods, where the copied files are"),
    ],
)
def test_obstacles(tmp_path: Path, files: dict[str, str], command: str, reason: str) -> None:
    assert obstacle(answer(tmp_path, files, command)) == reason


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("sed -i /replace/d go.mod", "sed may have changed go.mod before"),
        ("echo 'require x v1' >> ./go.mod", "echo may have changed ./go.mod before"),
        ("rm -f go.sum", "rm may have changed go.sum before"),
        ("go mod edit -dropreplace=example.org/x", "go mod edit changes the manifests before"),
        ("go work use ./lib", "go work use changes the manifests before"),
        ("go env -w GOPROXY=$PROXY", "what go env -w sets GOPROXY to is not known"),
        ("export GOFLAGS=-modfile=x.mod", "go build takes other files with -modfile"),
        ("go env -w GOFLAGS=-overlay=x.json", "go build takes other files with -overlay"),
    ],
)
def test_steps_before(tmp_path: Path, before: str, reason: str) -> None:
    assert obstacle(answer(tmp_path, FILES, "go build", before=before)) == reason


def test_harmless_steps_before(tmp_path: Path) -> None:
    before = "cat go.mod; apk add git; go version; export GO111MODULE=on; chmod 644 go.sum"
    assert known(answer(tmp_path, FILES, "go build", before=before)).fetch
    assert answer(tmp_path, FILES, "go build", before="export GO111MODULE=off") is None


def test_gopath(tmp_path: Path) -> None:
    files = {f"src/shop/{name}": text for name, text in FILES.items()}
    files["src/shop/go.mod"] = MOD.replace("1.22", "1.12")
    folder, env = "/app/src/shop", {"GOPATH": "/app"}
    reason = obstacle(answer(tmp_path, files, "go build", folder=folder, env=env))
    assert reason == "Go before 1.13 does not heed src/shop/go.mod below GOPATH"
    env["GO111MODULE"] = "on"
    reason = obstacle(answer(tmp_path, files, "go build", folder=folder, env=env))
    assert reason == "the modules go to /app/pkg/mod, where the copied files are"
    assert known(answer(tmp_path, files, "go build", folder=folder)).fetch


@pytest.mark.parametrize(
    "text",
    [
        "require (\n" + '\t"`\n' * 100_000 + "(" * 100_000,
        "module x\n" + '"`' * 500_000,
        "replace => x\nreplace x =>\nrequire\nuse\ngo\nmodule\n)\n",
        "go 99999999999999999999.1.2.3\n",
        "require ( )\nrequire ()\n)\n",
    ],
)
def test_hostile_manifests(tmp_path: Path, text: str) -> None:
    found = answer(tmp_path, {"go.mod": text}, "go build")
    assert found is None or obstacle(found)


def test_manifests_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_bytes(b"\xff\xfe")
    assert obstacle(answer(tmp_path, {}, "go build")) == "go.mod is not UTF-8"
    (tmp_path / "go.mod").unlink()
    (tmp_path / "go.sum").symlink_to("other.sum")
    assert "symbolic link" in obstacle(answer(tmp_path, {"go.mod": MOD, "other.sum": SUM}, "go build"))
