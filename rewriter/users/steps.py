"""What the steps of a stage leave that another user cannot use."""

from __future__ import annotations

import posixpath
import re

from rewriter import knowledge
from rewriter.facts import Facts
from rewriter.image import StageImage
from rewriter.knowledge.base_table import split
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object
from rewriter.project.python.reading import Reading, Unknowable
from rewriter.project.python.uv_python import check_python
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import located, with_folders
from rewriter.steps.start import Start
from rewriter.steps.yarn import plugged
from rewriter.syntax.tree import Instruction
from rewriter.users.found import Found

_RUN = (".py", ".sh", ".js", ".mjs", ".cjs")
_SHUT_IN = "where no other user may enter"
_SHUT = re.compile(r"(?:[ug]*u[ug]*)\+[rwst]*[x]|[a-z]*[oa][a-z]*-[rwx]|go-|og-|go=\Z|o=\Z")


def steps(facts: Facts, image: StageImage, started: Start, found: Found) -> None:
    """What the stage's own steps leave that another user cannot use."""
    state = image.final
    if isinstance(state.workdir, str) and f"{state.workdir}/".startswith("/root/"):
        found.refuse(f"the working directory is {state.workdir}, and no other user may enter /root")
    for name, value in state.env.items():
        if isinstance(value, str) and re.search(r"(?:\A|:)/root(?:/|:|\Z)", value) and name not in ("GNUPGHOME",):
            found.refuse(f"{name} names {value}, and no other user may enter /root")
    settings = " ".join(f"{name}={value}" for name, value in state.env.items())
    lines = {each.stage.index for each in facts.lineage(image)}
    programs_ = {posixpath.basename(word) for word in started.words} | started.programs
    for each in facts.lineage(image):
        for instruction in each.stage.body:
            line = instruction.first_line
            if instruction.keyword in ("COPY", "ADD"):
                if mode := _shuts(instruction.flag("chmod") or ""):
                    found.refuse(f"line {line}: --chmod={mode} gives other users no right to what is copied")
                if re.search(r"\s\"?/root(?:/|\"|\Z|\s*\])", instruction.value):
                    found.refuse(f"line {line} copies to /root, which no other user may enter")
            if instruction.keyword != "RUN":
                continue
            for entry in knowledge.table("users")["home"]:
                unless = entry.get("unless")
                relevant = not entry.get("started") or programs_ & set(entry["started"])
                text = instruction.value + " ".join(facts.file.text(h.body) for h in instruction.heredocs)
                known = f"{text} {settings} {_earlier(facts, lines)}"
                seen = f"{text}\n{_scripts(facts, instruction)}"
                if (
                    relevant
                    and re.search(entry["pattern"], seen, re.M)
                    and not (unless and re.search(unless, known + seen))
                ):
                    found.refuse(f"line {line} {entry['reason']}, where no other user may enter")
            found.refuse(_managed(facts, instruction))
            found.refuse(_downloads(facts, instruction, settings))
            for entry in knowledge.table("users")["shut"]:
                if re.search(entry["pattern"], instruction.value) and not re.search(
                    entry.get("unless", r"\Z."), _earlier(facts, lines)
                ):
                    found.refuse(f"line {line} {entry['reason']}")
    for run in facts.runs:
        if run.image.stage.index not in lines:
            continue
        for call in run.calls:
            if call.program == "chmod" and (words := [word.value or "" for word in call.statement.words[1:]]):
                mode = next((w for w in words if not re.match(r"-[RvfcH]|--", w)), "")
                if shut := _shuts(mode):
                    at = run.instruction.first_line
                    found.refuse(f"line {at}: chmod {shut} gives other users no right to {words[-1]}")


def _earlier(facts: Facts, lines: set[int]) -> str:
    return " ".join(run.script.text for run in facts.runs if run.image.stage.index in lines)


def _downloads(facts: Facts, instruction: Instruction, settings: str) -> str:
    """Why an install leaves a download in a home folder that no other user sees; "" where it does not."""
    table = knowledge.table("users")["downloads"]
    run = facts.run(instruction)
    if run is None or re.search(table["unless"], f"{settings} {instruction.value}"):
        return ""
    for call, folder in with_folders(run):
        if call.program not in ("npm", "yarn", "pnpm", "bun") or not (call.installs or call.subcommand in ("ci", "")):
            continue
        view = view_of(facts, run, folder or "/", ())
        try:
            data = json_object(view, "package.json") if view.kind("package.json") == "file" else {}
        except Unfit:
            continue
        if call.program == "yarn" and (shows := plugged(view, f"{settings} {instruction.value}")):
            line = instruction.first_line
            return f"line {line} keeps the packages below /root/.yarn ({shows} says nothing else), {_SHUT_IN}"
        asked = data.get("dependencies")
        name = next((name for name in table["packages"] if isinstance(asked, dict) and name in asked), None)
        if name:
            return f"line {instruction.first_line} installs {name}, which downloads below /root/.cache"
    return ""


def _managed(facts: Facts, instruction: Instruction) -> str:
    """Why the Python of an environment lies below /root, where uv keeps those that it downloads; "" where it does not.

    Source: https://docs.astral.sh/uv/reference/storage/#python-versions
    """
    run = facts.run(instruction)
    if run is None:
        return ""
    for call, folder in with_folders(run):
        if call.program != "uv" or call.subcommand not in ("sync", "venv"):
            continue
        reading = Reading(call, view_of(facts, run, folder or "/", run.calls[: run.calls.index(call)]))
        if "UV_PYTHON_INSTALL_DIR" in reading.env:
            continue
        base, parts = run.image.base, (run.image.base.version or "").split(".")
        installs = any(c.installs and any("python3" in w.raw for w in c.operands) for r in facts.runs for c in r.calls)
        if base.known and not base.has("python") and not installs:
            return f"line {instruction.first_line} has uv download a Python below /root, where no other user may enter"
        python = posixpath.basename(split(base.reference)[0]) == "python" and len(parts) > 1
        try:
            check_python(reading, ".".join(parts[:2]) if python else None, instruction.first_line)
        except (Unknowable, Unfit) as error:
            if python:
                return f"{error}, where no other user may enter"
    return ""


def _scripts(facts: Facts, instruction: Instruction) -> str:
    """The texts of the project's scripts that a RUN runs."""
    run = facts.run(instruction)
    if run is None:
        return ""
    found = []
    for call, folder in with_folders(run):
        view = view_of(facts, run, folder or "/", ())
        for word in call.statement.words[:4]:
            path = located(word.value, folder) if word.value else None
            if path and path.endswith(_RUN) and view.kind(path) == "file":
                try:
                    found.append(view.text(path))
                except Unfit:
                    continue
    return "\n".join(found)


def _shuts(mode: str) -> str:
    """The mode, where it gives other users less than they need: to read, and to run what its owner may run."""
    if re.fullmatch(r"[0-7]{3,4}", mode):
        owner, other = int(mode[-3]), int(mode[-1])
        return "" if other & 4 and (other & 1 or not owner & 1) else mode
    return mode if mode and any(_SHUT.match(part) for part in mode.split(",")) else ""
