"""A secret that a build passes to `rails assets:precompile`, which needs none.

What: sets `SECRET_KEY_BASE_DUMMY=1` for the command in place of a `SECRET_KEY_BASE` or `RAILS_MASTER_KEY` in front of
it, and in place of an ARG of that name which nothing else uses; on Rails 7.1 and later, and where the program does not
read the variable or its credentials itself. An ENV that the image keeps is reported.

Why: to compile the assets Rails starts the program, which does not start without a secret. The value of an ARG or ENV
can be read by everybody who has the image (`docker history`), and a made-up one that stays is as good as none. Since
7.1 Rails makes up one by itself.

Before:

    FROM ruby:3.3-slim
    WORKDIR /rails
    ENV RAILS_ENV=production
    COPY . .
    RUN bundle install
    RUN SECRET_KEY_BASE=made-up bundle exec rails assets:precompile
    CMD ["bundle", "exec", "rails", "server"]

After:

    FROM ruby:3.3-slim
    WORKDIR /rails
    ENV RAILS_ENV=production
    COPY . .
    RUN bundle install
    RUN SECRET_KEY_BASE_DUMMY=1 bundle exec rails assets:precompile
    CMD ["bundle", "exec", "rails", "server"]

Level: standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.change import Alters, Change, Declined, Edit, Evidence, Report
from rewriter.facts import Facts, Run
from rewriter.project.context import Unfit
from rewriter.project.manifests import line_of
from rewriter.project.needs import View
from rewriter.project.ruby.groups import bundled, shipped_files
from rewriter.steps.cleaning import before
from rewriter.steps.context_copies import view_of
from rewriter.steps.downloads import with_folders
from rewriter.steps.edits import cut_words, drop_instruction, replace_word
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

_SECRET = re.compile(r"(SECRET_KEY_BASE|RAILS_MASTER_KEY)=")
_DUMMY = "SECRET_KEY_BASE_DUMMY"
# Source: https://github.com/rails/rails/blob/v7.1.0/railties/CHANGELOG.md, SECRET_KEY_BASE_DUMMY
_FIRST = (7, 1)
_RAILTIES = r"^ {4}railties \((\d+)\.(\d+)"
_READS = {
    "SECRET_KEY_BASE": r"^(?![ \t]*#).*\bSECRET_KEY_BASE\b",
    "RAILS_MASTER_KEY": r"^(?![ \t]*#).*(?:\bRAILS_MASTER_KEY\b|\bcredentials\b|\brequire_master_key[ \t]*=[ \t]*true)",
}
_READERS = (".rb", ".ru", ".rake", "Rakefile", ".yml", ".erb")
# What these say of the secret Rails reads itself, or nobody in the image does: YAML is read below config/.
# Source: https://guides.rubyonrails.org/v7.1/configuring.html
_OTHERS = re.compile(r"(?:.*/)?config/secrets\.yml\Z|(?!(?:.*/)?config/).*\.yml\Z")
_RUBY = frozenset(("bundle", "rails", "rake", "ruby"))


def find(file: Dockerfile, facts: Facts) -> Iterator[Change | Declined | Report]:
    """Yield a change, a refusal or a report for each step that compiles the assets with a secret."""
    for run in facts.runs:
        for call, folder in with_folders(run):
            words = bundled(call)
            if words and words[0].rpartition("/")[2] in ("rails", "rake") and "assets:precompile" in words and folder:
                yield from _judge(file, facts, run, call, view_of(facts, run, folder, ()))


def _judge(file: Dockerfile, facts: Facts, run: Run, call: Call, view: View) -> Iterator[Change | Declined | Report]:
    at = run.at(call)
    inline = [word for word in call.statement.words if _SECRET.match(word.raw)]
    inline += [word for word in call.statement.assignments if _SECRET.match(word.raw)]
    arguments = [found for found in before(facts, run) if found.keyword == "ARG" and _named(found)]
    kept = [found for found in before(facts, run) if found.keyword == "ENV" and _SECRET.search(found.value)]
    if _DUMMY in file.text(run.instruction.span) or _DUMMY in run.state.env or not (inline or arguments or kept):
        return
    try:
        rails = _rails(view)
        if rails is None:
            return
        names = {match[1] for word in inline if (match := _SECRET.match(word.raw))} | {_named(a) for a in arguments}
        for name in sorted(filter(None, names)):
            _unread(view, name)
    except Unfit as error:
        yield Declined(f"{_DUMMY} may not be enough: {error}", at)
        return
    for instruction in kept if facts.shipped(run.image) else ():
        advice = f"give it to the container (`docker run -e`); for assets:precompile {_DUMMY}=1 is enough"
        yield Report(f"the secret is kept in the image for everybody to read: {advice}", instruction.span)
    if inline:
        others = cut_words(file, run, *inline[1:])
        if others is not None:
            edits = (replace_word(run, inline[0], f"{_DUMMY}=1"), *others)
            message = f"assets:precompile is given a secret that Rails makes up by itself with {_DUMMY}"
            yield _change(message, edits, run, call, rails)
    elif arguments and not kept:
        if reason := _used(facts, call, arguments):
            yield Declined(reason, at)
            return
        start = run.text.source(call.statement.start)
        edits = tuple(edit for argument in arguments for edit in drop_instruction(file, argument))
        message = f"the value of ARG {_named(arguments[0])} can be read from the image; {_DUMMY} is enough here"
        yield _change(message, (*edits, Edit(start, start, f"{_DUMMY}=1 ")), run, call, rails)


def _change(message: str, edits: tuple[Edit, ...], run: Run, call: Call, rails: Evidence) -> Change:
    declares = frozenset(("args", "steps"))
    return Change(message, edits, run.at(call), Alters.FILES, evidence=(rails,), declares=declares)


def _named(argument: Instruction) -> str | None:
    name = argument.value.partition("=")[0].strip()
    return name if name in _READS else None


def _rails(view: View) -> Evidence | None:
    """What shows a Rails that knows the dummy; None for an older one, and where there is no lock file."""
    if view.kind("Gemfile.lock") != "file":
        return None
    text = view.text("Gemfile.lock")
    found = re.search(_RAILTIES, text, re.MULTILINE)
    if found is None or (int(found[1]), int(found[2])) < _FIRST:
        return None
    return view.evidence(f"holds Rails {found[1]}.{found[2]}", "Gemfile.lock", line_of(text, _RAILTIES))


def _unread(view: View, name: str) -> None:
    """Raise `Unfit` with the line of the program that reads the secret `name` by itself."""
    for path in shipped_files(view, _READERS):
        if not _OTHERS.match(path) and (line := line_of(view.project.text(path), _READS[name])):
            raise Unfit(f"{path}:{line}", "reads it, or what it opens")


def _used(facts: Facts, call: Call, arguments: list[Instruction]) -> str | None:
    """What else may use the values of `arguments`, or why they cannot go; None where nothing does."""
    if call.wrappers:
        return f"`{call.wrappers[0].raw}` may not hand {_DUMMY} on"
    names = re.compile("|".join(rf"\b{_named(argument)}\b" for argument in arguments))
    for instruction in facts.file.instructions:
        if instruction not in arguments and names.search(facts.file.text(instruction.span)):
            return f"line {instruction.first_line} uses the ARG, too"
    first = min(argument.span.start for argument in arguments)
    for other in facts.runs:
        if other.instruction.span.start > first and any(
            each.program.rpartition("/")[2] in _RUBY and each is not call and not each.installs for each in other.calls
        ):
            return f"line {other.instruction.first_line} may use the ARG, too"
    return None
