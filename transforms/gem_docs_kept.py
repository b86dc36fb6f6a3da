"""Documentation, or downloaded archives, of Ruby gems that stay in the image.

What: adds `--no-document` to `gem install` where the Ruby of the distribution is known to have it; behind
`bundle install` on the official Ruby images, removes the archives that the gems were unpacked from, and the index.

Why: nobody reads ri pages in a container; they take space, and most of the time of an installation. The official
images have switched documentation off already, but keep every gem a second time in their cache folder.

Before:

    FROM debian:12-slim
    RUN apt-get update && apt-get install -y --no-install-recommends ruby && rm -rf /var/lib/apt/lists/*
    RUN gem install sass

After:

    FROM debian:12-slim
    RUN apt-get update && apt-get install -y --no-install-recommends ruby && rm -rf /var/lib/apt/lists/*
    RUN gem install --no-document sass

Level: standard; safe for Bundler's archives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Evidence
from rewriter.facts import Facts, Run
from rewriter.steps.cleaning import before, clean_behind, named_later, run_as
from rewriter.steps.edits import word_after
from rewriter.syntax.tree import Dockerfile
from rewriter.syntax.vocabulary import Call

_ANSWERED = ("-N", "--document", "--rdoc", "--ri", "--no-rdoc", "--no-ri", "--no-d")
_ASKS = ("-v", "--version", "-h", "--help")
_GEM_READERS = re.compile(r"\bgem (?:rdoc|server)\b|\byard (?:gems|server)\b")
_OWN_RUBY = re.compile(r"\b(?:rvm|rbenv|chruby|ruby-install|ruby-build|asdf)\b")
# RubyGems 2.0, which came with Ruby 2.0, has --no-document (https://github.com/rubygems/rubygems/blob/master/CHANGELOG.md).
_PACKAGE = re.compile(
    r"(?:ruby|rubygems|ruby-full|ruby-dev|ruby-devel|ruby-rdoc|ruby[2-9](?:\.\d)?(?:-dev)?)(?:[=~<>].*)?\Z"
)
_OLD_RUBY = frozenset(
    ("lenny", "squeeze", "wheezy", "precise", "quantal", "raring", "saucy", "trusty", "utopic", "1", "5", "6")
)
_BUNDLE_HOME = "/usr/local/bundle"
_ELSEWHERE = re.compile(
    r"\bBUNDLE_(?:PATH|DEPLOYMENT|CACHE_PATH|APP_CONFIG)\b|\bbundle config\b[^&;]*\b(?:path|deployment|cache_path)\b"
    r"|\bbundler?\b[^&;]*(?:--path|--deployment|--standalone)\b"
)
_CACHE_READERS = re.compile(
    r"--local\b|--prefer-local\b|\bpristine\b|\bbundler? (?:package|cache|pack)\b|/bundle/cache\b"
)
_BY_HAND = re.compile(r"\bcache\b|GEM_HOME|BUNDLE_PATH|\.bundle\b|\.gem\b|/usr/local/bundle")


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined]:
    """Yield a change for each `gem install`, and for the last `bundle install` of a step, in shipped stages."""
    for run in facts.runs:
        bundled = None
        for call in run.calls:
            if call.program == "bundle" and call.subcommand in ("", "install", "update") and not call.has(*_ASKS):
                bundled = call
            elif call.program == "gem" and (found := _gem(facts, run, call)):
                yield found
        if bundled and facts.shipped(run.image) and (found := _bundle(file, facts, run, bundled)):
            yield found


def _gem(facts: Facts, run: Run, call: Call) -> Change | Declined | None:
    if call.subcommand not in ("install", "i", "update") or call.subcommand_word is None:
        return None
    if not facts.shipped(run.image) or any(option.name.startswith(_ANSWERED) for option in call.options):
        return None
    below = (run.instruction, *before(facts, run))
    if _official(run) or any("gemrc" in facts.file.text(instruction.span) for instruction in below):
        return None
    at = run.at(call)
    evidence = _distribution_ruby(facts, run)
    if evidence is None:
        return Declined("which RubyGems the step runs is not known: 2.0 and later have --no-document", at)
    if line := named_later(facts, run, _GEM_READERS):
        return Declined(f"line {line} may read the documentation", at)
    message = f"gem {call.subcommand} writes the documentation of all gems into the layer"
    edit = word_after(run, call.subcommand_word, "--no-document")
    return Change(message, (edit,), at, Alters.FILES, evidence=(evidence,))


def _official(run: Run) -> bool:
    """Whether the base is an official Ruby image: its /usr/local/etc/gemrc says --no-document."""
    return run.image.base.has("gem") and dict(run.image.base.env).get("GEM_HOME") == _BUNDLE_HOME


def _distribution_ruby(facts: Facts, run: Run) -> Evidence | None:
    """The step that installs a Ruby 2 or later from the packages of the distribution; None where none is seen."""
    base = run.image.base
    steps = (*(found for i in before(facts, run) if (found := facts.run(i))), run)
    old = base.release in _OLD_RUBY or (base.distribution == "alpine" and (base.release or "").startswith("2."))
    if not base.known or old or any(_OWN_RUBY.search(step.script.text) for step in steps):
        return None
    for step in steps:
        for call in step.calls:
            if call.program not in ("apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper") or not call.installs:
                continue
            for word in call.operands:
                if _PACKAGE.match(word.raw):
                    return facts.line(step.instruction, f"installs {word.raw}, whose gem has --no-document")
    return None


def _bundle(file: Dockerfile, facts: Facts, run: Run, call: Call) -> Change | Declined | None:
    if not _official(run) or run.instruction.flag_values("mount"):
        return None
    if any(c.program in ("rm", "find") and _BY_HAND.search(_text(run, c)) for c in run.calls):
        return None
    at = run.at(call)
    for instruction in (run.instruction, *before(facts, run)):
        if _ELSEWHERE.search(" ".join(facts.file.text(instruction.span).split())):
            return Declined(f"line {instruction.first_line} may put the gems elsewhere", at)
    if line := named_later(facts, run, _CACHE_READERS):
        return Declined(f"line {line} may read the archives of the gems", at)
    if not facts.is_root(run) or run.state.env.get("GEM_HOME") != _BUNDLE_HOME:
        return Declined("whose gems these are is not known: the step is not run by root", at)
    command = run_as(call, f"rm -rf {_BUNDLE_HOME}/cache ~/.bundle/cache")
    edit = clean_behind(file, run, call, command, everywhere=True)
    if isinstance(edit, str):
        return Declined(f"{edit}: {command} has to be added by hand", at)
    evidence = (facts.line(run.image.stage.start, f"{run.image.base.name} has its gems in {_BUNDLE_HOME}"),)
    return Change("the archives of all gems stay in the layer", (edit,), at, Alters.KEPT, evidence=evidence)


def _text(run: Run, call: Call) -> str:
    return run.script.text[call.statement.start : call.statement.end]
