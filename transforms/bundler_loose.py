"""A `bundle install` that may bring other gems than the lock file says, and those for development.

What: sets `BUNDLE_FROZEN` in front of `bundle install` where the lock file is copied and holds just what the Gemfile
asks for; and `BUNDLE_WITHOUT` for the groups development and test, where the container runs in production and nothing
that it runs, and no step, needs a gem of theirs. (Bundler's deployment mode is frozen, and moves the gems to
vendor/bundle; they stay where they are.)

Why: Bundler writes a lock file anew that does not fit, so that the image has other gems than were tested; when it is
frozen, it stops. And the gems for tests are often a third of all of them.

Before:

    FROM ruby:3.3-slim
    WORKDIR /app
    ENV RAILS_ENV=production
    COPY Gemfile Gemfile.lock ./
    RUN bundle install
    COPY . .
    CMD ["bundle", "exec", "puma"]

After:

    FROM ruby:3.3-slim
    WORKDIR /app
    ENV RAILS_ENV=production
    COPY Gemfile Gemfile.lock ./
    ENV BUNDLE_FROZEN=1 BUNDLE_WITHOUT=development:test
    RUN bundle install
    COPY . .
    CMD ["bundle", "exec", "puma"]

Level: standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rewriter.change import Alters, Change, Declined, Evidence
from rewriter.facts import Facts, Run
from rewriter.image import StageImage
from rewriter.order.edits import put_ahead
from rewriter.project.builds import COMPOSE
from rewriter.project.context import Unfit
from rewriter.project.manifests import line_of
from rewriter.project.needs import View
from rewriter.project.ruby import groups
from rewriter.project.ruby.gemfile import Lock, read_lock
from rewriter.steps.cleaning import before
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import with_folders
from rewriter.steps.final_view import final_view
from rewriter.steps.start import start
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

# Where the writer has said himself which gems are to be installed, and how strictly.
_STRICT = re.compile(
    r"(?i)BUNDLE_(?:FROZEN|DEPLOYMENT)\b|--(?:frozen|deployment)\b|\bconfig\b[^&;]*\b(?:frozen|deployment)\b"
)
_CHOSEN = re.compile(r"(?i)BUNDLE_(?:WITHOUT|ONLY|WITH)\b|--with(?:out)?\b|\bconfig\b[^&;]*\b(?:with(?:out)?|only)\b")
_REWRITES = re.compile(r"\bGemfile|\bgems\.(?:rb|locked)|\bbundler? (?:update|add|remove|lock|inject|outdated)\b")
_ENVIRONMENT = ("RAILS_ENV", "RACK_ENV", "APP_ENV")
_AT_WORK = re.compile(
    r"(?:RAILS|RACK|APP)_ENV[\"']?\s*[:=]\s*[\"']?(?:\$\{\w+:-)?(?:development|test)\b|\brspec\b|\brails test\b"
)
_SUPERVISORS = frozenset(("foreman", "overmind", "hivemind", "supervisord", "runsvdir", "my_init", "init", "systemd"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change, and refusals, for the first `bundle install` of each stage that sees a Gemfile and its lock."""
    for image in facts.images:
        installs = [(run, *found) for run in facts.runs if run.image is image for found in _installs(run)]
        if installs and len({folder for _, _, folder in installs}) == 1:
            yield from _judge(file, facts, image, *installs[0])


def _installs(run: Run) -> Iterator[tuple[Call, str]]:
    for call, folder in with_folders(run):
        plain = call.program == "bundle" and call in run.plain_calls and call.subcommand in ("", "install")
        if plain and folder and not call.has("-v", "--version", "-h", "--help", "--gemfile"):
            yield call, folder


def _judge(
    file: Dockerfile, facts: Facts, image: StageImage, run: Run, call: Call, folder: str
) -> Iterator[Change | Declined]:
    at = run.at(call)
    told = [*before(facts, run), run.instruction]
    text = "\n".join(" ".join(file.text(each.span).split()) for each in told)
    strict, chosen = _STRICT.search(text), _CHOSEN.search(text)
    view = view_of(facts, run, folder, ())
    if (strict and chosen) or "BUNDLE_GEMFILE" in run.state.env or view.kind(".bundle/config"):
        return
    if view.kind("Gemfile") != "file" or view.kind("Gemfile.lock") != "file":
        return
    variables: list[str] = []
    evidence: list[Evidence] = []
    words: list[str] = []
    try:
        lock, wanted = read_lock(view, "Gemfile.lock"), groups.dependencies(view, "Gemfile")
    except Unfit as error:
        yield Declined(str(error), at)
        return
    if not strict:
        try:
            _unchanged(facts, image, run)
            groups.frozen_fits(lock, wanted, "musl" if image.base.distribution == "alpine" else "gnu")
            variables.append("BUNDLE_FROZEN=1")
            words.append("may write the lock file anew")
            evidence.append(view.evidence("holds just what the Gemfile asks for", "Gemfile.lock"))
        except Unfit as error:
            yield Declined(f"Bundler cannot be frozen: {error}", at)
    without = [name for name in groups.DEVELOPMENT if any(name in each.groups for each in wanted)]
    if not chosen and without:
        try:
            evidence += _superfluous(facts, image, run, call, view, lock, wanted)
            variables.append(f"BUNDLE_WITHOUT={':'.join(without)}")
            words.append("brings gems that only work on the program needs")
        except Unfit as error:
            yield Declined(f"the gems for development are installed, too: {error}", at)
    if variables:
        keyword = "env" if file.text(run.instruction.keyword_span).islower() else "ENV"
        edit = put_ahead(file, run.instruction, [f"{keyword} {' '.join(variables)}"])
        message = f"bundle install {' and '.join(words)}"
        declares = frozenset(("env", "steps"))
        yield Change(message, (edit,), at, Alters.FILES, evidence=tuple(evidence), declares=declares)


def _unchanged(facts: Facts, image: StageImage, run: Run) -> None:
    """Raise `Unfit` where a step or the container may change the Gemfile or its lock file."""
    for instruction in (*before(facts, run), run.instruction, *facts.later(run.instruction)):
        if instruction.keyword == "RUN" and _REWRITES.search(facts.file.text(instruction.span)):
            raise Unfit(f"line {instruction.first_line}", "may change the Gemfile or its lock file")
    for stage in (image, *facts.derived(image)):
        started = start(facts, stage)
        for each in started.commands:
            if each.call.program == "bundle" and each.call.subcommand in ("update", "add", "lock"):
                raise Unfit("the start command", f"runs bundle {each.call.subcommand}")


def _superfluous(
    facts: Facts, image: StageImage, run: Run, call: Call, view: View, lock: Lock, wanted: Sequence[groups.Dependency]
) -> list[Evidence]:
    """What shows that nobody needs the gems of the groups; raises `Unfit` with who may."""
    if not facts.shipped(image):
        raise Unfit("the stage that copies them", "needs the same BUNDLE_WITHOUT, else its bundler misses them")
    stays = [each.name for each in wanted if not each.groups or each.groups - set(groups.DEVELOPMENT)]
    gone = groups.installed(lock, [each.name for each in wanted]) - groups.installed(lock, stays)
    behind = [other for other in run.calls if other.head.start > call.head.start]
    for instruction in facts.later(run.instruction):
        if _AT_WORK.search(facts.file.text(instruction.span)):
            raise Unfit(f"line {instruction.first_line}", "runs the program in development or test")
        behind += _calls(facts, instruction)
    for other in behind:
        if used := groups.runs(groups.bundled(other), gone):
            raise Unfit("a later step", f"runs {used}")
    for stage in (image, *facts.derived(image)):
        started = start(facts, stage)
        last = facts.images[-1]
        if started.unknown and stage is last:
            raise Unfit("what the container starts", f"is not known: {started.unknown}")
        for each in started.commands:
            name = each.call.program.rpartition("/")[2]
            if used := (name if name in _SUPERVISORS else groups.runs(groups.bundled(each.call), gone)):
                raise Unfit(f"{each.file or 'line'}:{each.line}", f"runs {used}")
    evidence = [_production(facts, lock)]
    _composed(facts)
    groups.missed(final_view(facts, facts.images[-1]), gone)
    evidence.append(view.evidence(f"puts {len(gone)} gems into groups for development alone", "Gemfile"))
    return evidence


def _calls(facts: Facts, instruction: Instruction) -> Sequence[Call]:
    if instruction.keyword != "RUN":
        return ()
    if (later := facts.run(instruction)) is None:
        raise Unfit(f"line {instruction.first_line}", "runs what is not known")
    return later.calls


def _production(facts: Facts, lock: Lock) -> Evidence:
    """What shows that the container runs in production; raises `Unfit` where it does not, or that is not known."""
    rails = groups.version(lock, "railties") is not None
    env = facts.images[-1].final.env
    found = next((name for name in _ENVIRONMENT[: 2 if rails else 3] if name in env), None)
    value = env[found] if found else None
    if found is None or not isinstance(value, str) or value in groups.DEVELOPMENT or not value:
        name = "RAILS_ENV" if rails else "RACK_ENV"
        raise Unfit("the program", f"may run in development: set {name}=production where it does not")
    for instruction in reversed(facts.file.instructions):
        if instruction.keyword == "ENV" and found in facts.file.text(instruction.span):
            return facts.line(instruction, f"the container runs in {value}")
    return Evidence(f"the base image sets {found}={value}")


def _composed(facts: Facts) -> None:
    """Raise `Unfit` where a compose file of the project uses an image for work on the program."""
    for name in facts.project.names():
        if COMPOSE.match(name):
            text = facts.project.text(name)
            if line := line_of(text, _AT_WORK.pattern):
                raise Unfit(f"{name}:{line}", "may run the image in development or test")
