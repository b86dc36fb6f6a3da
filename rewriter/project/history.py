"""Whether anything of a project may read the history that git keeps in the build context (`.git`)."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from rewriter import knowledge
from rewriter.project.context import Project, Unfit

# Bytes of one file and of all files that are looked through.
_FILE = 1_000_000
_ALL = 15_000_000
_MANY = 2_000
# Text that nothing runs, and what only other machines read.
_OTHER = re.compile(
    r".*\.(?:md|markdown|rst|adoc|svg|png|jpe?g|gif|ico|webp|woff2?|ttf|eot|otf|pdf|map|csv|lock|sum|min\.js|min\.css"
    r"|mp[34]|zip|gz|tgz|jar|po|pot)|(?!requirements|constraints|cmakelists).*\.txt|(?:license|copying|notice|authors|changelog|codeowners)[\w.-]*"
    r"|(?:package-lock|npm-shrinkwrap|composer\.lock|packages\.lock)\.json|pnpm-lock\.yaml|bun\.lockb?"
    r"|\.git(?:ignore|attributes|modules|keep|-blame-ignore-revs)|.*\.(?:docker|container|npm|prettier|eslint)ignore"
    r"|\.pre-commit-config\.yaml|\.gitlab-ci\.yml|\.travis\.yml|jenkinsfile|azure-pipelines\.ya?ml|renovate\.json5?"
    r"|(?:docker-)?compose[\w.-]*\.ya?ml|.*dockerfile[\w.-]*|docker-bake\.\w+\Z",
    re.IGNORECASE,
)
# `git` as a word, in a name, or as a folder; not in an address, and not in GitHub, `.gitignore` or Cargo's own folder.
_GIT = re.compile(
    r"(?<![A-Za-z0-9.@])(?<!cargo/)(?<!CARGO_HOME/)(?<!CARGO_HOME}/)[Gg]it(?![A-Za-z0-9@+:.]|\s*=\s*[\"'])|(?<!\w)\.git(?!\w)|\bGIT_DIR\b"
    r"|[gG]it(?:Info|Revision|Commit|Sha|Hash|Version|Describe|Branch|Tag|Repo|Dir|Log|Python)"
)
# Of a package.json: https://docs.npmjs.com/cli/configuring-npm/package-json#repository
_ADDRESS = re.compile(r'"type"\s*:\s*"git"')
_FOLDERS = (".github/", ".gitlab/", ".circleci/", ".git/", ".husky/")


def reader_of_history(project: Project) -> str | None:
    """The place (`file:line`) that may read the history of git, None where nothing does.

    Raises `Unfit` where there is too much to look through.
    """
    return _reader(project)


@lru_cache(maxsize=4)
def _reader(project: Project) -> str | None:
    seen, files = 0, project.files()
    # Looking at all names of a very large context takes too long as well.
    named = files if len(files) <= 10 * _MANY else ()
    paths = [path for path in named if not path.startswith(_FOLDERS) and not _OTHER.fullmatch(posixpath.basename(path))]
    if len(files) > len(named) or len(paths) > _MANY:
        raise Unfit("the context", f"holds more than {_MANY:,} files that may read .git")
    for path in paths:
        content = project.head(path, _FILE) or b""
        seen += len(content)
        if seen > _ALL:
            raise Unfit("the context", "holds too much to tell whether anything in it reads .git")
        if b"\0" in content[:1_000]:
            continue
        if line := line_that_asks(content.decode("utf-8", "replace")):
            return f"{path}:{line}"
    return None


def line_that_asks(text: str) -> int | None:
    """The line (1-based) of `text` that may have to do with the history of git, None where none has."""
    lower = text.lower().replace("_", "-")
    places = [lower.find(word) for word in _words()]
    if "git" in lower and (found := _GIT.search(_ADDRESS.sub(lambda match: "-" * len(match[0]), text))):
        places.append(found.start())
    first = min((place for place in places if place >= 0), default=None)
    return None if first is None else lower.count("\n", 0, first) + 1


@lru_cache(maxsize=1)
def _words() -> tuple[str, ...]:
    return tuple(knowledge.table("leftovers")["history"]["words"])
