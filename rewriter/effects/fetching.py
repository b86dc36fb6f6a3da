"""What curl, wget and git write; see roles.py for what these functions are."""

from __future__ import annotations

import posixpath

from rewriter.effects.commands import Work, path_like


def curl(work: Work) -> str | None:
    given = work.given
    if any("file:" in word for word in given.operands):
        return "curl reads a file by its address"
    remote = given.has("-O", "--remote-name", "--remote-name-all", "-J", "--remote-header-name")
    folders = given.values("--output-dir")
    if folders and given.has("-o", "--output"):
        return "curl with a folder of its own for what it writes"
    for value in given.values("-d", "--data", "--data-binary", "-F", "--form", "--data-urlencode"):
        if "@" in value or "<" in value:
            return "curl sends a file"
    if remote:
        _downloaded(work, folders[0] if folders else ".", [*given.operands, *given.values("--url")])
    if given.has("--create-dirs"):
        for raw in given.values("-o", "--output"):
            work.make(posixpath.dirname(raw.strip("\"'")) or ".")
    return None


def wget(work: Work) -> str | None:
    given = work.given
    documents = given.values("-O", "--output-document")
    if any(value in ("-", "/dev/stdout") for value in documents):
        return None
    if documents:
        work.write(*documents)
        return None
    folders = given.values("-P", "--directory-prefix")
    if given.has("-r", "-m", "-x", "--recursive", "--mirror", "--force-directories"):
        work.write(folders[0] if folders else ".")
        return None
    _downloaded(work, folders[0] if folders else ".", list(given.operands))
    for folder in folders:
        work.make(folder)
    return None


def _downloaded(work: Work, folder: str, urls: list[str]) -> None:
    """Files by the last part of each address."""
    for url in urls:
        plain = url.strip("\"'").partition("?")[0].partition("#")[0].rstrip("/")
        name = plain.rpartition("/")[2] if "/" in plain.partition("://")[2] else "index.html"
        for path in work.paths(f"{folder.rstrip('/') or ''}/{name}"):
            work.put(path)


def git(work: Work) -> str | None:
    given = work.given
    operands = given.operands
    if not operands or path_like(operands[0]):
        return "git with a repository of the image"
    name = operands[0].strip("\"'").rstrip("/").rpartition("/")[2].removesuffix(".git")
    target = operands[1] if len(operands) > 1 else name
    for path in work.paths(target):
        work.makes |= {(posixpath.dirname(each), work.how) for each in work.scope.reach(path.path)}
        work.put(path, around=False)
    return None
