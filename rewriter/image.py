"""The abstract image of a stage: base configuration plus instructions, evaluated as BuildKit does.

What the file does not show stays `Unknown`; two unknowns are equal only where they come from the same words.
Source: https://docs.docker.com/reference/dockerfile/, and BuildKit's dockerfile2llb for the order of effects.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from rewriter.knowledge.bases import Base, Bases
from rewriter.syntax.tree import Dockerfile, Instruction, Stage
from rewriter.syntax.words import BadWord, Lookup, UnknownValue, expand, word_spans

# https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
PLATFORM_ARGS = frozenset(
    f"{side}{part}" for side in ("TARGET", "BUILD") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
# https://docs.docker.com/reference/dockerfile/#predefined-args
PROXY_ARGS = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
)
_BLANKS = re.compile(r"[\t\v\f\r ]+")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the file does not show; `of` says where it comes from."""

    of: str


Value = str | Unknown
Command = tuple[object, ...] | Unknown


@dataclass(frozen=True, slots=True)
class State:
    """The settings of an image at one point. The names of the fields are the words for `Change.declares`.

    `env` holds what is set by the base's known part or by the file; `open_env` says that there may be more.
    `args` maps the ARGs in scope to their defaults (None without one): a value on the command line wins.
    """

    workdir: Value
    user: Value
    shell: tuple[str, ...] | Unknown
    env: Mapping[str, Value]
    open_env: str
    args: Mapping[str, Value | None]
    entrypoint: Command
    cmd: Command
    own_cmd: bool
    expose: frozenset[Value]
    volumes: frozenset[Value]
    labels: Mapping[str, Value]
    author: Value
    healthcheck: Command
    stopsignal: Value
    onbuild: tuple[str, ...]

    def lookup(self, name: str) -> str | None:
        """The value of variable `name`, None where it is unset; raises `UnknownValue`."""
        if name in self.env:
            value = self.env[name]
            if isinstance(value, str):
                return value
            raise UnknownValue(name)
        if name in self.args or self.open_env or name in PLATFORM_ARGS or name in PROXY_ARGS:
            raise UnknownValue(name)
        return None


# What a RUN step can see of the settings around it.
RUN_SEES = ("workdir", "user", "shell", "env", "open_env", "args")
# What the finished stage says; ARGs end with the stage.
IMAGE_PARTS = tuple(field.name for field in fields(State) if field.name not in ("args", "own_cmd"))


@dataclass(frozen=True)
class StageImage:
    """One evaluated stage. `before[i]` is the state in front of `stage.body[i]`, `final` the one behind the last.

    `base` is the image that the stage grows from in the end, through other stages (`parent`, an index) if need be.
    """

    stage: Stage
    base: Base
    parent: int | None
    start: State
    before: tuple[State, ...]
    final: State


def evaluate(file: Dockerfile, bases: Bases) -> tuple[StageImage, ...]:
    """Return the abstract image of each stage of `file`, in order."""
    defaults: dict[str, Value | None] = {}
    for instruction in file.global_args:
        if instruction.keyword == "ARG":
            defaults |= _arguments(instruction, file.escape, _Scope(defaults).lookup)
    done: list[StageImage] = []
    names: dict[str, int] = {}
    for stage in file.stages:
        reference = from_reference(stage.start, file.escape, _Scope(defaults))
        parent = names.get(reference.lower())
        if parent is not None:
            base = done[parent].base
            start = replace(done[parent].final, args={}, own_cmd=False, onbuild=())
        else:
            base = bases.lookup(reference)
            start = _from_base(base)
        done.append(_walk(file, stage, base, parent, start, defaults))
        if stage.name:
            names[stage.name] = stage.index
    return tuple(done)


@dataclass(frozen=True)
class _Scope:
    """The scope of FROM: global ARGs, whose defaults the command line may replace."""

    defaults: Mapping[str, Value | None]

    def lookup(self, name: str) -> str | None:
        if name in self.defaults or name in PLATFORM_ARGS or name in PROXY_ARGS:
            raise UnknownValue(name)
        return None


def from_reference(start: Instruction, escape: str, scope: _Scope) -> str:
    """The image or stage that a FROM names; variables whose value is open stay as they are written."""
    words = start.value.split()
    if not words:
        return ""
    value = _value(words[0], escape, scope.lookup)
    return value if isinstance(value, str) else words[0].strip("\"'")


def _value(word: str, escape: str, lookup: Lookup) -> Value:
    try:
        return expand(word, lookup, escape)
    except UnknownValue:
        return Unknown(_shape(word, escape, lookup))
    except BadWord:
        return Unknown(word)


def _shape(word: str, escape: str, lookup: Lookup) -> str:
    """A name for a value with open variables: the same for each way to quote the same words."""
    opened: set[str] = set()

    def known(name: str, stand_in: str | None) -> str | None:
        try:
            return lookup(name)
        except UnknownValue:
            opened.add(f"${{{name}}}")
            return stand_in

    try:
        filled = expand(word, lambda name: known(name, f"${{{name}}}"), escape)
        unset = expand(word, lambda name: known(name, None), escape)
    except BadWord:
        return word
    bare = filled
    for variable in opened:
        bare = bare.replace(variable, "")
    return filled if bare == unset else f"{filled} or {unset}"


def _from_base(base: Base) -> State:
    of = base.reference
    return State(
        workdir=base.workdir or Unknown(f"{of} WORKDIR"),
        user=base.user or Unknown(f"{of} USER"),
        shell=base.shell or Unknown(f"{of} SHELL"),
        env=dict(base.env),
        open_env="" if of == "scratch" else of,
        args={},
        entrypoint=Unknown(f"{of} ENTRYPOINT") if base.entrypoint is None else ("exec", base.entrypoint),
        cmd=Unknown(f"{of} CMD") if base.cmd is None else ("exec", base.cmd),
        own_cmd=False,
        expose=frozenset(base.exposes) if base.known else frozenset((Unknown(f"{of} EXPOSE"),)),
        volumes=frozenset(base.volumes) if base.known else frozenset((Unknown(f"{of} VOLUME"),)),
        labels={},
        author="",
        healthcheck=Unknown(f"{of} HEALTHCHECK"),
        stopsignal=base.stopsignal or Unknown(f"{of} STOPSIGNAL"),
        onbuild=(),
    )


def _walk(
    file: Dockerfile, stage: Stage, base: Base, parent: int | None, start: State, defaults: Mapping[str, Value | None]
) -> StageImage:
    state, before = start, []
    for instruction in stage.body:
        before.append(state)
        state = step(state, instruction, file.escape, defaults)
    return StageImage(stage, base, parent, start, tuple(before), state)


def step(state: State, instruction: Instruction, escape: str, defaults: Mapping[str, Value | None]) -> State:
    """The state behind `instruction`. `defaults` are the global ARGs, which an ARG without a default takes over."""

    def value(word: str) -> Value:
        return _value(word, escape, state.lookup)

    text = instruction.value
    match instruction.keyword:
        case "ENV":
            # All words of one ENV see the values from before it.
            new = {_unquoted(value(key)): value(word) for key, word in pairs(text, escape)}
            return replace(state, env={**state.env, **new})
        case "LABEL":
            new = {_unquoted(value(key)): value(word) for key, word in pairs(text, escape)}
            return replace(state, labels={**state.labels, **new})
        case "ARG":
            found = _arguments(instruction, escape, state.lookup)
            inherited = {name: defaults.get(name) if default is None else default for name, default in found.items()}
            return replace(state, args={**state.args, **inherited})
        case "WORKDIR":
            return replace(state, workdir=_workdir(state, value(text)))
        case "USER":
            return replace(state, user=value(text))
        case "SHELL":
            return replace(state, shell=instruction.json or Unknown(text))
        case "ENTRYPOINT":
            entered = replace(state, entrypoint=_command(instruction, state))
            return entered if state.own_cmd else replace(entered, cmd=("exec", ()))
        case "CMD":
            return replace(state, cmd=_command(instruction, state), own_cmd=True)
        case "EXPOSE":
            return replace(state, expose=state.expose | {_port(value(word)) for word in text.split()})
        case "VOLUME":
            words = instruction.json if instruction.json is not None else text.split()
            return replace(state, volumes=state.volumes | {value(word) for word in words})
        case "MAINTAINER":
            return replace(state, author=text)
        case "HEALTHCHECK":
            flags = tuple((flag.name, flag.value) for flag in instruction.flags)
            return replace(state, healthcheck=(flags, " ".join(text.split()), state.shell))
        case "STOPSIGNAL":
            return replace(state, stopsignal=value(text))
        case "ONBUILD":
            return replace(state, onbuild=(*state.onbuild, text))
    return state


@lru_cache(maxsize=8192)
def pairs(text: str, escape: str) -> tuple[tuple[str, str], ...]:
    """Names and values of an ENV or LABEL line, in either form; quotes and variables stay as written.

    In the legacy form, without an equals sign in the first word, all behind the name is its value.
    """
    words = [text[start:end] for start, end in word_spans(text, escape)]
    if words and "=" not in words[0]:
        name, *rest = _BLANKS.split(text, maxsplit=1)
        return ((name, "".join(rest)),)
    return tuple((name, value) for name, _, value in (word.partition("=") for word in words))


def _arguments(instruction: Instruction, escape: str, lookup: Lookup) -> dict[str, Value | None]:
    found: dict[str, Value | None] = {}
    text = instruction.value
    for start, end in word_spans(text, escape):
        name, equals, word = text[start:end].partition("=")
        found[name] = _value(word, escape, lookup) if equals else None
    return found


def _unquoted(value: Value) -> str:
    return value if isinstance(value, str) else value.of


def _workdir(state: State, target: Value) -> Value:
    if isinstance(target, Unknown):
        # An open variable in front may hold an absolute path or a relative one.
        return Unknown(f"{state.workdir}/{target.of}")
    if target.startswith("/"):
        return posixpath.normpath(target)
    if isinstance(state.workdir, Unknown):
        return Unknown(f"{state.workdir.of}/{target}")
    return posixpath.normpath(posixpath.join(state.workdir, target))


def _command(instruction: Instruction, state: State) -> Command:
    if instruction.json is not None:
        return ("exec", instruction.json)
    return ("shell", state.shell, instruction.value)


def _port(value: Value) -> Value:
    if isinstance(value, Unknown):
        port, slash, protocol = value.of.rpartition("/")
        return Unknown(f"{port}/{protocol.lower()}") if slash and "$" not in protocol else value
    port, _, protocol = value.partition("/")
    return f"{port}/{protocol.lower() or 'tcp'}"
