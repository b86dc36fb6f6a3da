"""What the script of a RUN reads and writes: its commands in order, each in the folder that it runs in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rewriter import knowledge
from rewriter.effects.commands import Work, made_by, of_command
from rewriter.effects.effect import ALL, NOTHING, ROOT_MADE, Effect, canonical, everything
from rewriter.effects.options import Given
from rewriter.effects.paths import GLOB, OPEN, POINTS, Reader, Scope
from rewriter.effects.roles import ROLES
from rewriter.effects.substitutions import inner_scripts
from rewriter.facts import Run
from rewriter.image import Unknown
from rewriter.syntax.shell import Redirect, Script, Statement, Word, parse
from rewriter.syntax.vocabulary import Call, call

_NUMBER = re.compile(r"\d+\Z|-\Z")
_NAMES = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)\Z", re.ASCII | re.DOTALL)
_FOR = re.compile(r"for\s+(\w+)\s+in\s+([^;\n]*?)\s*(?:;|\n)", re.ASCII)
_INDIRECT = re.compile(r"\$\{!|\benvsubst\b|\bprintenv\b|(?<![\w./-])env(?=\s*(?:[|>;&]|\Z))")
_TEST_WORD = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|\S+")
_ERREXIT = re.compile(r"\bset\s+-[a-z]*e|-o errexit")
_PARTS = ("if", "loop", "case")
_DECLARES = frozenset(("export", "local", "readonly", "declare", "typeset"))
_FORGETS = frozenset(("unset", "read"))


def of_run(run: Run, links: tuple[tuple[str, str | None], ...], reader: Reader) -> Effect:
    """The effect of all of `run`; `links` are the symbolic links that earlier steps make, with their targets, and
    `reader` says what a package manager reads of the project."""
    if any(flag.name not in ("mount", "network") for flag in run.instruction.flags):
        return everything("its flags are not known")
    if _reads_profiles(run):
        return everything("its shell reads profiles first")
    workdir = run.state.workdir
    scope = Scope(run, workdir if isinstance(workdir, str) else None, links=dict(links), reader=reader)
    effect = _of_script(run.script, scope) | _around(run, scope)
    if effect.unknown:
        return replace(effect, **_everything)
    if made_by(scope, False) != ROOT_MADE:
        # Whoever is not root must also be allowed to pass through the folders.
        effect = replace(effect, needs=effect.needs | effect.reads | effect.writes)
    return effect


_everything = {name: getattr(everything(""), name) for name in ("reads", "writes", "asks", "uses", "runs", "provides")}


def _reads_profiles(run: Run) -> bool:
    """Whether the shell runs other scripts before this one. Source: bash(1), INVOCATION."""
    shell = run.state.shell if isinstance(run.state.shell, tuple) else ()
    login = any(re.match(r"-[a-z]*[il]|--login", word) for word in shell[1:])
    return login or "BASH_ENV" in run.state.env or "BASH_ENV" in run.state.args


def of_one(call: Call, folder: str | None, run: Run) -> Effect:
    """The effect of one command of `run`, which runs in `folder`, with its redirections."""
    scope = Scope(run, folder)
    return _command(call.statement, call, scope)


def _around(run: Run, scope: Scope) -> Effect:
    """What a RUN depends on beside its commands: the shell, the user, the environment, what is mounted."""
    words = frozenset(_NAMES.findall(run.script.text))
    flags = " ".join(flag.value or "" for flag in run.instruction.flags)
    asks = words | frozenset(_NAMES.findall(flags)) | frozenset(_set("environment"))
    if _INDIRECT.search(run.script.text):
        asks |= {ALL}
    reads = set(_pointed(run))
    if made_by(scope, False).partition(",")[0] != ROOT_MADE:
        reads |= {"/etc/passwd", "/etc/group"}
    return Effect(frozenset(reads), asks=asks, makes=_mounted(run, scope), uses=frozenset(("workdir", "user", "shell")))


def _pointed(run: Run) -> Iterator[str]:
    """The files and folders that variables of the image name to every program: libraries, certificates, settings."""
    for name, value in run.state.env.items():
        if POINTS.match(name):
            words = re.split(r"[\s:=,;'\"]+", value.of if isinstance(value, Unknown) else value)
            yield from (canonical(word) for word in words if word.startswith("/") and "$" not in word)


def _mounted(run: Run, scope: Scope) -> frozenset[tuple[str, str]]:
    """The folders that mounts leave behind."""
    found: set[tuple[str, str]] = set()
    for mount in run.instruction.mounts:
        if target := mount.get("target"):
            found |= {(path, "mount") for path in scope.reach(scope.places(target)[0].path)}
    return frozenset(found)


def _set(name: str) -> list[str]:
    sets: Mapping[str, str] = knowledge.table("effects")["sets"]
    return sets[name].split()


def _of_script(script: Script, scope: Scope) -> Effect:
    inner = _substituted(script, scope) if script.substitutions else NOTHING
    return _statement(script.root, replace(scope.inner(), text=script.text)) | inner


def _substituted(script: Script, scope: Scope) -> Effect:
    """What the commands do whose output stands in words: each is taken to run anywhere in the script."""
    if re.search(r"\b(?:cd|pushd|popd)\b", script.text):
        scope = replace(scope, folder=None, also=())
    effect = NOTHING
    for text in inner_scripts(script.text):
        inner = None if text is None else parse(text)
        if inner is None:
            return everything("a command within a command is not understood")
        effect |= _of_script(inner, replace(scope.inner(), variables=dict.fromkeys(scope.variables)))
    return effect


def _statement(statement: Statement, scope: Scope) -> Effect:
    """The effect of `statement`; `scope` is left as the statement leaves it."""
    match statement.kind:
        case "command":
            understood = call(statement)
            if understood is None:
                if statement.words:
                    return everything(f"what {statement.words[0].raw} stands for is not known")
                _assign(statement.assignments, scope)
                return _redirected(statement.redirects, scope)
            effect = _command(statement, understood, scope)
            _shell_state(understood, scope)
            return effect
        case "assign":
            _assign(statement.assignments, scope)
            return _redirected(statement.redirects, scope)
        case "test":
            return _redirected(statement.redirects, scope) | _tested(statement, scope)
        case "function":
            return everything("the script defines a function")
        case "subshell":
            return _children(statement, scope.inner())
        case "pipeline":
            effect = _redirected(statement.redirects, scope)
            for child in statement.children:
                effect |= _statement(child, scope.inner())
            return effect
        case "list" if any(operator.text == "||" for operator in statement.operators):
            return _doubtful(statement, scope)
        case kind if kind in _PARTS:
            if kind == "loop":
                _loop(statement, scope)
            return _doubtful(statement, scope)
    return _children(statement, scope)


def _children(statement: Statement, scope: Scope) -> Effect:
    effect = _redirected(statement.redirects, scope)
    for child in statement.children:
        before = scope.folder
        effect |= _statement(child, scope)
        if scope.folder != before and statement.kind != "list" and not _ERREXIT.search(scope.run.script.text):
            # Where a `cd` fails, what follows behind a `;` runs in the folder from before.
            scope.also += (before,) if before is not None else ()
    return effect


def _doubtful(statement: Statement, scope: Scope) -> Effect:
    """A statement whose parts run or not, once or several times."""
    before = scope.inner()
    effect = _children(statement, scope)
    changed = {name for name, values in scope.variables.items() if before.variables.get(name, ()) != values}
    changed -= {name for name in changed if statement.kind == "loop" and name in before.variables}
    if scope.folder != before.folder or changed:
        after = None if scope.folder != before.folder else before.folder
        scope.folder, scope.variables = after, scope.variables | dict.fromkeys(changed)
        effect |= _children(statement, scope)
        scope.folder, scope.variables = after, scope.variables | dict.fromkeys(changed)
    return effect


def _loop(statement: Statement, scope: Scope) -> None:
    """The variable of a `for` is each of its words in turn."""
    match = _FOR.match(scope.text[statement.start : statement.end])
    if match is None:
        return
    if "$(" in match[2] or "`" in match[2]:
        scope.variables[match[1]] = None
        return
    texts = [text for raw in _TEST_WORD.findall(match[2]) for text in scope.texts(raw)]
    scope.variables[match[1]] = tuple(texts) if texts and len(texts) <= 16 else None


def _assign(words: tuple[Word, ...], scope: Scope) -> None:
    for word in words:
        match = _ASSIGNMENT.match(word.raw)
        if match is None:
            continue
        values = scope.texts(match[3])
        known = not match[2] and not any(OPEN in value or GLOB in value for value in values)
        scope.variables[match[1]] = values if known else None


def _shell_state(understood: Call, scope: Scope) -> None:
    """What the command leaves in the shell: the folder and the variables."""
    words = [word for word in understood.statement.words if word.start > understood.head.start]
    match understood.program:
        case "cd":
            operands = [word.raw for word in words if not word.raw.startswith("-") or word.raw == "-"]
            paths = scope.paths(operands[0]) if operands else scope.paths("~")
            known = len(operands) < 2 and operands != ["-"] and len(set(paths)) == 1 and not paths[0].open
            scope.folder = paths[0].path if known else None
        case "pushd" | "popd":
            scope.folder = None
        case name if name in _DECLARES:
            _assign(tuple(word for word in words), scope)
        case name if name in _FORGETS:
            scope.variables |= dict.fromkeys(word.raw for word in words)


def _command(statement: Statement, understood: Call, scope: Scope) -> Effect:
    inner = scope
    before = [word for word in (*statement.assignments, *understood.wrappers) if _ASSIGNMENT.match(word.raw)]
    if before:
        inner = scope.inner()
        _assign(tuple(before), inner)
    if understood.program == "sudo" or _for_another(understood):
        return everything("who runs it is not known")
    effect = of_command(understood, inner, ROLES)
    if understood.program == "ln" and not effect.unknown:
        _linked(understood, effect, scope)
    if understood.program == "cd" and not effect.unknown:
        operands = [word.raw for word in understood.operands if word.raw != "-"]
        effect |= Effect(needs=frozenset(p.path for raw in operands for p in scope.paths(raw)))
    return effect | _redirected(statement.redirects, scope)


def _for_another(understood: Call) -> bool:
    """Whether sudo or env are given options that change more than who runs the command."""
    words = [word.raw for word in understood.wrappers]
    plain = {"-E", "-H", "-n", "-S", "-i", "--preserve-env", "-v", "-V"} | {"--"}
    return any(word.startswith("-") and word.partition("=")[0] not in plain for word in words) or "-i" in words


def _linked(understood: Call, effect: Effect, scope: Scope) -> None:
    """From now on, a way through the link leads to its target."""
    found = links_of(understood, effect, scope)
    scope.links = {**scope.links, **found}


def links_of(understood: Call, effect: Effect, scope: Scope) -> dict[str, str | None]:
    """The symbolic links that an `ln` makes, with their targets (None: anywhere)."""
    operands = [word.raw for word in understood.operands if not word.raw.startswith("-")]
    targets = operands[:-1] or operands
    found: dict[str, str | None] = {}
    for link in effect.writes:
        inside = replace(scope, folder=posixpath.dirname(link), also=())
        places = [path for raw in targets for path in inside.paths(raw)]
        single = len(places) == 1 and not places[0].open
        found[link] = places[0].path if single else None
        if single and places[0].name:
            nested = replace(scope, folder=link, also=()).paths(targets[0])
            found[posixpath.join(link, places[0].name)] = nested[0].path
    return found


def _redirected(redirects: tuple[Redirect, ...], scope: Scope) -> Effect:
    work = Work(scope, _NO_CALL, {}, Given((), ()), sudo=False)
    for redirect in redirects:
        if redirect.target is None or _NUMBER.match(redirect.target.raw):
            continue
        if redirect.operator.startswith("<") and redirect.operator != "<>":
            if redirect.operator != "<<<":
                work.read(redirect.target.raw)
        else:
            work.write(redirect.target.raw)
    return work.effect()


def _tested(statement: Statement, scope: Scope) -> Effect:
    """`[ … ]` and `[[ … ]]`: the files that are asked for."""
    text = scope.text[statement.start : statement.end]
    words = tuple(word for word in _TEST_WORD.findall(text) if word not in ("[", "]", "[[", "]]"))
    work = Work(scope, _NO_CALL, {}, Given((), words), sudo=False)
    ROLES["test"](work)
    return work.effect()


_NO_WORD = Word(0, 0, "", "")
_NO_CALL = Call(Statement("command", 0, 0), "", _NO_WORD)
