"""What two images say differently about how they are run, and what of it the rewritten file says on purpose."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from rewriter.facts import ROOT, Facts
from rewriter.image import StageImage, State, Unknown
from rewriter.verify.engine import Image, Settings
from rewriter.verify.model import Difference, Weight
from rewriter.verify.running.asking import SHELL, has_healthcheck

# The parts that are one value, in the words of `rewriter.image.State`, and what a user calls them.
_PARTS = {
    "user": "user", "workdir": "workdir", "entrypoint": "entrypoint", "cmd": "command", "healthcheck": "healthcheck",
    "stopsignal": "stop signal", "shell": "shell", "onbuild": "onbuild",
}  # fmt: skip
_SET = "the rewritten file makes it so"
_DROPPED = "the rewritten file takes it away"
_BASE = "the base image brings it"
_NOT_MEANT = "nothing in the rewritten file makes it so"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a rewrite is meant to change: `parts` (in the words of `rewriter.image.State`) and `names` (`env PORT`,
    `label version`, `port 80/tcp`, `volume /data`) that the two files end with differently, and `values`, what the
    rewritten file sets them to where it says so itself. `own` are names that the file as it was sets, `path` what it
    adds to the search path and the rewritten file keeps; `rebased`: the images grow from different bases."""

    parts: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()
    rebased: bool = False


def foreseen(before: Facts, after: Facts) -> Foreseen:
    """What the last stage of the rewritten file ends with on purpose, from the evaluation of both files. What neither
    a file nor the tables of base images show is not foreseen."""
    old, new = before.images[-1], after.images[-1]
    base, new_base = _base(before, old), _base(after, new)
    parts = {part for part in _PARTS if _meant(getattr(old.final, part), getattr(new.final, part), new_base, part)}
    was, now = _named(old.final), _named(new.final)
    own, new_own = _own(was, base), _own(now, new_base)
    # Ports and volumes of a base that the tables know are as good as said: whoever chose the base wanted them.
    names = {name for name in _differing(was, now) if name in own | new_own or not name.startswith(("env", "label"))}
    rebased = old.base.reference != new.base.reference
    # A variable may be made of one of the base image, which the tables do not know to the letter.
    sure = {name for name in names & new_own if not (rebased and name.startswith("env"))}
    values = {name: value for name in sure if isinstance(value := now.get(name), str)}
    for part in parts:
        value = getattr(new.final, part)
        if isinstance(value, str) and value != getattr(new_base, part):
            values[part] = _plain(part, value)
    path = (_entries(old.final) - _entries(base)) & _entries(new.final)
    return Foreseen(frozenset(parts), frozenset(names), values, own, path, rebased)


def _base(facts: Facts, image: StageImage) -> State:
    """The state that the image grows from, below all stages of the file."""
    return [each.start for each in facts.lineage(image)][-1]


def _meant(was: object, now: object, start: State, part: str) -> bool:
    """Whether a part differs by what is known: not where the new value is whatever an unknown base has."""
    return was != now and not (isinstance(now, Unknown) and now == getattr(start, part))


def _named(state: State) -> dict[str, object]:
    """What an image has many of, by the names of `Foreseen`; ports and volumes have no value of their own."""
    return {
        **{f"env {name}": value for name, value in state.env.items()},
        **{f"label {name}": value for name, value in state.labels.items()},
        **{f"port {port}": True for port in state.expose if isinstance(port, str)},
        **{f"volume {posixpath.normpath(path)}": True for path in state.volumes if isinstance(path, str)},
    }


def _own(named: Mapping[str, object], base: State) -> frozenset[str]:
    return frozenset(_differing(named, _named(base)) & named.keys())


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _entries(state: State) -> frozenset[str]:
    """The folders of the search path, as far as they are known."""
    path = state.env.get("PATH", "")
    entries = (path.of if isinstance(path, Unknown) else path).split(":")
    return frozenset(entry for entry in entries if entry.startswith("/") and "$" not in entry)


def compare(before: Image, after: Image, meant: Foreseen) -> tuple[Difference, ...]:
    """The settings of `after` that are not those of `before`.

    What the rewritten file changes is wanted. What only another base image brings or takes is noted for variables and
    labels (`PYTHON_SHA256`), and for the shell of RUN steps. Everything else that changed is not meant to, and fails: a
    label or a variable of the file that is lost, an entry that the file adds to PATH, the user, the command. A start
    command that comes to the same words, divided otherwise into ENTRYPOINT and CMD or started without a shell, is
    noted.
    """
    one, other = _normal(before.settings), _normal(after.settings)
    return (
        *_command(one, other, meant),
        *_single(one, other, meant),
        *_many("env", one.env, other.env, meant),
        *_many("label", one.labels, other.labels, meant),
        *_many("port", dict.fromkeys(one.ports, "yes"), dict.fromkeys(other.ports, "yes"), meant),
        *_many("volume", dict.fromkeys(one.volumes, "yes"), dict.fromkeys(other.volumes, "yes"), meant),
    )


def _normal(settings: Settings) -> Settings:
    """The settings with what means the same written alike."""
    return replace(
        settings,
        user=_plain("user", settings.user),
        workdir=_plain("workdir", settings.workdir),
        stopsignal=_plain("stopsignal", settings.stopsignal),
        ports=frozenset((port if "/" in port else f"{port}/tcp").lower() for port in settings.ports),
        volumes=frozenset(map(posixpath.normpath, settings.volumes)),
        healthcheck=settings.healthcheck if has_healthcheck(settings) else (),
        shell=settings.shell or SHELL,
    )


def _plain(part: str, value: str) -> str:
    """One of the texts that mean the same: no user is root, no folder is /, no signal is SIGTERM."""
    match part:
        case "user":
            return "root" if not value or value in ROOT else value
        case "workdir":
            return posixpath.normpath(value or "/")
        case "stopsignal":
            return value or "SIGTERM"
    return value


def _command(one: Settings, other: Settings, meant: Foreseen) -> Iterator[Difference]:
    """ENTRYPOINT and CMD: what counts is the words that both come to."""
    if (one.entrypoint, one.cmd) == (other.entrypoint, other.cmd):
        return
    was, now = (*one.entrypoint, *one.cmd), (*other.entrypoint, *other.cmd)
    changed = {part for part in ("entrypoint", "cmd") if getattr(one, part) != getattr(other, part)}
    weight, why = Weight.FAILS, _NOT_MEANT
    if changed <= meant.parts:
        weight, why = Weight.WANTED, _SET
    elif meant.rebased and "cmd" in meant.parts and changed == {"entrypoint", "cmd"}:
        weight, why = Weight.NOTED, "the base image brings an entry point, and the rewritten file says CMD anew for it"
    elif was == now:
        weight, why = Weight.NOTED, "the same words, divided otherwise into ENTRYPOINT and CMD"
    elif _without_shell(was) == _without_shell(now):
        weight, why = Weight.NOTED, "the same words, with or without a shell"
    elif meant.rebased:
        why = _BASE
    for part in sorted(changed):
        yield Difference(_PARTS[part], shlex.join(getattr(one, part)), shlex.join(getattr(other, part)), weight, why)


def _without_shell(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words that a shell starts as its only command, `exec` in front of them or not."""
    if len(words) != 3 or words[0].rpartition("/")[2] not in ("sh", "bash", "ash", "dash") or words[1] != "-c":
        return words
    try:
        command = shlex.split(words[2])
    except ValueError:
        return words
    return tuple(command[1:] if command[:1] == ["exec"] else command)


def _single(one: Settings, other: Settings, meant: Foreseen) -> Iterator[Difference]:
    for part, what in _PARTS.items():
        was, now = getattr(one, part), getattr(other, part)
        if was == now or part in ("entrypoint", "cmd"):
            continue
        weight, why = Weight.FAILS, _BASE if meant.rebased else _NOT_MEANT
        if part in meant.parts:
            weight, why = _said(part, now, meant)
        elif part == "shell" and meant.rebased:
            weight = Weight.NOTED
        yield Difference(what, _words(was), _words(now), weight, why)


def _words(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else shlex.join(value)


def _said(what: str, now: object, meant: Foreseen) -> tuple[Weight, str]:
    """How what the file changes on purpose is judged: it must be what the file says."""
    said = meant.values.get(what)
    if said in (None, now):
        return Weight.WANTED, _DROPPED if now is None else _SET
    return Weight.FAILS, f"the rewritten file says {said}"


def _many(kind: str, one: Mapping[str, str], other: Mapping[str, str], meant: Foreseen) -> Iterator[Difference]:
    """Differences of what an image has many of. A volume that another base brings changes where data goes, and fails,
    as does a port that is gone; a variable, a label or one more port is the base's own affair."""
    for name in sorted(one.keys() | other.keys()):
        was, now = one.get(name), other.get(name)
        if was == now:
            continue
        what = f"{kind} {name}"
        if what == "env PATH" and was is not None and now is not None:
            yield Difference(what, was, now, *_path(was, now, meant))
            continue
        weight, why = Weight.FAILS, _NOT_MEANT
        if what in meant.names:
            weight, why = _said(what, now, meant)
        elif what in meant.own:
            why = "the file as it was sets it"
        elif meant.rebased:
            why = "the old base image brought it" if now is None else _BASE
            weight = Weight.NOTED if kind in ("env", "label") or (kind == "port" and was is None) else Weight.FAILS
        yield Difference(what, was or "", now or "", weight, why)


def _path(was: str, now: str, meant: Foreseen) -> tuple[Weight, str]:
    """The search path counts by its folders."""
    lost = set(was.split(":")) - set(now.split(":"))
    if own := lost & meant.path:
        return Weight.FAILS, f"the file as it was adds {', '.join(sorted(own))}"
    if "env PATH" in meant.names:
        return Weight.WANTED, _SET
    if meant.rebased:
        return Weight.NOTED, _BASE
    return Weight.FAILS, _NOT_MEANT
