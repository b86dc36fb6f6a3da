"""What Bundler and RubyGems need of a project."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.fetches import environment
from rewriter.project.folders import inside, upwards, written
from rewriter.project.manifests import yaml
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.ruby.gemfile import lock_holds, read_gemfile, read_lock
from rewriter.syntax.vocabulary import Call

_GEM = re.compile(r"[\w-]+(\.[\w-]+)*(:\S*)?\Z", re.ASCII)
_GEM_ASIDE = frozenset(
    ("update", "sources", "env", "environment", "cleanup", "list", "search", "info", "which", "help", "pristine")
)
_ON = ("true", "1", "yes", "on")
# Folders that hold nothing but gems, and so may be left out as a whole.
_GEMS_ALONE = re.compile(r"(?:.*/)?(?:\.[\w-]+|[\w.-]*(?:bundle|gems)[\w.-]*)\Z")


@dataclass
class _Settings:
    """What Bundler is told by variables, earlier commands, options and .bundle/config. `writes` says that the command
    itself changes the settings of the project."""

    values: dict[str, str]
    writes: bool = False

    def on(self, *names: str) -> bool:
        return any(self.values.get(name, "").lower() in _ON for name in names)


def needs(call: Call, view: View) -> Answer:
    """What a command of Bundler or RubyGems needs of the project (see `rewriter.project.needs`). Raises `Unfit` for a
    file that is in the way. Sources: https://bundler.io/man/bundle.1.html,
    https://guides.rubygems.org/command-reference/"""
    if any(word.raw.startswith(("-C", "--chdir", "-D")) for word in call.wrappers):
        return Obstacle(f"which folder {call.program} runs in is not known")
    env = environment(call, view)
    for name in ("RUBYOPT", "RUBYLIB"):
        if name in env and re.search(r"(?<!\S)-[rI]|/|\.", env[name]):
            return Obstacle(f"{name} makes Ruby load files of its own")
    if call.program == "gem":
        return _gem(call, view, env)
    commands = knowledge.table("bundler")["commands"]
    shown = f"bundle {call.subcommand}".rstrip()
    if (call.has("-v", "--version", "-h", "--help") and not call.subcommand) or call.subcommand in commands["aside"]:
        return Needs(())
    if call.subcommand == "config":
        return _config(call, view, env)
    if call.subcommand in commands["changes"]:
        return Obstacle(f"{shown} writes among the project's files, and a copy behind it may undo that")
    if call.subcommand not in ("", "install", "check"):
        return Obstacle(" ".join([shown, *(word.raw for word in call.operands[:1])]) + " reads the source")
    for option in call.options:
        if option.name not in knowledge.table("bundler")["options"]["names"]:
            return Obstacle(f"what {shown} {option.name} does is not known")
    if any(word.value is None for word in call.operands) or any(
        option.name in ("--path", "--gemfile") and not _plain(option.value) for option in call.options
    ):
        return Obstacle(f"{shown} is told what to do by a variable")
    return _install(view, env, call)


def _plain(text: str | None) -> bool:
    return bool(text) and not set(text or "") & set("$`\"'~*")


def _install(view: View, env: Mapping[str, str], call: Call | None) -> Answer:
    """What `bundle install` reads and writes, with the options of `call`."""
    settings = _settings(view, env, call)
    name = (call.value("--gemfile") if call else None) or env.get("BUNDLE_GEMFILE") or _manifest(view)
    folder = posixpath.dirname(view.path(name))
    inner = view.into(folder)
    base = posixpath.basename(name)
    lock_name = "gems.locked" if base == "gems.rb" else f"{base}.lock"
    gemfile = read_gemfile(inner, base)
    reads = [base]
    file = inner.file(lock_name)
    if file is not None and inner.project.kind(file) is not None:
        lock = read_lock(inner, lock_name)
        lock_holds(lock, gemfile)
        reads.append(lock_name)
    else:
        reads = [f"{base}*" if base != "gems.rb" else "gems.*"]
    reads += gemfile.reads[1:]
    leaves = _written(inner, env, settings)
    config = posixpath.join(_app_config(env), "config")
    if inner.kind(config) == "file":
        if settings.writes:
            raise Unfit(inner.file(config) or config, "is copied into the image, and changed by a setting of the build")
        reads.append(config)
    if inner.kind("vendor/cache") == "folder":
        if not settings.on("deployment", "frozen"):
            raise Unfit(inner.file("vendor/cache") or "", "holds gems, and is written again unless Bundler is frozen")
        reads.append("vendor/cache/")
    fact = "asks for gems of servers alone" if len(gemfile.reads) == 1 else "names all files that it reads"
    return Needs(
        tuple(written(view, inner.path(path)) + "/" * path.endswith("/") for path in dict.fromkeys(reads)),
        tuple(written(view, inner.path(path)) for path in leaves),
        (inner.evidence(fact, base),),
    )


def _manifest(view: View) -> str:
    """The Gemfile that Bundler finds, in the working directory or above it.

    Source: https://bundler.io/man/bundle-config.1.html (gemfile), https://bundler.io/man/gemfile.5.html
    """
    for folder in upwards(view.folder):
        for name in ("Gemfile", "gems.rb"):
            path = posixpath.join(folder, name)
            file = view.file(path)
            if file is not None and view.project.kind(file) == "file":
                return written(view, path)
    return "Gemfile"


def _app_config(env: Mapping[str, str]) -> str:
    """Where the settings of the project lie. Source: https://bundler.io/man/bundle-config.1.html"""
    return env.get("BUNDLE_APP_CONFIG") or ".bundle"


def _settings(view: View, env: Mapping[str, str], call: Call | None) -> _Settings:
    """All settings that are known, and none that is not understood; raises `Unfit` for such a one.

    Source: https://bundler.io/man/bundle-config.1.html
    """
    found = _Settings({})
    home = posixpath.dirname(view.path(env.get("BUNDLE_GEMFILE") or _manifest(view)))
    config = posixpath.join(home, _app_config(env), "config")
    if view.kind(config) == "file":
        data = yaml(view, config)
        file = view.file(config) or config
        for key, value in data.items() if isinstance(data, dict) else ():
            name = _spelt(str(key))
            if _is_host(name):
                advice = "mount it (RUN --mount=type=secret)"
                raise Unfit(file, f"holds credentials ({key}), which would become a layer of its own: {advice}")
            found.values[_known(view, name, str(value), file)] = str(value)
    for other in view.before:
        if other.program == "bundle" and other.subcommand == "config":
            for name, text in _told(other):
                found.values[_known(view, name, text, f"bundle config {name}")] = text
            found.writes |= not other.has("--global")
    for key, text in env.items():
        if key.startswith("BUNDLE_") and key not in ("BUNDLE_GEMFILE", "BUNDLE_BIN_PATH") and not _is_host(_spelt(key)):
            found.values[_known(view, _spelt(key), text, key)] = text
    for option in call.options if call else ():
        if option.name in ("--path", "--deployment", "--frozen", "--without", "--with", "--system", "--clean"):
            found.values[option.name[2:]] = option.value or "true"
            found.writes = True  # these are remembered
    return found


def _spelt(key: str) -> str:
    """`BUNDLE_BUILD__NOKOGIRI` as `build.nokogiri`. Source: https://bundler.io/man/bundle-config.1.html"""
    return key.removeprefix("BUNDLE_").replace("___", "-").replace("__", ".").lower()


def _is_host(name: str) -> bool:
    known = knowledge.table("bundler")["settings"]
    other = name in known["names"] or name.startswith((*known["begin"], "local."))
    return "//" in name or ("." in name and not other)


def _known(view: View, name: str, value: str, where: str) -> str:
    """The name of a setting that is understood; raises `Unfit` for another one."""
    known = knowledge.table("bundler")["settings"]
    if name in known["names"] or name.startswith(tuple(known["begin"])) or _is_host(name):
        return name
    if name in ("bin", "cache_path") and posixpath.isabs(value) and not inside(view, value):
        return name
    raise Unfit(where, f"sets {name}, and what that makes Bundler read or write is not known")


def _told(call: Call) -> Iterator[tuple[str, str]]:
    """The settings that a `bundle config` makes: `set path x`, `path x`, `--local path x`."""
    words = [word.value or "$" for word in call.operands]
    if words[:1] in (["get"], ["list"], ["unset"]) or call.has("--delete"):
        return
    words = words[1:] if words[:1] == ["set"] else words
    if len(words) > 1 or (words and call.options):
        yield words[0].lower(), words[1] if len(words) > 1 else "true"


def _written(view: View, env: Mapping[str, str], settings: _Settings) -> list[str]:
    """The folders of the project that Bundler writes, as patterns relative to that of the Gemfile."""
    leaves = []
    if not posixpath.isabs(app := _app_config(env)) or inside(view, app):
        leaves += [] if view.kind(posixpath.join(app, "config")) == "file" else [app]
    path = settings.values.get("path")
    if path is None and (settings.on("deployment") or "GEM_HOME" not in env):
        # Source: https://bundler.io/man/bundle-install.1.html#DEPLOYMENT-MODE; a base may set the path, too.
        path = "vendor/bundle"
    for place in filter(None, (path, env.get("GEM_HOME"))):
        if not _plain(place):
            raise Unfit(f"the path {place}", "is where gems are put, and it is not known which folder that is")
        if not inside(view, place):
            continue
        if view.kind(place) and (other := [name for name in view.names(place) if not name.endswith("ruby")]):
            named = posixpath.join(place, other[0])
            raise Unfit(view.file(named) or named, "is no gem, and lies where gems are put")
        leaves.append(place if _GEMS_ALONE.match(place) else f"{place}/*ruby")
    return leaves


def _config(call: Call, view: View, env: Mapping[str, str]) -> Answer:
    """A setting goes to the project's folder where there is a Gemfile, else to the user's.

    Source: https://bundler.io/man/bundle-config.1.html#EXECUTING
    """
    told = list(_told(call))
    if call.has("--global"):
        for name, value in told:
            _known(view, name, value, f"bundle config {name}")
        return Needs(())
    return _install(replace(view, before=(*view.before, call)), env, None)


def _gem(call: Call, view: View, env: Mapping[str, str]) -> Answer:
    """RubyGems takes a file `name-1.0.gem` of the working directory before one of a server.

    Source: https://guides.rubygems.org/command-reference/#gem-install
    """
    if (call.has("-v", "--version", "-h", "--help") and not call.subcommand) or call.subcommand in _GEM_ASIDE:
        return Needs(())
    if call.subcommand not in ("install", "i"):
        return None
    places = [call.value("-i", "--install-dir"), call.value("-n", "--bindir"), env.get("GEM_HOME")]
    if call.has("-g", "--file", "--build-root") or any(place and inside(view, place) for place in places):
        return Obstacle("gem install reads a Gemfile, or writes among the project's files")
    for word in call.operands:
        if not _GEM.match(word.raw.strip("\"'")) or word.raw.endswith(".gem"):
            return Obstacle(f"gem install {word.raw} may take a file of the project")
    if local := next((name for name in view.names() if name.endswith(".gem")), None):
        return Obstacle(f"{view.file(local)} may be what gem install takes")
    return Needs(())
