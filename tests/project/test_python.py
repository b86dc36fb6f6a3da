"""What Python's package managers need of the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rewriter.project.needs import Answer, Needs, Obstacle
from tests.project.asked import answer, known, obstacle

Files = dict[str, str]
Ask = Callable[..., Answer]

POETRY = '[tool.poetry]\nname = "shop"\nversion = "1"\n[tool.poetry.dependencies]\npython = "^3.11"\n'
NO_PACKAGE = "[tool.poetry]\npackage-mode = false\n"
POETRY_PATH = (
    '[[package]]\nname = "common"\ndevelop = true\n[package.source]\ntype = "directory"\nurl = "libs/common"\n'
)
UV = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["flask"]\n'
UV_LOCK = 'version = 1\n[[package]]\nname = "shop"\nsource = {{ {} }}\n'
UV_ROOT = UV_LOCK.format('editable = "."')
UV_VIRTUAL = UV_LOCK.format('virtual = "."')
FLIT = '[build-system]\nrequires = ["flit_core >=3.2"]\nbuild-backend = "flit_core.buildapi"\n[project]\nname = "c"\n'
COMMON = {"libs/common/pyproject.toml": FLIT, "libs/common/common/__init__.py": ""}
SETUP = 'from setuptools import setup\nsetup(name="common")\n'
REQUIREMENTS = {"requirements.txt": "flask==3.0\n"}


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    def asked(command: str, files: Files, *, env: dict[str, str] | None = None, folder: str = "/app") -> Answer:
        """What the last command of `command`, an `&&` list, needs."""
        *before, last = command.split(" && ")
        return answer(tmp_path, files, last, folder=folder, before=" && ".join(before), env=env)

    return asked


def reads(found: Answer) -> tuple[str, ...]:
    needed = known(found)
    assert needed.evidence or not (needed.reads or needed.leaves)
    return needed.reads


@pytest.mark.parametrize(
    "command",
    [
        "pip install --upgrade pip setuptools wheel",
        "pip install flask 'gunicorn>=20' uvicorn[standard] django==4.* x~=1.0",
        "python -m pip install --no-cache-dir pip-tools",
        "pip3 install git+https://github.com/x/y@v1",
        "pip install 'x @ https://example.com/x-1.whl'",
        "pip install --index-url https://user:$TOKEN@pypi.example.com/simple --extra-index-url=$MORE flask",
        "pip config set global.index-url https://pypi.example.com/simple",
        'pip install django==$VERSION "celery==${CELERY}" flask=="$F"',
        "pip --version",
        "pip cache purge",
        "pip uninstall -y pip",
        "pip install --user --prefix=/install flask",
        "pip list",
        "python --version",
        "poetry config virtualenvs.create false",
        "poetry --version",
        "uv --version",
        "uv pip install --system flask",
        "uv tool install ruff",
        "pdm config python.use_venv false",
        "pipenv --version",
        "python -m venv /opt/venv",
        "virtualenv -p python3.11 /opt/venv",
    ],
)
def test_reads_nothing(ask: Ask, command: str) -> None:
    assert ask(command, {"app.py": ""}) == Needs(reads=())


@pytest.mark.parametrize(
    "command",
    ["python manage.py collectstatic", "poetry run pytest", "uv run app.py", "pip hash x", "pipenv run x", "pdm run x"],
)
def test_not_an_install(ask: Ask, command: str) -> None:
    assert ask(command, {"requirements.txt": ""}) is None


@pytest.mark.parametrize(
    ("command", "files", "expected"),
    [
        ("pip install -r requirements.txt", REQUIREMENTS, ["requirements.txt"]),
        ("pip install -rrequirements.txt", REQUIREMENTS, ["requirements.txt"]),
        ("pip install -qr ./requirements.txt", REQUIREMENTS, ["requirements.txt"]),
        ("pip install --requirement=/app/requirements.txt", REQUIREMENTS, ["/app/requirements.txt"]),
        ('pip install --requirement="requirements.txt"', REQUIREMENTS, ["requirements.txt"]),
        ("pip install -r $HERE/requirements.txt", REQUIREMENTS, ["/app/requirements.txt"]),
        ('pip install --requirement="${HERE}/requirements.txt"', REQUIREMENTS, ["/app/requirements.txt"]),
        ("pip-sync", REQUIREMENTS, ["requirements.txt"]),
        ("PIP_NO_CACHE_DIR=1 pip install -r requirements.txt", REQUIREMENTS, ["requirements.txt"]),
        ("pip wheel -w /wheels -r requirements.txt", REQUIREMENTS, ["requirements.txt"]),
        (
            "pip install -r a.txt -r b.txt -c c.txt",
            {"a.txt": "x", "b.txt": "y", "c.txt": "y<2"},
            ["a.txt", "b.txt", "c.txt"],
        ),
        (
            "pip install -r requirements/prod.txt",
            {
                "requirements/prod.txt": "-r base.txt\n--constraint=../c.txt\n",
                "requirements/base.txt": "x",
                "c.txt": "",
            },
            ["requirements/prod.txt", "requirements/base.txt", "c.txt"],
        ),
        ("pip install -r a.txt", {"a.txt": "-r b.txt", "b.txt": "-r a.txt"}, ["a.txt", "b.txt"]),
        ("pip install -r a.txt", {"a.txt": "# -r b.txt\nx # -r c.txt\n"}, ["a.txt"]),
        ("pip install -r a.txt", {"a.txt": "x==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"}, ["a.txt"]),
        ("pip install -r a.txt", {"a.txt": "-r \\\n  b.txt\r\n", "b.txt": ""}, ["a.txt", "b.txt"]),
        (
            "pip install -r a.txt",
            {"a.txt": "x; python_version < '3.8'\ny [z] >= 1 ; sys_platform == 'linux'"},
            ["a.txt"],
        ),
        ("pip install -r a.txt", {"a.txt": "\ufeffx\n\n--index-url https://${TOKEN}@h/simple\n--pre\n"}, ["a.txt"]),
        ("pip install -r a.txt", {"a.txt": "-r https://example.com/b.txt\nx @ git+https://h/x.git@v1\n"}, ["a.txt"]),
        ("pip install -r a.txt", {"a.txt": "./wheels/x.whl\n", "wheels/x.whl": ""}, ["a.txt", "wheels/x.whl"]),
        (
            "pip install -r a.txt",
            {"a.txt": "x @ file:///app/w/x%2B1.whl\n", "w/x+1.whl": ""},
            ["a.txt", "/app/w/x+1.whl"],
        ),
        ("pip install ./x-1.tar.gz", {"x-1.tar.gz": ""}, ["x-1.tar.gz"]),
        ("pip install -f wheels x", {"wheels/x.whl": ""}, ["wheels/"]),
        ("pip install -r r/a.txt", {"r/a.txt": "--find-links w\nx", "r/w/x.whl": ""}, ["r/a.txt", "r/w/"]),
        ("pip install -r a.txt", {"a.txt": "-r ${NAME}.txt", "b.txt": ""}, ["a.txt", "b.txt"]),
        ("pip install --group dev", {"pyproject.toml": '[dependency-groups]\ndev = ["x"]\n'}, ["pyproject.toml"]),
        ("pip install -r a.txt", {"a.txt": "x", ".tool-versions": "", ".python-version": "3.11"}, ["a.txt"]),
        (
            "uv pip install --system -r a.txt",
            {"a.txt": "x", "pyproject.toml": "[tool.uv]\n"},
            ["pyproject.toml", "a.txt"],
        ),
        ("uv pip sync --system a.txt", {"a.txt": "x"}, ["a.txt"]),
        ("uv pip install --system -r pyproject.toml", {"pyproject.toml": UV}, ["pyproject.toml"]),
        ("pipenv install --system --deploy", {"Pipfile": "", "Pipfile.lock": "{}"}, ["Pipfile", "Pipfile.lock"]),
        (
            "pipenv sync --system",
            {"Pipfile": '[packages]\nx = {path = "w/x.whl"}', "Pipfile.lock": "{}", "w/x.whl": "", ".env": ""},
            ["Pipfile", "Pipfile.lock", ".env", "w/x.whl"],
        ),
        ("poetry install", {"pyproject.toml": NO_PACKAGE, "poetry.lock": ""}, ["pyproject.toml", "poetry.lock"]),
        (
            "poetry install --no-root --only main",
            {"pyproject.toml": POETRY, "poetry.lock": "", "poetry.toml": ""},
            ["pyproject.toml", "poetry.lock", "poetry.toml"],
        ),
        ("uv sync --frozen", {"pyproject.toml": UV, "uv.lock": UV_VIRTUAL}, ["pyproject.toml", "uv.lock"]),
        (
            "uv sync --locked --no-install-project",
            {"pyproject.toml": UV, "uv.lock": UV_ROOT, ".python-version": "3.12", "uv.toml": ""},
            ["pyproject.toml", "uv.toml", "uv.lock", ".python-version"],
        ),
        ("pdm sync --no-self", {"pyproject.toml": UV, "pdm.lock": ""}, ["pyproject.toml", "pdm.lock"]),
    ],
)
def test_reads(ask: Ask, command: str, files: Files, expected: list[str]) -> None:
    assert (
        list(reads(ask(command, files, env={"NAME": "b", "HERE": "/app", "PATH": "/usr/local/bin:/usr/bin"})))
        == expected
    )


def test_a_version_file_is_read_where_the_path_is_not_known(ask: Ask) -> None:
    assert reads(ask("pip install x", {".python-version": "3.11"})) == (".python-version",)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PIP_REQUIREMENT", "a.txt b.txt", ("a.txt", "b.txt")),
        ("PIP_CONSTRAINT", "/app/a.txt", ("/app/a.txt",)),
        ("PIP_CONFIG_FILE", "/app/pip.conf", ("/app/pip.conf", "a.txt")),
        ("HOME", "/app/home", ("/app/home/.pip/pip.conf",)),
        ("PIP_INDEX_URL", "https://h/", ()),
        ("PIP_DEFAULT_TIMEOUT", "100", ()),
    ],
)
def test_settings_around_the_command(ask: Ask, variable: str, value: str, expected: tuple[str, ...]) -> None:
    config = {"pip.conf": "[global]\ntimeout = 1\n[install]\nconstraint =\n  a.txt\n", "home/.pip/pip.conf": ""}
    files = {"a.txt": "", "b.txt": "", **config}
    assert reads(ask("pip install x", files, env={variable: value, "PATH": "/bin"})) == expected


@pytest.mark.parametrize(
    ("command", "files", "words"),
    [
        ("pip install .", {"setup.py": SETUP}, "builds the project itself"),
        ("pip install -e .[dev]", {"setup.py": SETUP}, "builds the project itself"),
        ("pip install /app", {"setup.py": SETUP}, "builds the project itself"),
        ("pip install -r r.txt", {"r.txt": "x\n-e .\n", "setup.py": SETUP}, "r.txt:2 builds the project itself"),
        ("uv pip install --system .", {"pyproject.toml": FLIT}, "builds the project itself"),
        ("python /x/setup.py develop", {}, "what /x/setup.py reads"),
        ("python setup.py develop", {"setup.py": SETUP}, "setup.py builds the project"),
        ("pip install -r requirements.txt", {}, "requirements.txt is not copied"),
        ("pip install -r r.txt", {"r.txt": "-r gone.txt"}, "gone.txt is not copied"),
        ("pip install -r r.txt", {"r.txt": "x", ".dockerignore": "r.txt"}, "r.txt is left out by .dockerignore"),
        ("pip install -r $FILE", {}, "what $FILE stands for is not known"),
        ("pip install -r req*.txt", {"required.txt": ""}, "what req*.txt stands for is not known"),
        ("pip install ~/x", {}, "~/x"),
        ("pip install $OPTIONS", {}, "what $OPTIONS stands for is not known"),
        ("pip install ./x[s]", {"xs": ""}, "./x[s]"),
        ("pip install --new-option x", {}, "--new-option"),
        ("pip install --config-file=x y", {}, "--config-file"),
        ("pip install -r r.txt", {"r.txt": "--surprise x"}, "r.txt:1 has the option --surprise"),
        ("pip install -r r.txt", {"r.txt": "x\n\n?!\n"}, "r.txt:3"),
        ("pip install -r r.txt", {"r.txt": "-e ${WHERE}/x"}, "r.txt:1 installs ${WHERE}/x"),
        ("pip install -r r.txt", {"r.txt": "./libs/gone"}, "r.txt:1 installs ./libs/gone"),
        ("pip install -r r.txt", {"r.txt": "git+file:///app/.git"}, "r.txt:1 installs from git+file:"),
        ("pip install -r r.txt", {"r.txt": "x --config-settings 'a"}, "r.txt:1 has quotes"),
        ("pip install -r r.txt", {"r.txt": "-f .\nx"}, "r.txt:1 looks for packages in the whole project"),
        ("pip install -r setup.py", {"setup.py": ""}, "takes the requirements from setup.py"),
        ("pip install --target . x", {"app.py": ""}, "where the project's files are copied to"),
        ("pip install -t /app x", {"app.py": ""}, "where the project's files are copied to"),
        ("pip wheel -r r.txt", {"r.txt": "x"}, "among those of the project"),
        ("pip install -e git+https://h/x", {"app.py": ""}, "whose name is not known"),
        ("export PIP_CONSTRAINT=c.txt && pip install x", {"c.txt": ""}, "PIP_CONSTRAINT"),
        ("PIP_TARGET=$WHERE pip install x", {}, "PIP_TARGET"),
        ("pip config set install.constraint c.txt && pip install x", {}, "c.txt is not copied"),
        ("env -C /app/x pip install y", {}, "in another folder"),
        ("venv/bin/pip install x", {"venv/bin/pip": ""}, "is a program of the project"),
        ("python -m poetry install", {"logging.py": ""}, "logging.py is imported in the place"),
        ("poetry install", {"pyproject.toml": POETRY}, "no poetry.lock"),
        ("poetry install", {"pyproject.toml": "[tool.poetry"}, "pyproject.toml is no TOML"),
        (
            "poetry install --no-root",
            {"pyproject.toml": POETRY, "poetry.lock": "", ".venv/x": ""},
            "poetry would use it",
        ),
        ("poetry install -C sub", {"pyproject.toml": POETRY, "poetry.lock": ""}, "-C"),
        ("poetry add flask", {"pyproject.toml": POETRY}, "poetry add changes"),
        ("poetry config --local x y", {}, "changes poetry.toml"),
        (
            "pip install poetry poetry-dynamic-versioning && poetry install --no-root",
            {"pyproject.toml": POETRY, "poetry.lock": ""},
            "poetry-dynamic-versioning is installed",
        ),
        (
            "poetry install --no-root",
            {"pyproject.toml": POETRY + '[tool.poetry.requires-plugins]\nodd = "*"\n', "poetry.lock": ""},
            "requires odd",
        ),
        ("poetry install --no-root", {"pyproject.toml": POETRY, "poetry.lock": POETRY_PATH}, "names libs/common"),
        ("uv sync", {"pyproject.toml": UV}, "no uv.lock"),
        (
            "uv sync",
            {"pyproject.toml": "[project]\ndynamic = ['dependencies']", "uv.lock": ""},
            "leaves its dependencies",
        ),
        ("uv sync --directory x", {"pyproject.toml": UV, "uv.lock": UV_ROOT}, "--directory"),
        ("uv sync --active", {"pyproject.toml": UV, "uv.lock": UV_ROOT}, "--active"),
        ("uv add flask", {"pyproject.toml": UV}, "uv add changes"),
        ("uv pip install --system -r setup.py", {"setup.py": ""}, "takes the requirements from setup.py"),
        ("uv pip install --system -r r/a.txt", {"r/a.txt": "./w/x.whl"}, "r/a.txt:1"),
        (
            "uv sync",
            {"pyproject.toml": UV + '[[tool.uv.index]]\nurl = "./w"\n', "uv.lock": ""},
            "looks for packages in ./w",
        ),
        ("pipenv install --system", {"Pipfile": ""}, "no Pipfile.lock"),
        ("pipenv install flask", {"Pipfile": "", "Pipfile.lock": "{}"}, "changes the Pipfile"),
        ("pipenv sync", {"Pipfile": "", "Pipfile.lock": "{"}, "Pipfile.lock is no JSON"),
        ("pdm install", {"pyproject.toml": UV}, "no pdm.lock"),
        ("pdm install", {"pyproject.toml": "[tool.pdm.scripts]\npost_install = 'x'", "pdm.lock": ""}, "post_install"),
    ],
)
def test_obstacles(ask: Ask, command: str, files: Files, words: str) -> None:
    assert words in obstacle(ask(command, files, env={"OPTIONS": "-rx"}))


@pytest.mark.parametrize("value", ["/app", "/app/lib:/app"])
def test_pythonpath(ask: Ask, value: str) -> None:
    assert reads(ask("pip install x", {"app.py": ""}, env={"PYTHONPATH": value, "PATH": ""})) == ()
    found = ask("pip install x", {"sitecustomize.py": ""}, env={"PYTHONPATH": value})
    assert "sitecustomize.py" in obstacle(found)


@pytest.mark.parametrize(
    ("command", "leaves"),
    [
        ("pip install --target ./lib x", ["lib"]),
        ("pip install --target=lib/python x", ["lib/python"]),
        ("pip install -e git+https://h/x.git@v1#egg=My_Pkg", ["src/My_Pkg", "src/my-pkg", "src/my_pkg"]),
        ("python3 -m venv .venv", [".venv"]),
        ("python3.11 -m venv --copies /app/env", ["env"]),
        ("virtualenv -p python3 env", ["env"]),
        ("python -m venv venv && ./venv/bin/pip install x", ["venv"]),
        ("python -m venv venv && . venv/bin/activate && pip install x", ["venv"]),
        ("/app/venv/bin/python -m pip install x", ["venv"]),
        ("uv venv", [".venv"]),
        ("uv pip install x", [".venv"]),
        ("uv venv /opt/venv && uv pip install --system x", []),
        ("pip install --cache-dir /app/.cache x", [".cache"]),
    ],
)
def test_leaves(ask: Ask, command: str, leaves: list[str]) -> None:
    answer = ask(command, {"app.py": ""})
    assert isinstance(answer, Needs)
    assert sorted(answer.leaves) == leaves
    assert bool(answer.evidence) == bool(leaves)


@pytest.mark.parametrize(
    ("command", "env", "leaves"),
    [
        ("poetry install --no-root", {}, (".venv",)),
        ("poetry install --no-root", {"POETRY_VIRTUALENVS_CREATE": "false"}, ()),
        ("poetry config virtualenvs.create false && poetry install --no-root", {}, ()),
        ("poetry install --no-root", {"POETRY_VIRTUALENVS_IN_PROJECT": "false"}, ()),
        ("poetry config virtualenvs.in-project true && poetry install --no-root", {}, (".venv",)),
        ("uv sync --no-install-project", {}, (".venv",)),
        ("uv sync --no-install-project", {"UV_PROJECT_ENVIRONMENT": "/usr/local"}, ()),
        ("uv sync --no-install-project", {"UV_PROJECT_ENVIRONMENT": "env"}, ("env",)),
        ("pipenv sync", {}, (".venv",)),
        ("pipenv sync --system", {}, ()),
        ("pdm sync --no-self", {}, (".venv", "__pypackages__", ".pdm-python")),
        ("pip install x", {"PATH": "/app/venv/bin:/usr/bin"}, ("venv",)),
        ("pip install x", {"VIRTUAL_ENV": "/opt/venv", "PATH": "/opt/venv/bin"}, ()),
        ('python -m venv "$VIRTUAL_ENV"', {"VIRTUAL_ENV": "/app/env"}, ("env",)),
        ("pip install x", {"HOME": "/app/home"}, ("home/.local", "home/.cache/pip")),
    ],
)
def test_leaves_by_setting(ask: Ask, command: str, env: dict[str, str], leaves: tuple[str, ...]) -> None:
    files = {"pyproject.toml": POETRY + UV, "poetry.lock": "", "uv.lock": UV_ROOT, "pdm.lock": "", "Pipfile": ""}
    answer = ask(command, {**files, "Pipfile.lock": "{}"}, env=env)
    assert isinstance(answer, Needs), answer
    assert answer.leaves == leaves


@pytest.mark.parametrize(
    ("command", "files", "fetch"),
    [
        (
            "poetry install --only main",
            {"pyproject.toml": POETRY, "poetry.lock": ""},
            "poetry install --only main --no-root",
        ),
        (
            "UV_X=1 uv sync --frozen",
            {"pyproject.toml": UV, "uv.lock": UV_ROOT},
            "UV_X=1 uv sync --frozen --no-install-project",
        ),
        ("pdm sync --prod", {"pyproject.toml": FLIT, "pdm.lock": ""}, "pdm sync --prod --no-self"),
        (
            "uv sync --locked",
            {
                "pyproject.toml": UV + '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
                "packages/a/pyproject.toml": FLIT,
                "packages/notes/README": "",
                "uv.lock": UV_VIRTUAL + UV_LOCK.format('editable = "packages/a"').partition("\n")[2],
            },
            "uv sync --locked --no-install-workspace",
        ),
    ],
)
def test_downloads_ahead(ask: Ask, command: str, files: Files, fetch: str) -> None:
    answer = ask(command, files)
    assert isinstance(answer, Needs), answer
    assert answer.fetch == fetch
    assert answer.still
    assert sorted(answer.reads) == sorted(name for name in files if name.endswith((".toml", ".lock")))


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("pip install -r r.txt", {"r.txt": "-e ./libs/common\n"}),
        ("pip install -r r/a.txt", {"r/a.txt": "libs/common[extra]\n"}),
        ("pip install ./libs/common", {}),
        ("pip install -e /app/libs/common", {}),
        ("poetry install --no-root", {"pyproject.toml": POETRY, "poetry.lock": POETRY_PATH}),
        ("uv sync", {"pyproject.toml": UV, "uv.lock": UV_LOCK.format('directory = "libs/common"')}),
        ("pipenv sync --system", {"Pipfile": "", "Pipfile.lock": '{"default": {"c": {"path": "./libs/common"}}}'}),
        ("pdm sync --no-self", {"pyproject.toml": UV, "pdm.lock": '[[package]]\nname = "c"\npath = "./libs/common"\n'}),
    ],
)
def test_a_local_package_is_read_as_a_folder(ask: Ask, command: str, files: Files) -> None:
    found = reads(ask(command, {**COMMON, **files}))
    assert found[-1].removeprefix("/app/") == "libs/common/"


def test_what_setuptools_leaves_in_a_folder(ask: Ask) -> None:
    answer = ask("pip install ./libs/common", {"libs/common/setup.py": SETUP})
    assert isinstance(answer, Needs)
    assert answer.leaves == ("libs/common/build", "libs/common/**/*.egg-info")


BUILD = '[build-system]\nrequires = ["{}"]\nbuild-backend = "{}"\n'


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"README": ""}, "neither a pyproject.toml nor a setup.py"),
        ({"pyproject.toml": BUILD.format("maturin", "maturin")}, "libs/common/pyproject.toml is built by maturin"),
        ({"pyproject.toml": BUILD.format("setuptools-scm", "setuptools.build_meta")}, "needs setuptools-scm"),
        ({"pyproject.toml": FLIT + 'readme = "../../README.md"\n'}, "names ../../README.md"),
        ({"pyproject.toml": FLIT + 'dependencies = ["x @ file:///app/libs/x"]\n'}, "names x @ file:"),
        (
            {
                "pyproject.toml": BUILD.format("hatchling", "hatchling.build")
                + "[tool.hatch.build.hooks.custom]\npath='x'\n"
            },
            "hatch.build.hooks",
        ),
        (
            {"pyproject.toml": BUILD.format("setuptools", "setuptools.build_meta") + "backend-path = ['.']\n"},
            "is built by",
        ),
        (
            {"setup.py": SETUP, "setup.cfg": "[metadata]\nversion = attr: common.VERSION\n"},
            "takes common.VERSION from a module",
        ),
        ({"setup.py": SETUP, "setup.cfg": "[metadata]\nlong_description = file: ../README.md\n"}, "names ../README.md"),
        ({"setup.py": SETUP, "build/tool.py": ""}, "libs/common/build holds files"),
        (
            {"setup.py": "from setuptools import setup\nimport common\nsetup()\n"},
            "libs/common/setup.py:2 imports common",
        ),
    ],
)
def test_builds_that_may_read_more(ask: Ask, files: Files, words: str) -> None:
    found = ask("pip install ./libs/common", {f"libs/common/{name}": text for name, text in files.items()})
    assert words in obstacle(found)


def test_a_link_out_of_a_local_package(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "libs/common").mkdir(parents=True)
    (tmp_path / "shared").mkdir()
    (tmp_path / "libs/common/data").symlink_to(tmp_path / "shared")
    assert "libs/common/data is a symbolic link" in obstacle(ask("pip install ./libs/common", COMMON))


def test_hatchling_asks_the_ignore_file_above(ask: Ask) -> None:
    files = {"libs/common/pyproject.toml": BUILD.format("hatchling", "hatchling.build"), ".gitignore": ""}
    assert "/app/.gitignore" in reads(ask("pip install ./libs/common", files))
    assert "leave .git out" in obstacle(ask("pip install ./libs/common", {".git/HEAD": ""}))


def test_a_version_that_a_module_assigns(ask: Ask) -> None:
    cfg = "[metadata]\nversion = attr: common.__version__\n"
    files = {"libs/common/setup.cfg": cfg, "libs/common/setup.py": SETUP}
    assert reads(
        ask("pip install ./libs/common", {**files, "libs/common/src/common/__init__.py": '__version__ = "1"\n'})
    )


@pytest.mark.parametrize(
    "text",
    [
        SETUP,
        "import os, re\nfrom setuptools import find_packages, setup\n"
        "here = os.path.abspath(os.path.dirname(__file__))\n"
        "def read(name):\n    with open(os.path.join(here, name), encoding='utf-8') as f:\n        return f.read()\n"
        "version = re.search(r'^__version__ = \"(.*)\"', read('common/__init__.py'), re.M).group(1)\n"
        "setup(name='common', version=version, long_description=read('README.md'), packages=find_packages('src'),\n"
        "      url='https://example.com/x', install_requires=['flask>=2'], package_dir={'': 'src'})\n",
        "from pathlib import Path\nfrom setuptools import setup\n__version__ = '1'\n"
        "HERE = Path(__file__).resolve().parent\n"
        "required = [line for line in (HERE / 'requirements.txt').read_text().splitlines() if line]\n"
        "if __name__ == '__main__':\n    setup(name='common', version=__version__, install_requires=required)\n",
        "from setuptools import setup\n"
        "setup(long_description=f'{open(\"README.md\").read()}\\n\\{{x}}' 'a' '/b', vars=1)\n",
    ],
)
def test_setup_that_stays_in_its_folder(ask: Ask, text: str) -> None:
    assert reads(ask("pip install ./libs/common", {"libs/common/setup.py": text}))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import setuptools\nopen('../README.md')\n", 2),
        ("open('/app/README.md')\n", 1),
        ("import os\nopen(os.path.join(os.path.dirname(os.path.dirname(__file__)), 'x'))\n", 2),
        ("from pathlib import Path\n(Path(__file__).parent.parent / 'x').read_text()\n", 2),
        ("from pathlib import Path\nPath(__file__).parents[1]\n", 2),
        ("import os\nopen(os.path.join(os.pardir, 'x'))\n", 2),
        ("import os\nos.chdir('x')\n", 2),
        ("exec(open('version.py').read())\n", 1),
        ("list(map(eval, ['1']))\n", 1),
        ("import subprocess\n", 1),
        ("import os as o\n", 1),
        ("from os import getcwd\n", 1),
        ("from . import x\n", 1),
        ("from setuptools import *\n", 1),
        ("setup(**config)\n", 1),
        ("setup(cmdclass={})\n", 1),
        ("setup(install_requires=['x @ file:///app/x'])\n", 1),
        ("x = 1\nclass Build(object):\n    pass\n", 2),
        ("__import__('x')\n", 1),
        ("def f():\n    pass\nf()()\n", 3),
        ("open(b'../README.md')\n", 1),
        ("x = 1\nopen('.' './README.md')\n", 2),
        ("open('.' f'./README.md')\n", 1),
        ("open(f'{x}' '/README.md')\n", 1),
        ("open(f'\\x2fapp')\n", 1),
        ("open(f'\\{x}..\\\\x')\n", 1),
        ("open(Rf'..\\x')\n", 1),
        ("open(f'{x:{__import__}}')\n", 1),
        ("open(f'{x:/>9}')\n", 1),
        ("@cache\ndef f():\n    pass\n", 2),
        ("async def f():\n    pass\n", 1),
        ("setup(\n    name='x',\n    **config,\n)\n", 3),
        ("open(\n    'x'\n    '/../../y'\n)\n", 2),
    ],
)
def test_setup_that_may_leave_its_folder(ask: Ask, text: str, line: int) -> None:
    found = obstacle(ask("pip install ./libs/common", {"libs/common/setup.py": text}))
    assert found.startswith(f"libs/common/setup.py:{line} ")


def test_setup_that_is_no_python(ask: Ask) -> None:
    found = obstacle(ask("pip install ./libs/common", {"libs/common/setup.py": "import sys\nprint 'x'\n"}))
    assert found.startswith("libs/common/setup.py is no Python 3 (line 2: ")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        " " * 200_000 + "x",
        "x " * 50_000,
        "x" + " " * 100_000 + "@ y",
        "\\\n" * 50_000,
        "-r a.txt\n" * 20_000,
        "\x00",
        "#" * 200_000,
    ],
)
def test_hostile_requirements_end(ask: Ask, text: str) -> None:
    assert isinstance(ask("pip install -r a.txt", {"a.txt": text}), Needs | Obstacle)


@pytest.mark.parametrize("command", ["poetry install", "uv sync", "pdm install", "uv pip install -r pyproject.toml"])
@pytest.mark.parametrize(
    "text", ["tool = 1", "[tool]\npoetry = 1\nuv = 1\npdm = 1", "[project]\ndynamic = 1", "[[tool.uv]]"]
)
@pytest.mark.parametrize("lock", ["package = 1", "[[package]]\nsource = 1", "[package]\nx = 1", "package = [1]"])
def test_odd_manifests(ask: Ask, command: str, text: str, lock: str) -> None:
    locks = dict.fromkeys(("poetry.lock", "uv.lock", "pdm.lock"), lock)
    assert isinstance(ask(command, {"pyproject.toml": text, **locks}), Needs | Obstacle)


def test_endless_chain_of_requirement_files(ask: Ask) -> None:
    files = {f"{number}.txt": f"-r {number + 1}.txt" for number in range(40)}
    assert "reads requirements from" in obstacle(ask("pip install -r 0.txt", files))


def test_a_member_of_a_workspace_above(ask: Ask) -> None:
    files = {"pyproject.toml": "[tool.uv.workspace]\nmembers = ['api']\n", "api/pyproject.toml": UV}
    assert "pyproject.toml has a workspace" in obstacle(ask("uv sync", files, folder="/app/api"))
