"""What a container starts, through entry scripts and package scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter import Options, Project
from rewriter.facts import Facts
from rewriter.source import Source
from rewriter.steps.start import Start, start
from rewriter.steps.started import process_one
from rewriter.syntax.reader import read


def started(folder: Path, text: str, **files: str) -> Start:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    facts = Facts(read(Source(text)), Options(), Project(folder))
    return start(facts, facts.images[-1])


def commands(found: Start) -> list[str]:
    return [f"{each.folder} {' '.join(word.raw for word in each.call.statement.words)}" for each in found.commands]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('CMD ["gunicorn", "app:app"]', ["/app gunicorn app:app"]),
        ("CMD cd web && exec gunicorn app:app", ["/app cd web", "/app/web exec gunicorn app:app"]),
        ('ENTRYPOINT ["tini", "--", "python"]\nCMD ["app.py"]', ["/app tini -- python app.py", "/app python app.py"]),
        ('CMD ["sh", "-c", "python app.py"]', ["/app python app.py"]),
        ("CMD sh '/run' now", ["/app sh '/run' now"]),
        ('CMD ["poetry", "run", "gunicorn", "a"]', ["/app poetry run gunicorn a", "/app gunicorn a"]),
        ('CMD ["gosu", "app", "python", "x.py"]', ["/app gosu app python x.py", "/app python x.py"]),
    ],
)
def test_commands(tmp_path: Path, lines: str, expected: list[str]) -> None:
    found = started(tmp_path, f"FROM python:3.12\nWORKDIR /app\nCOPY . .\n{lines}\n")
    assert commands(found) == expected
    assert not found.unknown


def test_entry_script_that_passes_on(tmp_path: Path) -> None:
    found = started(
        tmp_path,
        'FROM python:3.12\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["./run__sh"]\nCMD ["python", "app.py"]\n'.replace(
            "__", "."
        ),
        run__sh='#!/bin/sh\nset -e\npython migrate.py\nexec "$@"\n',
    )
    assert commands(found) == [
        "/app ./run.sh python app.py",
        "/app set -e",
        "/app python migrate.py",
        "/app python app.py",
    ]
    assert [each.line for each in found.commands] == [5, 2, 3, 4]
    assert [script.file for script in found.scripts] == ["run.sh"]


def test_package_scripts_from_another_stage(tmp_path: Path) -> None:
    text = (
        "FROM node:20 AS build\nWORKDIR /src\nCOPY . .\nFROM node:20-slim\nWORKDIR /app\n"
        'COPY --from=build /src /app\nCMD ["npm", "start"]\n'
    )
    package = '{\n  "scripts": {\n    "prestart": "echo hi",\n    "start": "node dist/server.js"\n  }\n}\n'
    found = started(tmp_path, text, package__json=package)
    assert commands(found) == [
        "/app docker-entrypoint.sh npm start",
        "/app npm start",
        "/app echo hi",
        "/app node dist/server.js",
    ]
    assert found.commands[-1].line == 4


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ('CMD ["./gone.sh"]', "gone.sh is not among"),
        ("CMD $PROGRAM", "runs $PROGRAM"),
        ("RUN true", "nothing is started"),
        ('CMD ["npm", "start"]', "package.json"),
    ],
)
def test_unknown(tmp_path: Path, lines: str, reason: str) -> None:
    found = started(tmp_path, f"FROM debian:12\nENTRYPOINT []\nCMD []\nWORKDIR /app\nCOPY . .\n{lines}\n")
    assert reason in found.unknown


@pytest.mark.parametrize(
    ("lines", "program"),
    [
        ('CMD ["nginx", "-g", "daemon off;"]', "nginx"),
        ("CMD nginx", "nginx"),
        ("CMD nginx -t && exec nginx", "nginx"),
        ("CMD nginx -t && nginx", None),
        ('CMD ["sh", "-c", "exec nginx"]', "nginx"),
        ('ENTRYPOINT ["./entry.sh"]\nCMD ["nginx"]', "nginx"),
        ('CMD ["./stays.sh"]', None),
        ('CMD ["sudo", "nginx"]', None),
        ('CMD ["npm", "start"]', None),
        ('ENTRYPOINT ["docker-entrypoint.sh"]\nCMD ["nginx"]', None),
    ],
)
def test_process_one(tmp_path: Path, lines: str, program: str | None) -> None:
    (tmp_path / "entry.sh").write_text('#!/bin/sh\nnginx -t\nexec "$@"\n')
    (tmp_path / "stays.sh").write_text("#!/bin/sh\nnginx -t\nnginx\n")
    (tmp_path / "package.json").write_text('{"scripts": {"start": "nginx"}}')
    facts = Facts(read(Source(f"FROM debian:12\nWORKDIR /app\nCOPY . .\n{lines}\n")), Options(), Project(tmp_path))
    first = process_one(facts, facts.images[-1])
    assert (first and first.call.program) == program
