"""Packages for development that `composer install` brings into the shipped image, and xdebug.

What: adds `--no-dev --optimize-autoloader` to `composer install` in the shipped stage, and in one whose packages are
copied into it, where no step, no start command and no file of the program uses such a package. Reports xdebug and pcov
in the shipped stage.

Why: PHPUnit, Faker, debug bars and the like are often more than half of vendor/, and have been the way in for
attackers more than once. The autoloader that is not optimized looks for each class on the disk. xdebug slows down every
request, and opens a connection to whoever asks.

Before:

    FROM php:8.3-apache
    WORKDIR /var/www/html
    COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
    COPY composer.json composer.lock ./
    RUN composer install
    COPY . .

After:

    FROM php:8.3-apache
    WORKDIR /var/www/html
    COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
    COPY composer.json composer.lock ./
    RUN composer install --no-dev --optimize-autoloader
    COPY . .

Level: standard.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Evidence, Report
from rewriter.facts import Facts, Run
from rewriter.image import StageImage, Unknown
from rewriter.project.context import Unfit
from rewriter.project.manifests import json_object, line_of
from rewriter.project.needs import View
from rewriter.project.php import development as dev
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import located, with_folders
from rewriter.steps.edits import option_after
from rewriter.steps.final_view import copied_stage, final_view
from rewriter.steps.start import start
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

_INSTALL = ("install", "i")
_OPTIMIZED = ("-o", "--optimize-autoloader", "-a", "--classmap-authoritative", "--no-autoloader")
# Source: https://getcomposer.org/doc/articles/scripts.md#event-names
_EVENTS = ("pre-install-cmd", "post-install-cmd", "pre-autoload-dump", "post-autoload-dump")
_PLAIN_COMPOSER = frozenset(
    ("install", "i", "dump-autoload", "dumpautoload", "clear-cache", "clearcache", "cc", "self-update", "selfupdate",
     "validate", "check-platform-reqs", "config", "--version", "diagnose", "")
)  # fmt: skip
_WRITES = frozenset(("install", "i", "dump-autoload", "dumpautoload"))
_SCRIPTS = frozenset(("sh", "bash", "ash", "make", "just", "task"))
_ENV_FILE = re.compile(r"\.env\.[\w.-]+")
_DEBUGGER = re.compile(r"(?:php[\d.]*-)?(?:pecl-)?(xdebug|pcov)(?:[-@=]\S*)?\Z")
_INSTALLERS = frozenset(("pecl", "docker-php-ext-enable", "install-php-extensions", "apt-get", "apt", "apk", "pie"))
_FOR_WORK = re.compile(r"(?i)\b(?:dev|develop|development|test|tests|testing|debug|ci|local)\b")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined | Report]:
    """Yield a change or a refusal for each `composer install`, and a report for each debugger, that is shipped."""
    last = facts.images[-1]
    for run in facts.runs:
        for call, folder in with_folders(run):
            if call.program == "composer" and call.subcommand in _INSTALL and call.subcommand_word:
                place = located(call.value("-d", "--working-dir") or ".", folder)
                if place and (facts.shipped(run.image) or _taken(facts, run.image, place)):
                    yield from _judge(file, facts, last, run, call, place)
        if facts.shipped(run.image):
            yield from _debuggers(facts, last, run)


def _taken(facts: Facts, image: StageImage, folder: str) -> Instruction | None:
    """The COPY of the shipped stages that takes the packages in `folder` of the stage `image`; None for none."""
    for stage in facts.lineage(facts.images[-1]):
        for copy in stage.stage.body:
            source = copied_stage(facts, copy) if copy.keyword == "COPY" else None
            if source is None or image not in facts.lineage(source):
                continue
            for word in (copy.json or tuple(copy.value.split()))[:-1]:
                path = posixpath.normpath(f"/{word}").replace("//", "/", 1)
                if f"{folder.rstrip('/')}/vendor/".startswith(f"{path.rstrip('/')}/"):
                    return copy
    return None


def _judge(
    file: Dockerfile, facts: Facts, last: StageImage, run: Run, call: Call, folder: str
) -> Iterator[Change | Declined]:
    at, view = run.at(call), view_of(facts, run, folder, ())
    settings = run.state.env.keys() | run.state.args.keys()
    named = any("COMPOSER" in word.raw for word in (*call.statement.assignments, *call.wrappers))
    if call.has("--dev") or {"COMPOSER_NO_DEV", "COMPOSER"} & settings or named or view.kind("composer.json") != "file":
        return
    flags: list[str] = []
    evidence: list[Evidence] = []
    try:
        data = json_object(view, "composer.json")
        if data.get("require-dev") and not call.has("--no-dev"):
            evidence += _superfluous(facts, last, run, call, view)
            flags.append("--no-dev")
        if (flags or call.has("--no-dev")) and not _optimized(facts, run, call, data):
            flags.append("--optimize-autoloader")
            evidence.append(view.evidence("does not ask for an optimized autoloader", "composer.json"))
    except Unfit as error:
        yield Declined(f"the packages for development are shipped: {error}", at)
        return
    if flags:
        behind = next((option.word for option in call.options if option.name == "--no-dev"), call.subcommand_word)
        assert behind
        first = "brings the packages for development" if "--no-dev" in flags else "writes no optimized autoloader"
        edit = option_after(file, run, behind, *flags)
        yield Change(f"composer install {first}", (edit,), at, Alters.FILES, evidence=tuple(evidence))


def _optimized(facts: Facts, run: Run, call: Call, data: dict[str, object]) -> bool:
    """Whether the autoloader is optimized by a setting, or written by another command."""
    config = data.get("config")
    if isinstance(config, dict) and (config.get("optimize-autoloader") or config.get("classmap-authoritative")):
        return True
    if call.has(*_OPTIMIZED):
        return True
    behind = [other for other in run.calls if other.head.start > call.head.start]
    behind += [
        other
        for later in facts.runs
        if later.instruction.span.start > run.instruction.span.start
        for other in later.calls
    ]
    return any(other.program == "composer" and other.subcommand in _WRITES for other in behind)


def _superfluous(facts: Facts, last: StageImage, run: Run, call: Call, view: View) -> Iterator[Evidence]:
    """What shows that nothing needs the packages for development; raises `Unfit` with what may."""
    if view.kind("composer.lock") != "file":
        raise Unfit("composer.lock", "is not copied, so that it is not known what belongs to them")
    brought = dev.development(view)
    if not brought.names:
        return
    if brought.named:
        raise Unfit(min(brought.named), "is loaded by name where the program runs for development")
    for each in run.calls:
        if each.head.start > call.head.start:
            _harmless(each, f"line {run.instruction.first_line}", brought)
    shipped = [instruction for stage in facts.lineage(last) for instruction in stage.stage.body]
    for instruction in (*facts.later(run.instruction), *shipped):
        if instruction.keyword == "RUN" and instruction.span.start > run.instruction.span.start:
            other = facts.run(instruction)
            if other is None:
                raise Unfit(f"line {instruction.first_line}", "runs what is not known")
            for each in other.calls:
                _harmless(each, f"line {instruction.first_line}", brought)
    started = start(facts, last)
    if started.unknown:
        raise Unfit("what the container starts", f"is not known: {started.unknown}")
    for command in started.commands:
        if used := dev.uses(" ".join(word.raw for word in command.call.statement.words), brought):
            where = f"{command.file}:{command.line}" if command.file else f"line {command.line}"
            raise Unfit(where, f"runs {used}")
    if not call.has("--no-scripts"):
        for script in dev.scripts(view, _EVENTS):
            if used := dev.uses(script, brought):
                line = line_of(view.text("composer.json"), re.escape(used))
                raise Unfit(f"{view.file('composer.json')}:{line}", f"runs {used} behind the install")
    final = final_view(facts, last)
    asked = dev.missed(final, brought, laravel=dev.requires(view, "laravel/framework"))
    _operation(facts, last, run, call, view, asked)
    yield view.evidence(f"holds {len(brought.names)} packages for development", "composer.lock")
    yield Evidence("no file of the program uses one of them without asking for it" if asked else "no file uses them")


def _harmless(call: Call, where: str, brought: dev.Development) -> None:
    """Raise `Unfit` where a later step may need the packages."""
    words = " ".join(word.raw for word in call.statement.words)
    if used := dev.uses(words, brought):
        raise Unfit(where, f"runs {used}")
    if call.program == "composer" and call.subcommand not in _PLAIN_COMPOSER:
        raise Unfit(where, f"runs composer {call.subcommand}, which may need them, or install them again")
    if call.program in _SCRIPTS or call.program.endswith(".sh"):
        raise Unfit(where, f"runs {call.program}, which may need them")


def _operation(facts: Facts, last: StageImage, run: Run, call: Call, view: View, asked: list[str]) -> None:
    """Raise `Unfit` where the program may run for development, and then looks for the packages."""
    value = last.final.env.get("APP_ENV")
    symfony = dev.requires(view, "symfony/framework-bundle")
    if symfony:
        # Source: https://symfony.com/doc/current/configuration.html#selecting-the-active-environment: dev by default.
        inline = any(word.raw == "APP_ENV=prod" for word in call.statement.assignments)
        early = inline or call.has("--no-scripts") or run.state.env.get("APP_ENV") == "prod"
        if value != "prod" or not early:
            raise Unfit("Symfony", "runs in its environment dev unless ENV APP_ENV=prod stands above the install")
    elif isinstance(value, str) and value in dev.WORK:
        raise Unfit("the program", f"runs with APP_ENV={value}")
    elif asked and not isinstance(value, str):
        # Source: https://laravel.com/docs/12.x/configuration#determining-the-current-environment: production by default
        # (config/app.php), unless a file says another one.
        names = {".env", *(name for each in facts.runs for name in _ENV_FILE.findall(each.script.text))}
        local = next((name for name in sorted(names) if dev.environment(view, name) in dev.WORK), None)
        if local or not dev.requires(view, "laravel/framework") or isinstance(value, Unknown):
            where = f"as in {local}" if local else "not set in the Dockerfile"
            raise Unfit(asked[0], f"uses one of them where APP_ENV allows it, and that is {where}")


def _debuggers(facts: Facts, last: StageImage, run: Run) -> Iterator[Report]:
    value = last.final.env.get("APP_ENV")
    names = (facts.project.dockerfile or "", last.stage.name or "", value if isinstance(value, str) else "")
    if any(_FOR_WORK.search(name.replace("_", "-")) for name in names) or "ENV" in " ".join(run.state.args):
        return
    for call in run.calls:
        if call.program in _INSTALLERS:
            for word in call.operands:
                if found := _DEBUGGER.match(word.raw):
                    advice = "install it in a stage of its own for work on the program (`FROM … AS dev`)"
                    yield Report(f"{found[1]} slows down every request of the shipped image: {advice}", run.at(call))
                    return
