"""What the kit of Python knows of installed packages and of the environments that they are in."""

from pathlib import Path

import pytest

from rewriter import Options, Project
from rewriter.facts import Facts
from rewriter.source import Source
from rewriter.stages.kit import Command, Cut, Obstacle
from rewriter.stages.python.environment import environment
from rewriter.stages.python.native import native
from rewriter.stages.python.packages import Installed, installed, python_version
from rewriter.stages.shape import shown
from rewriter.steps.downloads import with_folders
from rewriter.syntax.reader import read

INSTALLERS = ("pip", "uv", "poetry", "pipenv", "python")


def stage(folder: Path, dockerfile: str, files: dict[str, str]) -> tuple[Facts, list[Command]]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    facts = Facts(read(Source(dockerfile)), Options(), Project(folder))
    pairs = [(call, where, run) for run in facts.runs for call, where in with_folders(run)]
    return facts, [Command(call, where, run) for call, where, run in pairs if call.program in INSTALLERS]


def packages(folder: Path, dockerfile: str, files: dict[str, str]) -> tuple[Installed, str | None]:
    facts, commands = stage(folder, dockerfile, files)
    seen = shown(facts, facts.images[-1])
    return installed(commands, seen), python_version(seen)


def libraries(folder: Path, base: str, requirements: str) -> list[str]:
    found, python = packages(
        folder,
        f"FROM {base}\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
        {"requirements.txt": requirements},
    )
    return sorted(native(found, python).libraries)


def test_requirements_are_followed_through_files(tmp_path: Path) -> None:
    files = {"requirements/base.txt": "Flask==3.0\n", "requirements/live.txt": "-r base.txt\nPyYAML[x]>=6 # why\n"}
    text = "FROM python:3.12\nCOPY . /app\nWORKDIR /app\nRUN pip install -r requirements/live.txt Zope.Event\n"
    found, python = packages(tmp_path, text, files)
    assert {name: str(package.evidence) for name, package in found.packages.items()} == {
        "flask": "requirements/base.txt:1: installs Flask==3.0",
        "pyyaml": "requirements/live.txt:2: installs PyYAML[x]>=6",
        "zope-event": "line 4: installs Zope.Event",
    }
    assert (found.open, python) == ("", "3.12")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"pyproject.toml": '[project]\nname = "a"\ndependencies = ["flask>=2"]\n'}, ["flask"]),
        (
            {"setup.py": 'import setuptools\nsetuptools.setup(install_requires=["lxml", "six"])\n'},
            ["lxml", "six"],
        ),
    ],
)
def test_the_project_itself_lists_what_it_requires(tmp_path: Path, files: dict[str, str], names: list[str]) -> None:
    found, _ = packages(tmp_path, "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install .\n", files)
    assert (list(found.packages), found.open) == (names, "")


@pytest.mark.parametrize(
    "files",
    [
        {"setup.py": "from setuptools import setup\nsetup(install_requires=open('r.txt').readlines())\n"},
        {"setup.py": "from setuptools import setup\nsetup()\n", "setup.cfg": "[options]\ninstall_requires = six\n"},
        {"pyproject.toml": '[project]\nname = "a"\ndynamic = ["dependencies"]\n'},
        {"pyproject.toml": "[project\n"},
    ],
)
def test_what_is_not_listed_leaves_it_open(tmp_path: Path, files: dict[str, str]) -> None:
    found, _ = packages(tmp_path, "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install .\n", files)
    assert found.open


@pytest.mark.parametrize(
    ("base", "requirements", "wanted"),
    [
        ("python:3.12", "psycopg2==2.9.9\n", ["libpq5"]),
        ("python:3.12", "psycopg2-binary==2.9.9\n", []),  # the first version with a wheel for 3.12
        ("python:3.12", "psycopg2-binary==2.9.6\n", ["libpq5"]),
        ("python:3.11", "psycopg2-binary==2.9.6\n", []),
        ("python:3.12", "psycopg2-binary~=2.9.5\n", []),  # 2.9.9 and newer are allowed
        ("python:3.12", "psycopg2-binary\n", []),
        ("python:3", "psycopg2-binary==2.9.9\n", ["libpq5"]),  # which Python that is, is open
        ("python:3.12", "psycopg[binary]==3.1.19\n", []),
        ("python:3.12", "psycopg==3.1.19\n", ["libpq5"]),
        ("python:3.12", "GitPython\n", ["git"]),
    ],
)
def test_libraries(tmp_path: Path, base: str, requirements: str, wanted: list[str]) -> None:
    assert libraries(tmp_path, base, requirements) == wanted


def test_unknown_packages_are_told(tmp_path: Path) -> None:
    found, python = packages(tmp_path, "FROM python:3.12\nRUN pip install flask in-house-thing\n", {})
    assert [package.name for package in native(found, python).unknown] == ["in-house-thing"]


LOCK = """\
[[package]]
name = "in-house-pure"
version = "1"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://x/in_house_pure-1-py3-none-any.whl" }]

[[package]]
name = "in-house-old"
version = "1"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://x/in_house_old-1-cp39-cp39-manylinux2014_x86_64.whl" }]

[[package]]
name = "in-house-native"
version = "1"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://x/in_house_native-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl" }]
"""


def test_a_lock_file_shows_wheels(tmp_path: Path) -> None:
    files = {"uv.lock": LOCK, "pyproject.toml": '[project]\nname = "a"\nversion = "1"\n'}
    found, python = packages(tmp_path, "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN uv sync --frozen\n", files)
    assert [package.name for package in native(found, python).unknown] == ["in-house-old"]


def carried(folder: Path, dockerfile: str, files: dict[str, str] | None = None) -> list[str] | str:
    facts, commands = stage(folder, dockerfile, {"requirements.txt": "flask\n", **(files or {})})
    found = environment(shown(facts, facts.images[-1]), Cut((), (), commands, runs=False))
    return found.reason if isinstance(found, Obstacle) else [carry.source for carry in found.carries]


@pytest.mark.parametrize(
    ("steps", "folders"),
    [
        ("RUN pip install flask", ["/opt/venv/"]),
        ("WORKDIR /opt\nRUN pip install flask", ["/venv/"]),
        ("RUN python -m venv /v\nRUN /v/bin/pip install flask", ["/v/"]),
        ("RUN python -m venv /v && . /v/bin/activate && pip install flask", ["/v/"]),
        ("ENV VIRTUAL_ENV=/v PATH=/v/bin:$PATH\nRUN python -m venv $VIRTUAL_ENV\nRUN pip install flask", ["/v/"]),
        ("RUN pip install uv\nWORKDIR /app\nRUN uv sync", ["/app/.venv/"]),
        ("ENV UV_PROJECT_ENVIRONMENT=/env\nWORKDIR /app\nRUN uv sync", ["/env/"]),
        ("RUN pip install poetry && poetry config virtualenvs.create false && poetry install", ["/opt/venv/"]),
        ("ENV POETRY_VIRTUALENVS_CREATE=false\nRUN pip install poetry && poetry install", ["/opt/venv/"]),
        ("WORKDIR /app\nRUN poetry config virtualenvs.in-project true && poetry install", ["/app/.venv/"]),
        ("ENV PIPENV_VENV_IN_PROJECT=1\nWORKDIR /app\nRUN pipenv sync", ["/app/.venv/"]),
        ("RUN pip install pipenv && pipenv install --system", ["/opt/venv/"]),
    ],
)
def test_where_packages_are(tmp_path: Path, steps: str, folders: list[str]) -> None:
    assert carried(tmp_path, f'FROM python:3.12\n{steps}\nCMD ["python", "a.py"]\n') == folders


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ("RUN pip install --target /lib flask", "installs with --target"),
        ("RUN uv pip install --system flask", "installs with --system"),
        ("ENV UV_SYSTEM_PYTHON=1\nRUN uv pip install flask", "UV_SYSTEM_PYTHON"),
        ("ENV PIP_USER=1\nRUN pip install flask", "PIP_USER"),
        ("RUN /usr/bin/pip3 install flask", "names the pip of another place"),
        ("USER app\nRUN pip install flask", "installs as app"),
        ("RUN poetry install", "set virtualenvs.in-project"),
        ("RUN pipenv install", "set PIPENV_VENV_IN_PROJECT"),
        ("RUN pip install flask\nENV PATH=/app/bin:/usr/local/bin:/usr/bin:/bin", "sets PATH without"),
        (
            "RUN pip install flask\nRUN rm /usr/local/lib/python3.12/site-packages/x.py",
            "names site-packages",
        ),
        ('SHELL ["/bin/bash", "-lc"]\nRUN pip install flask', "login shell"),
        ("RUN pip install flask && python -m venv /v && /v/bin/pip install six", "and beside it"),
    ],
)
def test_what_does_not_land_in_an_environment(tmp_path: Path, steps: str, reason: str) -> None:
    found = carried(tmp_path, f'FROM python:3.12\n{steps}\nCMD ["python", "a.py"]\n')
    assert isinstance(found, str)
    assert reason in found
