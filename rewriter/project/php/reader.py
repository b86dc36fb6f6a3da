"""What Composer needs of a project.

`composer install` reads its manifests, but its scripts and an autoloader that lists classes need the source. Then the
download runs first with `--no-scripts --no-autoloader`, and the writer's own command finds all packages in place.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace

from rewriter import knowledge
from rewriter.change import Evidence
from rewriter.project.context import Unfit
from rewriter.project.fetches import environment
from rewriter.project.folders import inside, written
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.php import plugins as composer_plugins
from rewriter.project.php.composer import Manifests, local_folders, read, written_folders
from rewriter.project.starts import prefix
from rewriter.syntax.vocabulary import Call

_HOMES = ("/root/.composer", "/root/.config/composer")
_OPTIMIZE = ("-o", "--optimize-autoloader", "--optimize", "-a", "--classmap-authoritative")
# Settings of the user that move what an installation reads or writes.
_TELLING = re.compile(r"vendor-dir|bin-dir|optimize-autoloader|classmap-authoritative|cache-|data-dir|repo.*path")


def needs(call: Call, view: View) -> Answer:
    """What a command of Composer needs of the project (see `rewriter.project.needs`). Raises `Unfit` for a manifest
    that is in the way. Source: https://getcomposer.org/doc/03-cli.md"""
    commands = knowledge.table("composer")["commands"]
    subcommand = commands["names"].get(call.subcommand, call.subcommand)
    shown = f"composer {subcommand}"
    if (folder := _folder(call)) is None:
        return Obstacle(f"which folder {shown} runs in is not known")
    program = _program(call, view)
    if call.has("-V", "--version", "-h", "--help") or subcommand in commands["aside"]:
        return Needs(program, (), _evidence(view, program))
    if subcommand.startswith("global ") or (subcommand == "config" and call.has("-g", "--global")):
        return _global(call, view, program)
    if subcommand in commands["changes"]:
        return Obstacle(f"{shown} changes composer.json, and a copy behind it would undo that")
    if subcommand in commands["runs"]:
        return Obstacle(f"{shown} runs what the project says")
    if subcommand not in ("install", "update", "dump-autoload", *commands["looks"]):
        return None
    for option in call.options:
        if option.name not in knowledge.table("composer")["options"]["names"]:
            return Obstacle(f"what {shown} {option.name} does is not known")
    if any(word.value is None for word in call.operands):
        return Obstacle(f"{shown} is told what to do by a variable")
    env = environment(call, view)
    inner = view.into(folder)
    manifests = read(inner, env.get("COMPOSER", "composer.json"))
    if (reason := _settled(view)) is not None:
        return Obstacle(reason)
    answer = _answer(call, subcommand, manifests, env)
    if isinstance(answer, Needs):
        reads = [written(view, inner.path(name)) + "/" * name.endswith("/") for name in answer.reads]
        leaves = tuple(written(view, inner.path(name)) for name in answer.leaves)
        return replace(answer, reads=(*program, *reads), leaves=leaves)
    return answer


def _answer(call: Call, subcommand: str, manifests: Manifests, env: Mapping[str, str]) -> Answer:
    view = manifests.view
    dev = not (call.has("--no-dev") or env.get("COMPOSER_NO_DEV", "0") not in ("", "0"))
    named, patches = ([], []) if call.has("--no-plugins") else composer_plugins.plugins(manifests, dev=dev)
    reads = (*manifests.reads, *patches, *local_folders(manifests))
    if subcommand not in ("install", "update", "dump-autoload"):
        composer_plugins.scripts(manifests)
        return Needs(reads, (), (view.evidence("is all that is looked at", manifests.name),))
    leaves = written_folders(manifests, env)
    scripts = [] if call.has("--no-scripts") else composer_plugins.scripts(manifests)
    if subcommand == "dump-autoload":
        scripts = [event for event in scripts if event.endswith("autoload-dump")]
    facts: list[Evidence] = [
        view.evidence(f"runs a script at {event}", manifests.name, manifests.line(event)) for event in scripts
    ]
    dumps = not call.has("--no-autoloader")
    if dumps and (scan := composer_plugins.scanned(manifests, dev=dev, optimized=call.has(*_OPTIMIZE))):
        facts.append(view.evidence(scan[0], manifests.name, manifests.line(scan[1])))
    if dumps and named and composer_plugins.loads_files(manifests, dev=dev):
        facts.append(view.evidence("loads files of the project at once", manifests.name, manifests.line("files")))
    facts += [
        view.evidence(f"installs {name}, which looks at the source", manifests.lock_name)
        for name in named
        if dumps and knowledge.table("composer")["plugin"][name].get("dump")
    ]
    if git := composer_plugins.repository(manifests, env):
        facts.append(view.evidence("tells Composer the project's version", git))
    if subcommand == "dump-autoload":
        if facts:
            return Obstacle(f"composer dump-autoload looks at the source: {facts[0].file} {facts[0].fact}")
        return Needs(reads, leaves, (view.evidence("maps namespaces to folders alone", manifests.name),))
    if subcommand == "update":
        facts.append(view.evidence("names the packages to update", manifests.name, manifests.line("require")))
    if not facts:
        fact = "has no scripts and no classes that are looked for on install"
        return Needs(reads, leaves, (view.evidence(fact, manifests.name, manifests.line("autoload")),))
    return _fetched(call, subcommand, manifests, Needs(reads, leaves, tuple(facts)), scripts)


def _fetched(call: Call, subcommand: str, manifests: Manifests, answer: Needs, scripts: list[str]) -> Answer:
    """The same command, without what needs the source. Source: https://getcomposer.org/doc/03-cli.md#install-i"""
    if subcommand == "install" and manifests.lock is None and {"post-install-cmd", "post-update-cmd"} & {*scripts}:
        event = next(name for name in scripts if name in ("post-install-cmd", "post-update-cmd"))
        raise manifests.stop(f"runs scripts at {event}, which depends on a lock file that is not there", event)
    start = prefix(call)
    if isinstance(start, Obstacle):
        return start
    words = [word.raw for word in call.statement.words if word.start >= call.head.start]
    if "--" in words or any("$" in word or "`" in word for word in words):
        return Obstacle(f"composer {subcommand} is told what to do by a variable")
    words += [option for option in ("--no-scripts", "--no-autoloader") if option not in words]
    again = ["runs its scripts"] if scripts else []
    again += ["writes the autoloader again"] if not call.has("--no-autoloader") else []
    again += ["resolves the versions again"] if subcommand == "update" else []
    again = again or ["looks at the project's version again"]
    still = f"composer {subcommand} " + (f"{', '.join(again[:-1])} and {again[-1]}" if again[1:] else again[0])
    return replace(answer, fetch=" ".join((*start, *words)), still=still)


def _folder(call: Call) -> str | None:
    """The folder that the command changes to, from where it is started; None where that is not known."""
    if any(word.raw.startswith(("-C", "--chdir", "-D")) for word in call.wrappers):
        return None
    if not call.has("-d", "--working-dir"):
        return "."
    value = call.value("-d", "--working-dir")
    return value if value and not set(value) & set("$`'\"~*") else None


def _program(call: Call, view: View) -> tuple[str, ...]:
    """The composer.phar, where it is the project's own."""
    name = call.head.value or ""
    own = "/" in name or any(word.raw.rpartition("/")[2].startswith("php") for word in call.wrappers)
    return (posixpath.normpath(name),) if own and view.kind(name) == "file" else ()


def _evidence(view: View, program: tuple[str, ...]) -> tuple[Evidence, ...]:
    return tuple(view.evidence("is the Composer that runs", name) for name in program)


def _global(call: Call, view: View, program: tuple[str, ...]) -> Answer:
    """A command for Composer's own folder, which `global` changes to.

    Source: https://getcomposer.org/doc/03-cli.md#global
    """
    home = environment(call, view).get("COMPOSER_HOME")
    if home and inside(view, home):
        return Obstacle(f"COMPOSER_HOME lies in {view.path(home)}, which the project is copied to")
    for folder in filter(None, (home, *_HOMES)):
        if view.kind(folder):
            raise Unfit(view.file(folder) or folder, "is Composer's own folder, and is copied into the image")
    return Needs(program, (), _evidence(view, program))


def _settled(view: View) -> str | None:
    """Why earlier commands make it unclear what an installation reads or writes; None where they do not."""
    plugins = knowledge.table("composer")["plugin"]
    for call in view.before:
        if call.program != "composer":
            continue
        words = [word.value or "$" for word in call.operands]
        if call.subcommand in ("global require", "global r"):
            for name in (re.split(r"[:=@]", word)[0].lower() for word in words):
                if plugins.get(name, {"does": ""}).keys() - {"source"}:
                    return f"composer global require {name} may install a plugin that reads the project"
        elif call.subcommand == "config" and call.has("-g", "--global"):
            if words and _TELLING.match(words[0]):
                return f"composer config --global {words[0]} moves what an installation reads or writes"
        elif call.subcommand in knowledge.table("composer")["commands"]["changes"]:
            return f"composer {call.subcommand} changed composer.json before"
    return None
