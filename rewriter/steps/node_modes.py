"""Where an install may be told to take the lock file as it is, and to leave the packages for development out."""

from __future__ import annotations

import posixpath
import re

from rewriter.change import Alters, Change, Declined, Edit, Evidence
from rewriter.facts import Facts, Run
from rewriter.project import ecosystems
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object
from rewriter.project.needs import Needs, View
from rewriter.project.node import imports as node_imports
from rewriter.project.node import locks as node_locks
from rewriter.project.node.install import is_berry
from rewriter.steps.cleaning import before, start_words
from rewriter.steps.context_copies import context_copy, copies_below, view_of
from rewriter.steps.downloads import located, with_folders
from rewriter.steps.edits import replace_word, word_after
from rewriter.syntax.tree import Instruction
from rewriter.syntax.vocabulary import Call

_INSTALL = {"npm": ("install", "i", "in", "ins", "inst"), "yarn": ("", "install"), "pnpm": ("install", "i")}
_LOCKS = {
    "npm": ("package-lock.json", "npm-shrinkwrap.json"),
    "yarn": ("yarn.lock",),
    "pnpm": ("pnpm-lock.yaml",),
}
_STRICT = {"yarn": "--frozen-lockfile", "pnpm": "--frozen-lockfile"}
# Options that change nothing about the lock file, nor about which packages belong to it.
# Sources: https://docs.npmjs.com/cli/v11/commands/npm-ci, https://classic.yarnpkg.com/en/docs/cli/install,
# https://pnpm.io/cli/install
# fmt: off
_PLAIN = frozenset((
    "--audit", "--build-from-source", "--cache", "--cache-folder", "--fetch-retries", "--fetch-timeout",
    "--foreground-scripts", "--fund", "--ignore-engines", "--ignore-scripts", "--include", "--legacy-peer-deps",
    "--loglevel", "--maxsockets", "--network-concurrency", "--network-timeout", "--no-audit", "--no-color",
    "--no-fund", "--no-optional", "--no-progress", "--no-update-notifier", "--non-interactive", "--omit",
    "--only", "--prefer-offline", "--prod", "--production", "--progress", "--quiet", "--registry", "--reporter",
    "--silent", "--unsafe-perm", "--verbose", "-P", "-q", "-s",
))
# Commands of which it is known that they change neither a manifest nor node_modules of a project.
_HARMLESS = frozenset((
    "addgroup", "adduser", "apk", "apt-get", "cd", "chown", "echo", "export", "groupadd", "groupmod", "id", "mkdir",
    "set", "true", "useradd", "usermod",
))
# fmt: on
_DEV_FLAGS = ("--omit", "--include", "--only", "--also", "--production", "--prod", "--dev", "--no-production", "-D")
_PATH = re.compile(r"[\w./@+*-]+", re.ASCII)
_RUNS_NODE = re.compile(r"\b(?:node|npm|npx|yarn|pnpm)\b")


def stricter(facts: Facts, run: Run, call: Call, npm: Evidence | str | None) -> Change | Declined | None:
    """The change of an install that may rewrite the lock file into one that may not; `npm` is what shows npm 7."""
    program, at = call.program, run.at(call)
    if call.subcommand not in _INSTALL.get(program, ()) or (program != "yarn" and not call.subcommand):
        return None
    operands = [word for word in call.operands if word.raw not in ("true", "false")]
    strange = next((option.name for option in call.options if option.name not in _PLAIN), None)
    folder = next((folder for other, folder in with_folders(run) if other is call), None)
    if (
        operands
        or call.has("-g", "--global")
        or (strange in _STRICT.values())
        or strange in ("--version", "-v", "--help")
    ):
        return None
    try:
        if folder is None or (not (view := view_of(facts, run, folder, ())).kind("package.json")):
            return None
        if not any(view.kind(lock) for lock in _LOCKS[program]):
            return _uncopied(facts, view, program, run, call)
        if strange:
            return Declined(f"what {strange} means to a strict install is not known", at)
        if program == "npm" and not isinstance(npm, Evidence):
            return Declined(npm, at) if npm else None
        if program == "yarn" and is_berry(view, ".", call):
            return Declined(
                "yarn 2 and later refuse a lock file of another version: whether this one fits is not known", at
            )
        if program == "yarn" and not run.image.base.has("yarn"):
            return Declined("which yarn the step runs is not known", at)
        if reason := _disturbed(facts, run, call, folder, view):
            return Declined(reason, at)
        lock = _checked(program, view, call)
    except Unfit as error:
        return Declined(str(error), at)
    evidence = [view.evidence("holds all that package.json asks for", lock)]
    if program == "npm":
        assert isinstance(npm, Evidence)
        assert call.subcommand_word
        edit = replace_word(run, call.subcommand_word, "ci")
        message = "npm install may change what the lock file says, npm ci installs just that"
        evidence.append(npm)
    else:
        flag = _STRICT[program]
        edit = word_after(run, call.subcommand_word or call.head, flag)
        message = f"{program} may change what the lock file says, with {flag} it installs just that"
    return Change(message, (edit,), at, Alters.FILES, evidence=tuple(evidence))


def _uncopied(facts: Facts, view: View, program: str, run: Run, call: Call) -> Declined | None:
    """The refusal for a lock file that lies beside package.json, but not in the image; None where there is none."""
    beside = posixpath.dirname(view.file("package.json") or "")
    for lock in _LOCKS[program]:
        path = posixpath.join(beside, lock)
        if facts.project.kind(path):
            why = "left out by .dockerignore" if facts.project.hides(path) else "not copied before the install"
            return Declined(f"{path} is {why}, so that {program} cannot keep to it", run.at(call))
    return None


def _checked(program: str, view: View, call: Call) -> str:
    match program:
        case "npm":
            return node_locks.npm(view, legacy=call.has("--legacy-peer-deps"))
        case "yarn":
            return node_locks.yarn(view)
    return node_locks.pnpm(view)


def _disturbed(facts: Facts, run: Run, call: Call, folder: str, view: View) -> str | None:
    """What may have changed the manifests, or installed packages already, before `call`; None where nothing did."""
    if call not in run.plain_calls:
        return "the step does not always run the install"
    if run.mounts(f"{folder}/node_modules"):
        return "the step mounts node_modules, which npm ci would remove"
    if view.kind("node_modules"):
        return "node_modules is copied into the image: leave it out by .dockerignore"
    for instruction in before(facts, run):
        if reason := _writes(facts, instruction, folder):
            return f"line {instruction.first_line} {reason}"
    own = [other for other in run.calls if other.head.start < call.head.start]
    return next((f"{other.program} may change what is installed" for other in own if not _harmless(other, view)), None)


def _writes(facts: Facts, instruction: Instruction, folder: str) -> str | None:
    image = facts.image_of(instruction)
    assert image is not None
    state = image.before[image.stage.body.index(instruction)]
    match instruction.keyword:
        case "RUN":
            earlier = facts.run(instruction)
            if earlier is None:
                return "runs what is not known, before the install"
            for other, place in with_folders(earlier):
                if place is not None and _removes_elsewhere(other, place, folder):
                    continue
                if place is None or not _harmless(other, view_of(facts, earlier, place, ())):
                    return f"runs {other.program}, which may change what is installed"
        case "COPY" | "ADD" if context_copy(facts, instruction, state) is None:
            words = instruction.json or tuple(instruction.value.split())
            target = located(words[-1], state.workdir) if words and "$" not in words[-1] else None
            if target is None or f"{folder}/".startswith(f"{target.rstrip('/')}/") or target.startswith(f"{folder}/"):
                return "copies files that are not known into the folder"
        case "VOLUME":
            return "declares a volume, which may hold node_modules"
    return None


def _harmless(call: Call, view: View) -> bool:
    if any("node_modules" in word.raw or "package" in word.raw for word in call.statement.words[1:]):
        return call.program == "apt-get"
    try:
        return call.program in _HARMLESS or ecosystems.needs(call, view) == Needs(())
    except Unfit:
        return False


def _removes_elsewhere(call: Call, place: str, folder: str) -> bool:
    """Whether an `rm` that runs in `place` leaves `folder` and all below it alone."""
    if call.program != "rm" or not all(_PATH.fullmatch(word.raw) for word in call.operands):
        return False
    for word in call.operands:
        path = posixpath.normpath(posixpath.join(place, word.raw.partition("*")[0]))
        if f"{folder}/".startswith(path) or f"{path}/".startswith(f"{folder}/"):
            return False
    return True


def without_dev(facts: Facts, run: Run, call: Call, npm: Evidence | str | None) -> Change | Declined | None:
    """The change that leaves the packages for development out, where the image needs none of them."""
    final = facts.images[-1].final
    if (
        call.program != "npm"
        or call.subcommand not in ("ci", *_INSTALL["npm"])
        or call.operands
        or call.has(*_DEV_FLAGS)
    ):
        return None
    folder = next((folder for other, folder in with_folders(run) if other is call), None)
    production = run.state.env.get("NODE_ENV") not in (None, "development") or "NODE_ENV" in run.state.args
    if folder is None or not isinstance(npm, Evidence) or production or call.statement.assignments or call.wrappers:
        return None
    if run.image is not facts.images[-1]:
        return None  # what other stages take from this one may need them
    at = run.at(call)
    view = view_of(facts, run, folder, ())
    try:
        if not any(view.kind(lock) for lock in _LOCKS["npm"]) or not view.kind("package.json"):
            return None
        if not json_object(view, "package.json").get("devDependencies"):
            return None
        if reason := _needed_later(facts, run, call):
            return Declined(reason, at)
        lock = node_locks.npm(view, legacy=call.has("--legacy-peer-deps"))
        gone = _left_out(view, lock)
        words = start_words(final)
        if words is None or not isinstance(final.workdir, str):
            return Declined("what the image starts is not known", at)
        if reason := _laid_over(facts, run, final.workdir):
            return Declined(reason, at)
        last = facts.images[-1].stage.body[-1]
        places = tuple(place for copy in copies_below(facts, last) for place in copy.places)
        whole = View(facts.project, places, final.workdir)
        entry = node_imports.started(whole, words)
        files = node_imports.names_one_of(whole, entry, gone)
    except Unfit as error:
        return Declined(str(error), at)
    evidence = (
        npm,
        whole.evidence(f"and the {len(files) - 1} files it loads name no package for development", entry),
        view.evidence("has no scripts that the install runs", "package.json"),
    )
    message = "the packages for development are installed, and the image needs none of them"
    edit: Edit = word_after(run, call.statement.words[-1], "--omit=dev")
    return Change(message, (edit,), at, Alters.FILES, evidence=evidence)


def _needed_later(facts: Facts, run: Run, call: Call) -> str | None:
    """Which later step, or which script of the install, may need the packages for development."""
    later = [other for other in run.calls if other.head.start > call.head.start]
    for instruction in facts.later(run.instruction):
        text = facts.file.text(instruction.span)
        if instruction.keyword in ("HEALTHCHECK", "ONBUILD") and _RUNS_NODE.search(text):
            return f"line {instruction.first_line} runs node, and may need packages for development"
        if instruction.keyword == "RUN":
            other = facts.run(instruction)
            if other is None:
                return f"what line {instruction.first_line} needs is not known"
            later += other.calls
    cleans = ("cache clean", "cache verify")
    for behind in later:
        if behind.program not in _HARMLESS and not (behind.program == "npm" and behind.subcommand in cleans):
            return f"{behind.program} runs behind the install, and may need packages for development"
    return None


def _laid_over(facts: Facts, run: Run, folder: str) -> str | None:
    """Which copy may lay files over those of the context, so that what the program loads is not known."""
    for image in facts.lineage(run.image):
        for instruction in image.stage.body:
            if instruction.keyword in ("COPY", "ADD") and (reason := _writes(facts, instruction, folder)):
                return f"line {instruction.first_line} {reason}"
    return None


def _left_out(view: View, lock: str) -> frozenset[str]:
    """The packages that --omit=dev leaves out. Raises `Unfit` where a script of package.json, or a package that stays,
    may use one.

    Source: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json, `dev` and `devOptional`
    """
    data = json_object(view, "package.json")
    scripts = data.get("scripts")
    runs = (
        "preinstall",
        "install",
        "postinstall",
        "prepublish",
        "preprepare",
        "prepare",
        "postprepare",
        "dependencies",
    )
    if script := next((name for name in runs if isinstance(scripts, dict) and name in scripts), None):
        raise Unfit(view.file("package.json") or "package.json", f"runs {script} on install, which may need them")
    entries = {
        path: entry for path, entry in json_object(view, lock)["packages"].items() if path and isinstance(entry, dict)
    }
    gone = {path for path, entry in entries.items() if entry.get("dev") or entry.get("devOptional")}
    stays = {path.rpartition("node_modules/")[2] for path in entries.keys() - gone}
    names = frozenset(path.rpartition("node_modules/")[2] for path in gone) - stays
    for path in entries.keys() - gone:
        peers = entries[path].get("peerDependencies")
        wanted = next((name for name in peers if name in names), None) if isinstance(peers, dict) else None
        if wanted:
            raise Unfit(view.file(lock) or lock, f"says that {path.rpartition('node_modules/')[2]} can use {wanted}")
    return names
