"""What Bundler and RubyGems read of a project, and when that cannot be known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rewriter.project.needs import Answer, Needs
from tests.project.asked import answer, known, obstacle

SOURCE = 'source "https://rubygems.org"\n'
GEMFILE = f'{SOURCE}\ngem "sinatra", "~> 4.0"\n'
LOCK = """GEM
  remote: https://rubygems.org/
  specs:
    rack (3.1.7)
    sinatra (4.0.0)
      rack (>= 3.0.0)

PLATFORMS
  ruby
  x86_64-linux

DEPENDENCIES
  sinatra (~> 4.0)

BUNDLED WITH
   2.5.11
"""
BOTH = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK}
IMAGE = {"GEM_HOME": "/usr/local/bundle"}
MANIFESTS = ("Gemfile", "Gemfile.lock")


def ask(root: Path, command: str, files: dict[str, str] | None = None, **where: Any) -> Answer:
    return answer(root, BOTH | (files or {}), command, **{"env": IMAGE, **where})


def gemfile(root: Path, text: str, files: dict[str, str] | None = None) -> Answer:
    """The answer for an installation by a Gemfile that holds `text`, without a lock file."""
    return answer(root, {"Gemfile": SOURCE + text, **(files or {})}, "bundle install", env=IMAGE)


@pytest.mark.parametrize(
    "command",
    [
        "bundle install",
        "bundle",
        "bundler install --jobs 4 --retry 3",
        "bundle install -j4 --quiet",
        "bundle install --without development test",
        "RAILS_ENV=production bundle install",
        "bundle check",
    ],
)
def test_the_manifests_are_read(tmp_path: Path, command: str) -> None:
    found = known(ask(tmp_path, command))
    assert (found.reads, found.leaves, found.fetch) == (MANIFESTS, (".bundle",), None)
    assert found.evidence


@pytest.mark.parametrize(
    ("command", "where", "leaves"),
    [
        ("bundle install --path vendor/bundle", {}, (".bundle", "vendor/bundle")),
        ("bundle install --deployment", {}, (".bundle", "vendor/bundle")),
        ("bundle install", {"before": "bundle config set --local deployment true"}, (".bundle", "vendor/bundle")),
        ("bundle install", {"before": "bundle config set path .gems"}, (".bundle", ".gems")),
        ("bundle install", {"before": "bundle config --local path vendor"}, (".bundle", "vendor/*ruby")),
        ("bundle install", {"env": {**IMAGE, "BUNDLE_PATH": "/bundle", "BUNDLE_DEPLOYMENT": "1"}}, (".bundle",)),
        ("bundle install", {"env": {**IMAGE, "BUNDLE_APP_CONFIG": "/usr/local/bundle"}}, ()),
        ("bundle install", {"env": {**IMAGE, "BUNDLE_BIN": "/usr/local/bundle/bin"}}, (".bundle",)),
        ("bundle install", {"env": {"GEM_HOME": "/app/.gem"}}, (".bundle", ".gem")),
        ("bundle install", {"env": {}}, (".bundle", "vendor/bundle")),
    ],
)
def test_what_is_written(tmp_path: Path, command: str, where: dict[str, Any], leaves: tuple[str, ...]) -> None:
    assert known(ask(tmp_path, command, **where)).leaves == leaves


def test_without_a_lock_file(tmp_path: Path) -> None:
    assert known(gemfile(tmp_path, 'gem "puma"\n')).reads == ("Gemfile*",)


def test_gems_rb(tmp_path: Path) -> None:
    assert known(answer(tmp_path, {"gems.rb": GEMFILE, "gems.locked": LOCK}, "bundle install")).reads == (
        "gems.rb",
        "gems.locked",
    )


@pytest.mark.parametrize(
    "text",
    [
        'gem "rails", "~> 7.1", require: false, group: :production # why\n',
        "group :development, :test do\n  gem 'rspec'\nend\n",
        "gem 'tzinfo-data', platforms: %i[ windows jruby ]\n",
        'gem "wdm", "~> 0.1" if Gem.win_platform?\n',
        'gem "wdm" if RUBY_PLATFORM =~ /mswin|mingw/\n',
        "git_source(:github) { |repo| \"https://github.com/#{repo}.git\" }\ngem 'a', github: 'b/a'\n",
        'git_source(:github) do |name|\n  name = "#{name}/#{name}" unless name.include?("/")\n  "https://x/#{name}"\nend\n',
        'ruby "3.3.0"\nruby ENV.fetch("RUBY_VERSION", "3.3.0")\n',
        'rails_version = ENV["RAILS"] || "~> 7"\ngem "rails", rails_version\n',
        'if RUBY_VERSION >= "3.0"\n  gem "a"\nelse\n  gem("b")\nend\n',
        "gem 'a', :git => 'https://x.org/a.git', :branch => 'main'\n",
        'install_if -> { RUBY_PLATFORM =~ %r!mingw|java! } do\n  gem "a"\nend\n',
        'gem "a"\n__END__\nsystem("x")\n',
        "def version\n  '1'\nend\ngem 'a', version\n",
        "%w[a b].each { |name| gem name }\n",
    ],
)
def test_a_gemfile_that_is_known(tmp_path: Path, text: str) -> None:
    assert known(gemfile(tmp_path, text)).reads == ("Gemfile*",)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('require "json"\n', "require"),
        ('gem "a", File.read("VERSION")\n', "VERSION, which no copy"),
        ("gem 'a', IO.read('v')\n", "IO"),
        ("Dir['engines/*'].each { |d| gem d }\n", "Dir"),
        ("gem `git describe`\n", "the output of a command"),
        ("gem %x(git describe)\n", "'%'"),
        ('eval("x")\n', "eval"),
        ("instance_eval 'x'\n", "instance_eval"),
        ("send :system, 'x'\n", "send"),
        ("['rm x'].each(&:system)\n", "&"),
        ("Gem.send(:x)\n", "send"),
        ('gem "a#{system(1)}"\n', "system"),
        ("$LOAD_PATH << 'x'\n", "$"),
        ("gem <<~X\n  a\nX\n", "a heredoc"),
        ("system = 1\nsystem 'x'\n", "system"),
        ("def a = load('x')\n", "load"),
        ("binding\n", "binding"),
        ("Kernel.puts 1\n", "Kernel"),
        ("::Kernel.exit\n", "Kernel"),
        ("x = /a\n", "'/'"),
        ('gem "a\n', "a string without an end"),
        ('gem ?"\n', "'?'"),
    ],
)
def test_a_gemfile_with_other_code(tmp_path: Path, text: str, word: str) -> None:
    told = obstacle(gemfile(tmp_path, text))
    assert told.startswith("Gemfile:")
    assert word in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gemspec\n", "Gemfile:2 takes the gems of the gemspec"),
        ('\ngem "engine", path: "engines/engine"\n', "Gemfile:3 takes a gem from engines/engine"),
        ('path "engines" do\n  gem "a"\nend\n', "Gemfile:2 takes a gem from engines"),
        ("gem 'a', :path => 'a'\n", "takes a gem from a,"),
        ("gem 'a', 'path' => 'a'\n", "takes a gem from a,"),
        ('git_source(:own) { |repo| "../#{repo}" }\n', "Gemfile:2 names ../, which may be a folder"),
        ("gem 'a', git: '../a'\n", "takes gems from ../a"),
        ('source "file:///srv/gems"\n', "takes gems from file:///srv/gems"),
        ('plugin "x"\n', "(plugin)"),
        ('eval_gemfile "other"\n', "takes in other, which no copy brings"),
        ('ruby file: "nothing"\n', "reads nothing, which no copy brings"),
        ("eval_gemfile ENV['X']\n", "(eval_gemfile)"),
    ],
)
def test_a_gemfile_that_takes_from_the_project(tmp_path: Path, text: str, words: str) -> None:
    assert words in obstacle(gemfile(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('ruby file: ".ruby-version"\n', ".ruby-version"),
        ('ruby(file: ".tool-versions")\n', ".tool-versions"),
        ("ruby File.read('.ruby-version').strip\n", ".ruby-version"),
        ('ruby File.read(File.expand_path(".ruby-version", __dir__)).chomp\n', ".ruby-version"),
        ('ruby File.read(File.join(__dir__, ".ruby-version"))\n', ".ruby-version"),
    ],
)
def test_the_version_of_ruby_is_in_a_file(tmp_path: Path, text: str, name: str) -> None:
    assert known(gemfile(tmp_path, text, {name: "3.3.0\n"})).reads == ("Gemfile*", name)


def test_a_further_gemfile(tmp_path: Path) -> None:
    files = {"gems/Gemfile.common": 'gem "a"\nruby file: "version"\n', "gems/version": "3.3.0"}
    found = known(gemfile(tmp_path, 'eval_gemfile "gems/Gemfile.common"\n', files))
    assert found.reads == ("Gemfile*", "gems/Gemfile.common", "gems/version")
    for spelled in ("./gems/Gemfile.common", "../app/gems/Gemfile.common"):
        assert known(gemfile(tmp_path, f'eval_gemfile "{spelled}"\n', files)).reads[1:] == found.reads[1:]
        assert known(gemfile(tmp_path, f'eval_gemfile("{spelled}")\n', files)).reads[1:] == found.reads[1:]
    assert "(eval_gemfile)" in obstacle(gemfile(tmp_path, 'eval_gemfile "Gemfile"\n'))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"Gemfile": SOURCE + 'gem "puma"\n'}, "Gemfile:2 asks for puma, which Gemfile.lock does not have"),
        (
            {"Gemfile.lock": LOCK.replace("  ruby\n  x86_64-linux", "  arm64-darwin-22")},
            "Gemfile.lock:9 has no platform of Linux",
        ),
        ({"Gemfile.lock": "PATH\n  remote: .\n"}, "Gemfile.lock:2 takes a gem from a folder"),
        ({"Gemfile.lock": "GIT\n  remote: ../a\n"}, "Gemfile.lock:2 takes gems from ../a"),
        ({"Gemfile.lock": "<<<<<<< HEAD\n"}, "Gemfile.lock:1 is in conflict"),
        ({".dockerignore": "Gemfile.lock"}, "Gemfile.lock is left out by .dockerignore"),
        ({".dockerignore": "Gemfile"}, "Gemfile is left out by .dockerignore"),
        ({".bundle/config": "BUNDLE_GEMS__X__COM: a:b\n"}, "holds credentials (BUNDLE_GEMS__X__COM)"),
        ({".bundle/config": "BUNDLE_LOCAL__A: ../a\n"}, ".bundle/config sets local.a"),
        ({".bundle/config": ": : ["}, ".bundle/config is no YAML"),
        ({"vendor/cache/a.gem": "x"}, "vendor/cache holds gems, and is written again"),
        ({"Gemfile": "gem 'a'\n" * 50_000}, "Gemfile is too long"),
        ({"Gemfile": '"#{' * 5000}, "too many strings in each other"),
    ],
)
def test_files_in_the_way(tmp_path: Path, files: dict[str, str], words: str) -> None:
    assert words in obstacle(ask(tmp_path, "bundle install", files))


def test_settings_of_the_project_are_read(tmp_path: Path) -> None:
    files = {".bundle/config": '---\nBUNDLE_PATH: "vendor/bundle"\nBUNDLE_FROZEN: "true"\n', "vendor/cache/a.gem": "x"}
    found = known(ask(tmp_path, "bundle install", files))
    assert (found.reads, found.leaves) == ((*MANIFESTS, ".bundle/config", "vendor/cache/"), ("vendor/bundle",))
    assert "changed by a setting" in obstacle(ask(tmp_path, "bundle install --path x", files))


def test_gems_do_not_go_where_files_of_the_project_are(tmp_path: Path) -> None:
    files = {"vendor/javascript/x.js": "x"}
    assert "vendor/javascript is no gem" in obstacle(ask(tmp_path, "bundle install --path vendor", files))


def test_another_folder(tmp_path: Path) -> None:
    files = {f"api/{name}": text for name, text in BOTH.items()}
    for where in ({"folder": "/app/api/lib"}, {"env": {**IMAGE, "BUNDLE_GEMFILE": "/app/api/Gemfile"}}):
        found = known(answer(tmp_path, files, "bundle install", **{"env": IMAGE, **where}))  # type: ignore[arg-type]
        assert [Path(name).name for name in found.reads] == list(MANIFESTS)
        assert found.leaves in (("/app/api/.bundle",), ("api/.bundle",))


@pytest.mark.parametrize(
    "command",
    [
        "bundle --version",
        "bundle config --global frozen 1",
        "gem install bundler -v 2.5.11 --no-document",
        'gem install bundler:"$BUNDLER_VERSION"',
        "gem install nokogiri -- --use-system-libraries",
        "gem update --system",
    ],
)
def test_commands_that_look_at_nothing(tmp_path: Path, command: str) -> None:
    assert ask(tmp_path, command) == Needs(())


@pytest.mark.parametrize("command", ["bundle config set --local without test", "bundle config build.nokogiri --x"])
def test_a_setting_looks_for_the_gemfile(tmp_path: Path, command: str) -> None:
    found = known(ask(tmp_path, command))
    assert (found.reads, found.leaves) == (MANIFESTS, (".bundle",))


@pytest.mark.parametrize(
    ("command", "where", "words"),
    [
        ("bundle exec rake assets:precompile", {}, "bundle exec rake reads the source"),
        ("bundle update", {}, "bundle update writes among the project's files"),
        ("bundle cache", {}, "bundle cache writes"),
        ("bundle install --standalone", {}, "bundle install --standalone does is not known"),
        ("bundle install --path $P", {}, "by a variable"),
        ("bundle install $FLAGS", {}, "by a variable"),
        ("bundle install", {"before": "bundle config set --local cache_path x"}, "sets cache_path"),
        ("bundle install", {"env": {"BUNDLE_PATH": "$HOME/x"}}, "not known which folder"),
        ("bundle install", {"env": {"RUBYOPT": "-r./x"}}, "RUBYOPT makes Ruby load files"),
        ("gem install ./a.gem", {}, "gem install ./a.gem may take a file"),
        ("gem install $GEMS", {}, "may take a file"),
        ("gem install -g", {}, "gem install reads a Gemfile"),
        ("gem install a", {"env": {"GEM_HOME": "/app/.g"}}, "gem install reads a Gemfile, or writes"),
    ],
)
def test_commands_that_are_in_the_way(tmp_path: Path, command: str, where: dict[str, Any], words: str) -> None:
    assert words in obstacle(ask(tmp_path, command, **where))


def test_a_gem_that_lies_in_the_project(tmp_path: Path) -> None:
    assert "a-1.gem may be what gem install takes" in obstacle(ask(tmp_path, "gem install a", {"a-1.gem": "x"}))
    assert ask(tmp_path, "gem build a.gemspec") is None
