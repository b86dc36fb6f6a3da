"""What Mix needs of a project: `mix deps.get` and `mix deps.compile` read the manifests, all other tasks the source."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rewriter import knowledge
from rewriter.project.context import Unfit
from rewriter.project.elixir.mix_files import lock_holds, read_config, read_project
from rewriter.project.fetches import environment
from rewriter.project.folders import inside
from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.starts import prefix
from rewriter.syntax.shell import Word
from rewriter.syntax.vocabulary import Call

# Variables that move what Mix reads or writes. Source: https://hexdocs.pm/mix/Mix.html#module-environment-variables
_MOVING = ("MIX_EXS", "MIX_BUILD_PATH", "MIX_BUILD_ROOT", "MIX_DEPS_PATH", "MIX_PATH", "ERL_LIBS", "ELIXIR_ERL_OPTIONS")
_HOMES = ("MIX_HOME", "HEX_HOME", "MIX_ARCHIVES", "MIX_REBAR3")


@dataclass(frozen=True, slots=True)
class _Task:
    """One task of the command, with what it is told."""

    name: str
    words: tuple[Word, ...]

    def has(self, option: str) -> bool:
        return any(word.raw.rstrip(",").partition("=")[0] == option for word in self.words)


def needs(call: Call, view: View) -> Answer:
    """What a command of Mix needs of the project (see `rewriter.project.needs`). Raises `Unfit` for a file that is in
    the way. Source: https://hexdocs.pm/mix/Mix.html"""
    if any(word.raw.startswith(("-C", "--chdir", "-D")) for word in call.wrappers):
        return Obstacle("which folder mix runs in is not known")
    env = environment(call, view)
    for name in (*_MOVING, *_HOMES):
        if name in env and (name in _MOVING or inside(view, env[name])):
            return Obstacle(f"{name} moves what Mix reads or writes")
    tasks = _tasks(call)
    if tasks is None:
        return Obstacle("mix is told its tasks by a variable, or by options that are not known")
    table = knowledge.table("mix")
    first = [task.name in table["tasks"]["aside"] or task.name in table["options"] for task in tasks]
    if all(task.name in table["tasks"]["aside"] for task in tasks):
        return Needs(())
    if not all(first):
        at = first.index(False)
        return _blocked(call, view, env, tasks, at)
    return _install(view, env, tasks)


def _tasks(call: Call) -> list[_Task] | None:
    """The tasks of `mix do a, b` and `mix do a + b`, or the one of `mix a`. None where they are not known.

    Source: https://hexdocs.pm/mix/Mix.Tasks.Do.html
    """
    words = [word for word in call.statement.words if word.start > call.head.start]
    if words and words[0].raw in ("do", "do,"):
        groups: list[list[Word]] = [[]]
        for word in words[1:]:
            if word.raw in ("+", ","):
                groups.append([])
            else:
                groups[-1].append(word)
                if word.raw.endswith(","):
                    groups.append([])
        groups = groups[:-1] if not groups[-1] else groups
    else:
        groups = [words]
    found = []
    for group in groups:
        name = group[0].value if group else None
        if name is None or (len(groups) > 1 and name.startswith("-")):
            return None
        found.append(_Task(name.rstrip(","), tuple(group[1:])))
    return found


def _blocked(call: Call, view: View, env: Mapping[str, str], tasks: Sequence[_Task], at: int) -> Answer:
    """A command with a task that needs the source: what comes before that can run first."""
    task = tasks[at]
    if task.name in knowledge.table("mix")["tasks"]["changes"]:
        return Obstacle(f"mix {task.name} changes what was fetched, or mix.lock")
    answer = _install(view, env, tasks[:at]) if any("deps" in each.name for each in tasks[:at]) else None
    if isinstance(answer, Needs):
        start = prefix(call)
        if isinstance(start, Obstacle):
            return start
        last = (tasks[at - 1].words or ())[-1:] or [
            word for word in call.statement.words if word.raw.rstrip(",") == tasks[at - 1].name
        ]
        words = [word.raw for word in call.statement.words if call.head.start <= word.start <= last[-1].start]
        words[-1] = words[-1].rstrip(",")
        if at == 1:
            words.remove("do")
        rest = ", ".join(each.name for each in tasks[at:])
        return replace(answer, fetch=" ".join((*start, *words)), still=f"mix {rest} still works on the whole source")
    if answer is not None:
        return answer
    if view.kind("mix.exs") == "file":
        for name, where in read_project(view).aliases:
            if name == task.name:
                return Obstacle(f"{where} makes {name} an alias, which may do anything with the source")
    return Obstacle(f"mix {task.name} reads the source")


def _install(view: View, env: Mapping[str, str], tasks: Sequence[_Task]) -> Answer:
    """What `tasks`, all of them known, read and write."""
    options = knowledge.table("mix")["options"]
    for task in tasks:
        for word in task.words:
            name = word.raw.rstrip(",").partition("=")[0]
            if task.name in options and name.startswith("-") and name not in options[task.name]:
                return Obstacle(f"what mix {task.name} {name} does is not known")
            if word.value is None and word.raw.startswith(("$", '"$')) and not task.has("--only"):
                return Obstacle(f"mix {task.name} is told what to do by a variable")
    files = read_project(view)
    compiles = [task for task in tasks if task.name != "deps.get" and task.name in options]
    reads = list(files.reads[:1])
    lock = view.file("mix.lock")
    if lock is not None and view.project.kind(lock) is not None:
        lock_holds(view, files)
        reads.append("mix.lock")
    else:
        reads = ["mix.*"]
    reads += files.reads[1:]
    if compiles:
        for task in compiles:
            if files.umbrella and not task.has("--skip-umbrella-children"):
                reason = f"mix {task.name} compiles the applications of the umbrella, too"
                return Obstacle(f"{reason} (--skip-umbrella-children leaves them out)")
        reads += read_config(view, _environment(env))
        folders = [f"{folder}/" for folder in files.folders]
        reads = [name for name in reads if not name.startswith(tuple(folders))] + folders
    elif any(view.kind(posixpath.join(folder, "mix.exs")) is None for folder in files.folders):
        raise Unfit(view.file("mix.exs") or "mix.exs", "takes a package from a folder without a mix.exs")
    fact = "names the packages, and no files but those that are copied first"
    return Needs(tuple(dict.fromkeys(reads)), ("deps", "_build"), (view.evidence(fact, "mix.exs"),))


def _environment(env: Mapping[str, str]) -> str | None:
    name = env.get("MIX_ENV", "")
    return name if re.fullmatch(r"[a-z_]+", name) else None
