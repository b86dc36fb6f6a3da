"""What Mix reads of a project, and when that cannot be known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rewriter.project.needs import Answer, Needs
from tests.project.asked import answer, known, obstacle

MIX = """defmodule Hello.MixProject do
  use Mix.Project

  @version "0.1.0"

  def project do
    [
      app: :hello,
      version: @version,
      elixir: "~> 1.15",
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      dialyzer: [plt_file: {:no_warn, "priv/plts/hello.plt"}],
      aliases: aliases(),
      deps: deps()
    ]
  end

  def application do
    [mod: {Hello.Application, []}, extra_applications: [:logger, :runtime_tools]]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_), do: ["lib"]

  defp deps do
    [
      {:phoenix, "~> 1.7.10"},
      {:heroicons, github: "tailwindlabs/heroicons", tag: "v2.1.1", sparse: "optimized", app: false},
      {:esbuild, "~> 0.8", runtime: Mix.env() == :dev}
    ]
  end

  defp aliases do
    [
      setup: ["deps.get", "ecto.setup"],
      "assets.deploy": ["esbuild hello --minify", "phx.digest"]
    ]
  end
end
"""
LOCK = """%{
  "esbuild": {:hex, :esbuild, "0.8.1", "aa", [:mix], [], "hexpm", "bb"},
  "heroicons": {:git, "https://github.com/tailwindlabs/heroicons.git", "cc", [tag: "v2.1.1"]},
  "phoenix": {:hex, :phoenix, "1.7.14", "dd", [:mix], [], "hexpm", "ee"},
}
"""
CONFIG = """import Config

config :hello, ecto_repos: [Hello.Repo]

config :esbuild,
  version: "0.17.11",
  hello: [
    args: ~w(js/app.js --outdir=../priv/static/assets --external:/fonts/*),
    cd: Path.expand("../assets", __DIR__),
    env: %{"NODE_PATH" => Path.expand("../deps", __DIR__)}
  ]

config :logger, :console, format: "$time $message\\n", metadata: [:request_id]

if System.get_env("TRACE") do
  config :hello, level: String.to_atom(System.get_env("TRACE", "info"))
end

import_config "#{config_env()}.exs"
"""
PROD = "import Config\n\nconfig :logger, level: :info\n"
FILES = {
    "mix.exs": MIX,
    "mix.lock": LOCK,
    "config/config.exs": CONFIG,
    "config/prod.exs": PROD,
    "config/runtime.exs": 'File.read!("secret")\n',
}
ENV = {"MIX_ENV": "prod"}
MANIFESTS = ("mix.exs", "mix.lock")
CONFIGS = ("config/config.exs", "config/prod.exs")


def ask(root: Path, command: str, files: dict[str, str] | None = None, **where: Any) -> Answer:
    return answer(root, FILES | (files or {}), command, **{"env": ENV, **where})


def project(body: str) -> dict[str, str]:
    """A mix.exs with `body` among what its project is, and a lock file without packages."""
    head = "defmodule A.MixProject do\n  use Mix.Project\n  def project, do: [app: :a, "
    return {"mix.exs": f"{head}{body}]\nend\n", "mix.lock": "%{\n}\n"}


@pytest.mark.parametrize(
    ("command", "reads"),
    [
        ("mix deps.get", MANIFESTS),
        ("mix deps.get --only prod", MANIFESTS),
        ("mix deps.get --only $MIX_ENV", MANIFESTS),
        ("mix deps.compile", (*MANIFESTS, *CONFIGS)),
        ("mix deps.compile phoenix --force", (*MANIFESTS, *CONFIGS)),
        ("mix do deps.get --only prod, deps.compile", (*MANIFESTS, *CONFIGS)),
        ("mix do local.hex --force + local.rebar --force + deps.get", MANIFESTS),
    ],
)
def test_the_manifests_are_read(tmp_path: Path, command: str, reads: tuple[str, ...]) -> None:
    found = known(ask(tmp_path, command))
    assert (found.reads, found.leaves, found.fetch) == (reads, ("deps", "_build"), None)
    assert found.evidence


@pytest.mark.parametrize(
    ("command", "fetch", "still", "reads"),
    [
        (
            "mix do deps.get, deps.compile, compile",
            "mix do deps.get, deps.compile",
            "mix compile still works on the whole source",
            (*MANIFESTS, *CONFIGS),
        ),
        (
            "MIX_ENV=prod mix do deps.get --only prod, compile, phx.digest",
            "MIX_ENV=prod mix deps.get --only prod",
            "mix compile, phx.digest still works on the whole source",
            MANIFESTS,
        ),
        (
            "mix do local.hex --force + deps.get + release",
            "mix do local.hex --force + deps.get",
            "mix release still works on the whole source",
            MANIFESTS,
        ),
    ],
)
def test_what_compiles_comes_second(
    tmp_path: Path, command: str, fetch: str, still: str, reads: tuple[str, ...]
) -> None:
    found = known(ask(tmp_path, command))
    assert (found.fetch, found.still, found.reads) == (fetch, still, reads)


def test_an_environment_that_is_not_known(tmp_path: Path) -> None:
    dev = {"config/dev.exs": 'import Config\nconfig :a, path: Path.dirname(__ENV__.file), x: ~r"lib/.*(ex)$"\n'}
    for where in ({"env": {}}, {"env": {"MIX_ENV": "$E"}}):
        assert known(ask(tmp_path, "mix deps.compile", dev, **where)).reads == (*MANIFESTS, "config/")
    secret = {"config/dev.exs": 'import Config\nimport_config "dev.secret.exs"\n'}
    assert "config/dev.exs:2 imports dev.secret.exs" in obstacle(ask(tmp_path, "mix deps.compile", secret, env={}))


def test_without_config_or_lock_file(tmp_path: Path) -> None:
    files = {"mix.exs": project("deps: []")["mix.exs"]}
    assert known(answer(tmp_path, files, "mix do deps.get, deps.compile")).reads == ("mix.*",)


def test_an_umbrella(tmp_path: Path) -> None:
    app = project('build_path: "../../_build", config_path: "../../config/config.exs", lockfile: "../../mix.lock"')
    files = {**project('apps_path: "apps"'), "apps/a/mix.exs": app["mix.exs"], "apps/b/mix.exs": app["mix.exs"]}
    found = known(answer(tmp_path, files, "mix deps.get"))
    assert found.reads == (*MANIFESTS, "apps/a/mix.exs", "apps/b/mix.exs")
    assert "compiles the applications of the umbrella" in obstacle(answer(tmp_path, files, "mix deps.compile"))
    found = known(answer(tmp_path, files, "mix deps.compile --skip-umbrella-children"))
    assert found.reads == (*MANIFESTS, "apps/a/mix.exs", "apps/b/mix.exs")
    moved = {**files, "apps/b/mix.exs": app["mix.exs"].replace("../../_build", "../_build")}
    assert "apps/b/mix.exs:3 sets build_path" in obstacle(answer(tmp_path, moved, "mix deps.get"))


def test_packages_of_the_project(tmp_path: Path) -> None:
    files = {**project('deps: [{:own, path: "libs/own"}]'), "libs/own/mix.exs": project("version: 1")["mix.exs"]}
    assert known(answer(tmp_path, files, "mix deps.get")).reads == (*MANIFESTS, "libs/own/mix.exs")
    assert known(answer(tmp_path, files, "mix deps.compile")).reads == (*MANIFESTS, "libs/own/")
    asks = {"libs/own/mix.exs": project('deps: [{:jason, "~> 1.4"}]')["mix.exs"]}
    assert "libs/own/mix.exs:3 asks for jason" in obstacle(answer(tmp_path, files | asks, "mix deps.get"))


@pytest.mark.parametrize(
    "code",
    [
        'version: File.read!("VERSION")',
        'version: String.trim(File.read!("VERSION"))',
        'version: "VERSION" |> File.read!() |> String.trim()',
    ],
)
def test_the_version_is_in_a_file(tmp_path: Path, code: str) -> None:
    files = {**project(code), "VERSION": "1.0"}
    assert known(answer(tmp_path, files, "mix deps.get")).reads == (*MANIFESTS, "VERSION")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('version: File.read!("VERSION")', "mix.exs:3 reads VERSION, which no copy brings"),
        ("version: File.read!(path)", "mix.exs:3 runs code that is not known (File.read)"),
        ('version: elem(System.cmd("git", ["describe"]), 0)', "(System.cmd)"),
        ("version: :os.cmd(~c(date))", "(….cmd)"),
        ('version: Code.eval_file("v.exs")', "(Code.eval_file)"),
        ("version: apply(System, :cmd, [])", "(apply)"),
        ("version: mod.version()", "(….version)"),
        ('version: "#{System.cmd("date", [])}"', "(System.cmd)"),
        ("version: &File.rm/1", "(File.rm)"),
        ('version: load "x"', "(load)"),
        ("x: (import Evil; 1)", "(import Evil)"),
        ('deps_path: "../deps"', "mix.exs:3 sets deps_path"),
        ('aliases: ["deps.get": ["cmd make"]]', "mix.exs:3 makes deps.get an alias"),
        ('aliases: [{:"deps.get", "cmd make"}]', "mix.exs:3 makes deps.get an alias"),
        ('deps: [{:own, [{:path, "own"}]}]', "(:path)"),
        ('deps: [{:own, path: "../own"}]', "takes a package from ../own"),
        ('deps: [{:own, git: "../own"}]', "a repository that may be a folder"),
        ('deps: [{:own, "~> 1.0", compile: "make"}]', "compiles a package by a command"),
        ('deps: [{:jason, "~> 1.4"}]', "asks for jason, which mix.lock does not have"),
        ('apps_path: "apps"', "names no folder as apps_path"),
        ('x: ?"', "'?'"),
        ("x: `date`", "the output of a command"),
        ('x: "', "a string without an end"),
        ('x: ~w"""a"""', "a heredoc"),
    ],
)
def test_a_mix_exs_with_other_code(tmp_path: Path, body: str, words: str) -> None:
    assert words in obstacle(answer(tmp_path, project(body), "mix deps.get"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config/prod.exs": 'import Config\nconfig :a, k: File.read!("key.pem")\n'}, "reads key.pem"),
        ({"config/prod.exs": 'import Config\nif File.exists?("x"), do: 1\n'}, "config/prod.exs:2 runs code"),
        ({"config/config.exs": 'import_config "../apps/*/config/config.exs"\n'}, "(import_config)"),
        ({"config/config.exs": 'import_config "nothing.exs"\n'}, "imports nothing.exs, which no copy brings"),
        ({"config/config.exs": "import_config name\n"}, "(import_config)"),
        ({"mix.lock": "<<<<<<< HEAD\n"}, "mix.lock is in conflict"),
        ({".dockerignore": "mix.lock"}, "mix.lock is left out by .dockerignore"),
        ({"mix.exs": "x " * 200_000}, "mix.exs is too long"),
    ],
)
def test_files_in_the_way(tmp_path: Path, files: dict[str, str], words: str) -> None:
    assert words in obstacle(ask(tmp_path, "mix deps.compile", files))


def test_a_large_lock_file_takes_no_time(tmp_path: Path) -> None:
    files = {**project("deps: []"), "mix.lock": "\n" * 500_000 + LOCK}
    assert known(answer(tmp_path, files, "mix deps.get")).reads == MANIFESTS


@pytest.mark.parametrize("command", ["mix local.hex --force", "mix do local.hex --force, local.rebar --force"])
def test_tasks_that_look_at_nothing(tmp_path: Path, command: str) -> None:
    assert ask(tmp_path, command) == Needs(())


@pytest.mark.parametrize(
    ("command", "where", "words"),
    [
        ("mix compile", {}, "mix compile reads the source"),
        ("mix setup", {}, "mix.exs:36 makes setup an alias"),
        ("mix assets.deploy", {}, "mix.exs:37 makes assets.deploy an alias"),
        ("mix deps.update --all", {}, "mix deps.update changes what was fetched"),
        ("mix deps.get --frobnicate", {}, "mix deps.get --frobnicate does is not known"),
        ("mix $TASK", {}, "by a variable"),
        ("mix deps.compile $PACKAGES", {}, "by a variable"),
        ("mix do deps.get, , compile", {}, "by a variable"),
        ("mix deps.get", {"env": {"MIX_EXS": "/app/other.exs"}}, "MIX_EXS moves"),
        ("mix deps.get", {"env": {"MIX_HOME": "/app/.mix"}}, "MIX_HOME moves"),
    ],
)
def test_commands_in_the_way(tmp_path: Path, command: str, where: dict[str, Any], words: str) -> None:
    assert words in obstacle(ask(tmp_path, command, **where))
