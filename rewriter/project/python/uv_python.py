"""Which Python an environment of uv is made for: that of the image, or one that uv downloads below a home folder.

Source: https://docs.astral.sh/uv/concepts/python-versions/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewriter.project.manifests import toml
from rewriter.project.python.reading import Reading, Unknowable

_ENVIRONMENTS = ("UV_MANAGED_PYTHON", "UV_PYTHON_INSTALL_DIR")
_CLAUSE = re.compile(r"\s*(==|!=|<=|>=|~=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?\s*\Z")


def check_python(reading: Reading, version: str | None, line: int) -> None:
    """Raise `Unknowable` where uv takes, or may take, another Python than that of the image, which is `version`
    (`3.12`), or where the environment points into uv's cache."""
    env, view = reading.env, reading.view
    if env.get("UV_LINK_MODE") == "symlink" or _option(reading, "--link-mode") == "symlink":
        raise Unknowable(f"line {line} makes links into uv's cache (link mode symlink), which would not be shipped")
    for where, asked in _asked(reading):
        if not _is(asked, version):
            raise Unknowable(f"{where} asks uv for Python {asked}, which it may download below /root")
    managed = reading.call.has("--managed-python") or _option(reading, "--python-preference") == "only-managed"
    if managed or env.get("UV_PYTHON_PREFERENCE") == "only-managed" or any(name in env for name in _ENVIRONMENTS):
        raise Unknowable(f"line {line} has uv download a Python of its own")
    for name in ("uv.toml", "pyproject.toml"):
        data = toml(view, name) if view.kind(name) == "file" else {}
        tool = data.get("tool", {}).get("uv", {}) if name == "pyproject.toml" else data
        if isinstance(tool, dict) and (tool.get("python-preference") == "only-managed" or tool.get("managed-python")):
            raise Unknowable(f"{name} has uv download a Python of its own")
        project = data.get("project", {})
        wanted = project.get("requires-python") if isinstance(project, dict) else None
        if isinstance(wanted, str) and not _allows(wanted, version):
            raise Unknowable(f"{name} asks for Python {wanted}, for which uv may download one below /root")


def _asked(reading: Reading) -> Iterator[tuple[str, str | None]]:
    if asked := _option(reading, "--python", "-p"):
        yield "--python", asked
    if "UV_PYTHON" in reading.env:
        yield "UV_PYTHON", reading.env["UV_PYTHON"]
    for name in (".python-version", ".python-versions"):
        if reading.view.kind(name) == "file":
            lines = [line.partition("#")[0].strip() for line in reading.view.text(name).splitlines()]
            yield name, next(filter(None, lines), "")


def _option(reading: Reading, *names: str) -> str | None:
    words = [word.value or word.raw for word in reading.call.statement.words]
    for at, word in enumerate(words):
        name, _, value = word.partition("=")
        if name in names:
            return value or (words[at + 1] if at + 1 < len(words) else "")
    return None


def _is(asked: str | None, version: str | None) -> bool:
    """Whether the request `asked` is sure to be met by the image's own Python."""
    if asked is None:
        return False
    word = asked.removeprefix("cpython").removeprefix("@").removeprefix("python")
    if word in ("", "3") or (asked.startswith(("/usr/local/bin/python", "python3")) and "." not in word.strip("3")):
        return True
    return version is not None and word == version


def _allows(wanted: str, version: str | None) -> bool:
    """Whether the image's Python surely is one of those that `wanted` names (`>=3.10,<4`)."""
    clauses = [_CLAUSE.match(clause) for clause in wanted.split(",") if clause.strip()]
    if version is None:
        return all(match is not None and match[1] == ">=" for match in clauses)
    have = tuple(map(int, version.split(".")))
    for match in clauses:
        if match is None:
            return False
        parts = tuple(map(int, match[2].split(".")))
        limit = (*parts, 0)[:2]
        fits = {
            "==": have == limit and (bool(match[3]) or len(parts) < 3),
            "!=": have != limit or len(parts) > 2,
            "<=": have < limit or (have == limit and len(parts) < 3),
            ">=": have > limit or (have == limit and (len(parts) < 3 or not any(parts[2:]))),
            "~=": have >= limit if len(parts) < 3 else have == limit,
            "<": have < limit,
            ">": have > limit,
        }[match[1]]
        if not fits:
            return False
    return True
