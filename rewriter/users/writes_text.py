"""What code in other languages writes, line by line: known calls are looked for, and a path that is not a plain text
is not known. Sources of the calls: writes.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rewriter.change import Evidence
from rewriter.users.code import HOME, OPEN, Code, Port, Write, tables

_LITERAL = re.compile(r"""@?\$?["'`]([^"'`{}$]*)["'`](?:\.(?:into|to_string|to_owned)\(\))?\Z""")
_TEMPORARY = re.compile(
    r"(?i)\b(?:temp_?dir|TempDir|GetTempPath|java\.io\.tmpdir|Dir\.tmpdir|sys_get_temp_dir|createTemp\w*)\b"
)
# A path as an object: `Path.of("x")`, `new File("x")`, `Path::new("x")`.
_NAMED = re.compile(r"""\b(?:Paths?\.(?:get|of)|new\s+File|Path::new|PathBuf::from|String::from)\(\s*("[^"]*")\s*\)""")
_HOME = re.compile(r"(?i)\b(?:UserHomeDir|home_dir|user\.home|UserProfile|Dir\.home)\b")
_COMMENT = re.compile(r"\s*(?://|\*|/\*|#|--)")
_LONGEST = 2_000


@lru_cache(maxsize=16)
def _patterns(language: str) -> Mapping[str, tuple[re.Pattern[str], ...]]:
    entry: dict[str, Any] = tables()["text"][language]
    found = {}
    for key in ("write", "folder", "listen", "process", "root", "read"):
        texts = entry.get(key, ())
        found[key] = tuple(re.compile(text) for text in ([texts] if isinstance(texts, str) else texts))
    return found


def read(text: str, file: str, language: str) -> Code:
    """What `text`, the file `file` of the context, shows of a program in `language`."""
    code, patterns = Code(), _patterns(language)
    only = tables()["text"][language].get("only")
    if only and not re.search(only, file):
        return code
    for number, given in enumerate(text.split("\n"), 1):
        if len(given) > _LONGEST or _COMMENT.match(given):
            continue
        line = _NAMED.sub(r"\1", given)
        if any(pattern.search(line) for pattern in patterns["root"]):
            code.root.append(Evidence(line.strip()[:60], number, file))
        if any(pattern.search(line) for pattern in patterns["process"]):
            code.doubts.append(Evidence("runs another program, and what that writes is not known", number, file))
        if not any(pattern.search(line) for pattern in patterns["read"]):
            for kind in ("write", "folder"):
                for pattern in patterns[kind]:
                    if match := pattern.search(line):
                        path = _path(match[1] or "", line)
                        code.writes.append(Write(path, kind == "folder", file, number, match[0][:40].strip()))
        for pattern in patterns["listen"]:
            if match := pattern.search(line):
                code.ports.append(Port(int(match[1]) if len(match[1]) < 6 else None, file, number))
    return code


def _path(given: str, line: str) -> str:
    if _TEMPORARY.search(line):
        return "/tmp"
    if _HOME.search(line):
        return HOME
    given = re.sub(r"^([\"'`]?)file:", r"\1", given.strip())
    if "memory" in given:
        return ":memory:"
    if match := _LITERAL.match(given):
        return match[1].partition("?")[0]
    # In files of settings, and in addresses of databases, the path stands without quotes.
    if re.fullmatch(r"[\w./~-]+\.?[\w/-]*", given) and re.search(r"[/.]", given) and not re.match(r"\w+\.\w+\Z", given):
        return given
    if re.fullmatch(r"[\w./-]+\.(?:db|sqlite3?|db3|log)", given):
        return given
    return OPEN
