"""Which tools a program is seen to call."""

from pathlib import Path

import pytest

from rewriter.project.context import Project
from rewriter.project.needs import Place, View
from rewriter.stages.mentions import full_tools, in_sources, in_text


def called(folder: Path, files: dict[str, str], *others: str) -> list[str]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    found = in_sources(View(Project(folder), (Place(".", "/app"),), "/app"), full_tools(), others)
    assert isinstance(found, tuple)
    return [str(mention.evidence) for mention in found]


@pytest.mark.parametrize(
    ("name", "text", "evidence"),
    [
        ("a.py", "import subprocess\nsubprocess.run(['git', 'log'])\n", "a.py:2: runs git"),
        ("a.py", "import os\nos.system(f'git clone {url}')\n", "a.py:2: runs git"),
        ("a.py", "import os\nos.system('cd x && /usr/bin/curl -f y')\n", "a.py:2: runs curl"),
        ("a.py", "import subprocess\nsubprocess.run(['convert', a])\n", "a.py:2: runs convert"),
        ("a.js", "const { exec } = require('child_process')\nexec(`ssh ${host}`)\n", "a.js:2: runs ssh"),
        ("supervisor/app.conf", "[program:x]\ncommand=curl -f http://x\n", "supervisor/app.conf:2: runs curl"),
        ("Procfile", "web: wget x | python -\n", "Procfile:1: runs wget"),
    ],
)
def test_a_call_is_seen(tmp_path: Path, name: str, text: str, evidence: str) -> None:
    assert called(tmp_path, {name: text}) == [evidence]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "NAMES = ['git', 'hg']\n"),  # nothing here runs a command
        ("a.py", "import subprocess\n\n\n\n\n\nroute = 'convert'\n"),
        ("a.py", "import subprocess\nprint('digital')\n"),
        ("tests/test_a.py", "import subprocess\nsubprocess.run(['git'])\n"),
        ("release.sh", "git push\n"),  # nothing names it
        ("a.conf", "# curl -f x\n"),
        ("Dockerfile", "RUN curl -f x\n"),
    ],
)
def test_no_call_is_seen(tmp_path: Path, name: str, text: str) -> None:
    assert called(tmp_path, {name: text}) == []


def test_the_constant_of_one_file_may_be_run_by_another(tmp_path: Path) -> None:
    files = {"settings.py": "VCS = 'git'\n", "run.py": "import subprocess\nsubprocess.run([settings.VCS])\n"}
    assert called(tmp_path, files) == ["settings.py:1: runs git"]


def test_a_script_counts_where_it_is_named(tmp_path: Path) -> None:
    files = {"bin/check.sh": "#!/bin/sh\nif true; then sudo curl -f x; fi\n"}
    assert called(tmp_path, files) == []
    assert called(tmp_path, files, "CMD bin/check.sh") == ["bin/check.sh:2: runs curl"]


def test_only_what_comes_to_the_image_counts(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("import subprocess\nsubprocess.run(['git'])\n")
    assert in_sources(View(Project(tmp_path), (Place("src", "/app"),), "/app"), full_tools()) == ()


def test_words_are_found_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\nfont = 'DejaVuSans.ttf'\n")
    view = View(Project(tmp_path), (Place(".", "/app"),), "/app")
    assert str(in_text(view, ["DejaVu"])) == "a.py:2: names DejaVu"
    assert in_text(view, ["CDLL("]) is None
