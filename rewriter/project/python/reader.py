"""What the package managers of Python need of the project: pip, uv, poetry, pipenv, pdm, and the makers of
virtual environments."""

from __future__ import annotations

import posixpath

from rewriter.project.needs import Answer, Needs, Obstacle, View
from rewriter.project.python import pdm as python_pdm
from rewriter.project.python import pip as python_pip
from rewriter.project.python import pipenv as python_pipenv
from rewriter.project.python import poetry as python_poetry
from rewriter.project.python import uv as python_uv
from rewriter.project.python.environments import check_surroundings, environments, made, write_environments
from rewriter.project.python.reading import Reading, Unknowable, word_text
from rewriter.syntax.vocabulary import Call

_ELSEWHERE = frozenset(("-C", "--chdir", "-D"))
_BUILDS = frozenset(("develop", "install", "build", "bdist_wheel", "sdist", "build_ext", "egg_info"))


def needs(call: Call, view: View) -> Answer:
    """What `call` needs of the project; see rewriter/project/needs.py."""
    try:
        reading = Reading(call, view)
        if any(word.raw in _ELSEWHERE for word in call.wrappers):
            raise Unknowable(f"{' '.join(word.raw for word in call.wrappers)} runs {call.program} in another folder")
        match call.program:
            case "pip" | "pip-sync":
                return python_pip.needs(reading)
            case "uv":
                return python_uv.needs(reading)
            case "poetry":
                return python_poetry.needs(reading)
            case "pipenv":
                return python_pipenv.needs(reading)
            case "pdm":
                return python_pdm.needs(reading)
            case "." | "source":
                return _activated(reading)
            case _:
                return _python(reading)
    except Unknowable as error:
        return Obstacle(str(error))


def _activated(reading: Reading) -> Needs | None:
    """`. venv/bin/activate` reads an environment that an earlier command made, and nothing of the project.

    Source: https://docs.python.org/3/library/venv.html#how-venvs-work
    """
    words = [word for word in reading.call.operands if word.raw.endswith("/bin/activate")]
    if not words or len(reading.call.operands) > 1:
        return None
    place = reading.view.path(word_text(words[0], reading).removesuffix("/bin/activate"))
    if place not in environments(reading):
        return None
    write_environments(reading, (place,))
    return reading.needs()


def _python(reading: Reading) -> Needs | None:
    """`python -m venv X` and `virtualenv X` read nothing, and write X; `python setup.py install` builds the project.

    Source: https://docs.python.org/3/library/venv.html
    """
    places = made(reading)
    if places is not None:
        check_surroundings(reading)
        write_environments(reading, places)
        return reading.needs()
    if reading.call.has("--version", "-V") and len(reading.call.statement.words) == 2:
        return Needs(reads=())
    words = [word.raw for word in reading.call.operands]
    if words and posixpath.basename(words[0]) == "setup.py" and _BUILDS.intersection(words):
        if reading.view.kind(words[0]) is None:
            raise Unknowable(f"what {reading.view.path(words[0])} reads is not known")
        raise Unknowable(f"{reading.where(words[0])} builds the project from its source")
    return None
