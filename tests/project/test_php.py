"""What Composer reads of a project, and when that cannot be known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rewriter.project.needs import Answer, Needs
from tests.project.asked import answer, known, obstacle

MANIFESTS = ("composer.json", "composer.lock")
PSR4 = {"autoload": {"psr-4": {"App\\": "src/"}}}
LARAVEL = {"post-autoload-dump": ["Illuminate\\Foundation\\ComposerScripts::postAutoloadDump", "@php artisan x"]}


def package(name: str, kind: str = "library", **more: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0.0", "type": kind, **more}


def locked(*packages: dict[str, Any], dev: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"content-hash": "0", "packages": list(packages), "packages-dev": list(dev)}


def ask(
    root: Path,
    command: str,
    data: object = PSR4,
    lock: object = None,
    files: dict[str, str] | None = None,
    **where: Any,
) -> Answer:
    lock = locked() if lock is None else lock
    manifests = {"composer.json": json.dumps(data, indent=2)} | (
        {"composer.lock": json.dumps(lock, indent=2)} if lock else {}
    )
    return answer(root, manifests | (files or {}), command, **where)


@pytest.mark.parametrize(
    "command",
    [
        "composer install",
        "composer i --no-dev -n --prefer-dist",
        "php composer.phar install --no-progress",
        "php -d memory_limit=-1 /usr/bin/composer install -vvv",
        "./composer.phar --no-interaction install",
        "COMPOSER_ALLOW_SUPERUSER=1 composer install --apcu-autoloader",
        "composer install --ignore-platform-req ext-gd",
        "composer install -o --no-autoloader",
    ],
)
def test_maps_alone_need_only_the_manifests(tmp_path: Path, command: str) -> None:
    found = known(ask(tmp_path, command))
    assert (found.reads, found.leaves, found.fetch) == (MANIFESTS, ("vendor",), None)
    assert found.evidence


@pytest.mark.parametrize(
    ("command", "data", "fetch", "still"),
    [
        (
            "composer install --no-dev",
            {"scripts": LARAVEL},
            "composer install --no-dev --no-scripts --no-autoloader",
            "composer install runs its scripts and writes the autoloader again",
        ),
        (
            "COMPOSER_MEMORY_LIMIT=-1 php composer.phar install -o > /dev/null",
            PSR4,
            "COMPOSER_MEMORY_LIMIT=-1 php composer.phar install -o --no-scripts --no-autoloader",
            "composer install writes the autoloader again",
        ),
        (
            "composer install --no-scripts",
            {"autoload": {"classmap": ["database"]}, "scripts": LARAVEL},
            "composer install --no-scripts --no-autoloader",
            "composer install writes the autoloader again",
        ),
        (
            "composer install",
            {**PSR4, "config": {"optimize-autoloader": True}},
            "composer install --no-scripts --no-autoloader",
            "composer install writes the autoloader again",
        ),
        (
            "composer update --no-dev",
            PSR4,
            "composer update --no-dev --no-scripts --no-autoloader",
            "composer update writes the autoloader again and resolves the versions again",
        ),
    ],
)
def test_what_needs_the_source_comes_second(tmp_path: Path, command: str, data: Any, fetch: str, still: str) -> None:
    found = known(ask(tmp_path, command, data))
    assert (found.reads, found.leaves, found.fetch, found.still) == (MANIFESTS, ("vendor",), fetch, still)


@pytest.mark.parametrize(
    ("command", "data"),
    [
        ("composer install", {"autoload": {"psr-4": {"App\\": "src/"}, "files": ["src/helpers.php"]}}),
        ("composer install", {"autoload": {"psr-0": {"App_": "lib/"}}}),
        ("composer install --no-dev", {"autoload-dev": {"classmap": ["tests"]}}),
        ("composer install --no-scripts", {"scripts": LARAVEL}),
        ("composer install", {"scripts": {"test": "phpunit", "post-create-project-cmd": "x"}, "autoload": []}),
        ("composer dump-autoload", PSR4),
        ("composer dump-autoload", {"scripts": {"post-install-cmd": "x"}}),
    ],
)
def test_nothing_is_looked_for_in_the_source(tmp_path: Path, command: str, data: Any) -> None:
    assert known(ask(tmp_path, command, data)).fetch is None


def test_path_repositories_are_folders(tmp_path: Path) -> None:
    data = {**PSR4, "repositories": [{"type": "path", "url": "packages/*"}, {"packagist.org": False}]}
    lock = locked(package("acme/mail", dist={"type": "path", "url": "packages/mail"}))
    found = known(ask(tmp_path, "composer install", data, lock, {"packages/mail/composer.json": "{}"}))
    assert found.reads == (*MANIFESTS, "packages/")


@pytest.mark.parametrize(
    ("repositories", "words"),
    [
        ([{"type": "path", "url": "../lib"}], "takes packages from ../lib, which no copy brings"),
        ([{"type": "path", "url": "*"}], "is not one folder of the project"),
        ([{"type": "path", "url": "$HOME/x"}], "is not one folder of the project"),
        ({"mine": {"type": "vcs", "url": "../lib"}}, "composer.json:5 has a repository at ../lib"),
        ({"mine": {"type": "composer", "url": "file:///srv"}}, "has a repository at file:///srv"),
        ([{"type": "package", "package": {"name": "a/b", "dist": {"url": "zips/b.zip"}}}], "takes a package from zips"),
        ([7], "names a repository that is none"),
        ("x", "holds no list of repositories"),
    ],
)
def test_repositories_that_are_not_known(tmp_path: Path, repositories: Any, words: str) -> None:
    assert words in obstacle(ask(tmp_path, "composer install", {"repositories": repositories}))


def test_a_package_of_the_lock_file_lies_in_a_known_folder(tmp_path: Path) -> None:
    lock = locked(package("a/b", dist={"type": "path", "url": "lib/b"}))
    assert "composer.lock:10 takes a package from lib/b" in obstacle(ask(tmp_path, "composer install", PSR4, lock))


@pytest.mark.parametrize(
    ("name", "extra", "fetched"),
    [
        ("pestphp/pest-plugin", {}, False),
        ("symfony/runtime", {}, False),
        ("composer/installers", {}, False),
        ("cakephp/plugin-installer", {}, True),
        ("cweagans/composer-patches", {"patches": {"a/b": {"why": "https://x/y.patch"}}}, False),
    ],
)
def test_plugins_that_are_known(tmp_path: Path, name: str, extra: Any, fetched: bool) -> None:
    found = known(ask(tmp_path, "composer install", {**PSR4, "extra": extra}, locked(package(name, "composer-plugin"))))
    assert (found.fetch is not None) is fetched


def test_patches_of_the_project_are_read(tmp_path: Path) -> None:
    data = {**PSR4, "extra": {"patches": {"a/b": {"fix": "patches/b.patch"}}}}
    lock = locked(package("cweagans/composer-patches", "composer-plugin"))
    assert "names patches/b.patch" in obstacle(ask(tmp_path, "composer install", data, lock))
    found = known(ask(tmp_path, "composer install", data, lock, {"patches/b.patch": "-"}))
    assert found.reads == (*MANIFESTS, "patches/b.patch")


@pytest.mark.parametrize(
    ("data", "lock", "words"),
    [
        (PSR4, locked(package("symfony/flex", "composer-plugin")), "composer.lock:5 installs the plugin symfony/flex"),
        (PSR4, locked(package("acme/x", "composer-plugin")), "what that reads and writes is not known"),
        (PSR4, locked(dev=(package("acme/x", "composer-plugin"),)), "the plugin acme/x"),
        (
            PSR4,
            locked(package("composer/installers", "composer-plugin"), package("a/theme", "wordpress-theme")),
            "holds a package of the type wordpress-theme",
        ),
        (
            {"extra": {"runtime": {"autoload_template": "x"}}},
            locked(package("symfony/runtime", "composer-plugin")),
            "json:4",
        ),
        ({"config": {"allow-plugins": {"symfony/flex": True}}}, False, "composer.json:4 installs the plugin"),
        ({"config": {"allow-plugins": True}}, False, "allows any plugin"),
        ({"require-dev": {"php-http/discovery": "*"}}, False, "where there is no lock file"),
    ],
)
def test_plugins_in_the_way(tmp_path: Path, data: Any, lock: Any, words: str) -> None:
    assert words in obstacle(ask(tmp_path, "composer install", data, lock))
    assert isinstance(ask(tmp_path, "composer install --no-plugins", data, lock), Needs)


def test_a_plugin_that_does_not_run(tmp_path: Path) -> None:
    lock = locked(dev=(package("acme/x", "composer-plugin"),))
    assert isinstance(ask(tmp_path, "composer install --no-dev", PSR4, lock), Needs)
    denied = {"config": {"allow-plugins": {"acme/x": False}}}
    assert isinstance(ask(tmp_path, "composer install", denied, lock), Needs)


@pytest.mark.parametrize("event", ["pre-install-cmd", "post-package-install", "command"])
def test_scripts_that_prepare_the_download(tmp_path: Path, event: str) -> None:
    data = {"scripts": {event: "bin/x"}}
    assert obstacle(ask(tmp_path, "composer install", data)).startswith(f"composer.json:3 runs a script at {event}")


def test_without_a_lock_file(tmp_path: Path) -> None:
    assert known(ask(tmp_path, "composer install", PSR4, False)).reads == ("composer.*",)
    told = obstacle(ask(tmp_path, "composer install", {"scripts": {"post-update-cmd": "x"}}, False))
    assert "depends on a lock file that is not there" in told


@pytest.mark.parametrize(
    ("data", "env", "leaves"),
    [
        ({"config": {"vendor-dir": "lib/php"}}, {}, ("lib/php",)),
        ({"config": {"vendor-dir": "/opt/php"}}, {}, ()),
        ({"config": {"bin-dir": "tools"}}, {}, ("vendor", "tools")),
        ({"config": {"bin-dir": "{$vendor-dir}/run"}}, {}, ("vendor",)),
        (PSR4, {"COMPOSER_VENDOR_DIR": "/app/deps", "COMPOSER_HOME": "/app/.composer"}, ("deps", ".composer")),
        (PSR4, {"COMPOSER_HOME": "/tmp"}, ("vendor",)),
    ],
)
def test_folders_that_are_written(tmp_path: Path, data: Any, env: dict[str, str], leaves: tuple[str, ...]) -> None:
    assert known(ask(tmp_path, "composer install", data, env=env)).leaves == leaves


@pytest.mark.parametrize(
    ("command", "data", "files", "words"),
    [
        ("composer install", {"config": {"bin-dir": "bin"}}, {"bin/console": "x"}, "bin, which holds files"),
        ("composer install", {"config": {"vendor-dir": "."}}, {}, "the project's own folder"),
        ("composer install", {"config": {"vendor-dir": "$HOME/v"}}, {}, "sets a folder by a variable"),
        ("composer install", {"config": {"cache-dir": ".cache"}}, {}, "composer.json:3 keeps cache-dir in the project"),
        ("composer install", PSR4, {"vendor/acme/own/x.php": "x"}, "vendor/acme/own is not in composer.lock"),
        ("composer install", PSR4, {"auth.json": "{}"}, "auth.json holds credentials"),
        ("composer install", {"config": {"bearer": {"x.org": "t"}}}, {}, "composer.json:3 holds credentials"),
        ("composer install", {"config": []}, {".dockerignore": "composer.lock"}, "composer.lock is left out by"),
        ("composer install", [], {}, "composer.json holds no JSON object"),
        ("composer install", {"scripts": "x"}, {}, "holds no object as scripts"),
        ("composer install", PSR4, {"composer.lock": '{"packages": [1]}'}, "holds no list of packages"),
        ("composer install", PSR4, {"composer.lock": "<<<<<<< HEAD"}, "composer.lock is no JSON"),
        ("composer install", PSR4, {"composer.json": "[" * 100_000}, "composer.json is nested too deeply"),
        ("composer install --frobnicate", PSR4, {}, "composer install --frobnicate does is not known"),
        ("composer install $FLAGS", PSR4, {}, "by a variable"),
        ("composer install -d $DIR", PSR4, {}, "which folder composer install runs in"),
        ("sudo -D /x composer install", PSR4, {}, "which folder"),
        ("COMPOSER=../x.json composer install", PSR4, {}, "not in the working directory"),
        ("composer require acme/x", PSR4, {}, "composer require changes composer.json"),
        ("composer config platform.php 8.2", PSR4, {}, "composer config changes composer.json"),
        ("composer run-script build", PSR4, {}, "runs what the project says"),
        ("composer dump-autoload -o", PSR4, {}, "composer dump-autoload looks at the source"),
    ],
)
def test_what_is_in_the_way(tmp_path: Path, command: str, data: Any, files: dict[str, str], words: str) -> None:
    assert words in obstacle(ask(tmp_path, command, data, files=files))


@pytest.mark.parametrize(
    "command",
    [
        "composer --version",
        "composer self-update 2.7.1",
        "composer clear-cache",
        "composer global require acme/x",
        "composer config -g repo.packagist composer https://mirror.example.org/",
    ],
)
def test_commands_that_look_at_nothing(tmp_path: Path, command: str) -> None:
    assert ask(tmp_path, command) == Needs(())


@pytest.mark.parametrize("command", ["php artisan migrate", "php -r 'x();'", "composer create-project a/b c", "php"])
def test_commands_that_are_not_judged(tmp_path: Path, command: str) -> None:
    assert ask(tmp_path, command) is None


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("composer global require acme/x:^1", "composer global require acme/x may install a plugin"),
        ("composer config -g vendor-dir /v", "config --global vendor-dir moves"),
        ("composer config sort-packages true", "changed composer.json before"),
    ],
)
def test_earlier_commands(tmp_path: Path, before: str, words: str) -> None:
    assert words in obstacle(ask(tmp_path, "composer install", before=before))
    assert isinstance(ask(tmp_path, "composer install", before="composer global require hirak/prestissimo"), Needs)


@pytest.mark.parametrize("folder", ["api", "/app/api", "./api/"])
def test_another_folder(tmp_path: Path, folder: str) -> None:
    files = {"api/composer.json": "{}", "api/composer.lock": json.dumps(locked()), "composer.phar": "x"}
    found = known(answer(tmp_path, files, f"php composer.phar install --working-dir={folder}"))
    assert (found.reads, found.leaves) == (
        ("composer.phar", "api/composer.json", "api/composer.lock"),
        ("api/vendor",),
    )


def test_another_manifest(tmp_path: Path) -> None:
    found = known(answer(tmp_path, {"prod.json": "{}"}, "COMPOSER=prod.json composer install"))
    assert found.reads == ("prod.*",)


def test_the_repository_tells_the_version(tmp_path: Path) -> None:
    git = {".git/HEAD": "x"}
    found = known(ask(tmp_path, "composer install", {"name": "a/root"}, files=git))
    assert found.fetch == "composer install --no-scripts --no-autoloader"
    for told in ("composer install", "COMPOSER_ROOT_VERSION=1.0 composer install"):
        versioned = {"name": "a/root", **({"version": "1.0"} if told == "composer install" else {})}
        assert known(ask(tmp_path, told, versioned)).fetch is None
    circle = locked(package("a/b", require={"a/root": "^1"}))
    assert ".git is copied into the image" in obstacle(ask(tmp_path, "composer install", {"name": "a/root"}, circle))
    assert known(ask(tmp_path, "composer install", files={".dockerignore": ".git"})).fetch is None
