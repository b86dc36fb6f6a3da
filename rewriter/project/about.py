"""What a project says about itself in its manifest: name, description, licence, address, authors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rewriter.project.context import Project, Unfit
from rewriter.project.manifests import json_object, line_of, toml, xml
from rewriter.project.needs import Place, View

# Source: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
_SPDX = re.compile(r"\(?[A-Za-z0-9.+-]{2,40}(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]{2,40}){0,4}\)?\Z")
_SHORT = re.compile(r"(?:(github|gitlab|bitbucket):)?([\w.-]+/[\w.-]+)\Z")
_HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
_LONGEST = 300
# What the tools that begin a project write for want of a description, and nobody has replaced.
# Sources: https://github.com/fastify/fastify-cli (generate), https://docs.astral.sh/uv/reference/cli/#uv-init,
# https://start.spring.io
_TEMPLATES = re.compile(
    r"(?i)\bbootstrapped with\b|\Aadd your description here|\Ademo project for spring boot|\Aa new project\b"
)


@dataclass(frozen=True, slots=True)
class About:
    """What the manifest `file` says: `facts` are in the words of OCI's annotations (`title`, `source` …), `lines` are
    the lines in which they stand, as far as those are known."""

    file: str
    facts: Mapping[str, str]
    lines: Mapping[str, int]


def about(project: Project) -> About | None:
    """What the only manifest in the context's root says about the project; None where there is none or several.

    Source: https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    files = [name for name in _READERS if project.kind(name) == "file"]
    if len(files) != 1:
        return None
    view = View(project, (Place(".", "/"),), "/")
    try:
        found = dict(_READERS[files[0]](view, files[0]))
        text = view.text(files[0])
    except Unfit:
        return None
    facts = {key: said for key, value in found.items() if (said := _said(key, value))}
    if facts.get("licenses") == "ISC" and not _has_licence(project, "ISC"):
        del facts["licenses"]  # what `npm init` writes where nobody has chosen
    if facts.get("url", "").startswith(facts.get("source", "\0")):
        del facts["url"]
    lines = {key: line for key, value in facts.items() if (line := line_of(text, re.escape(value[:60])))}
    return About(files[0], facts, lines)


def _has_licence(project: Project, name: str) -> bool:
    """Whether a licence in the context's root names itself so."""
    for file in project.names():
        if file.lower().startswith(("licen", "copying")) and name.encode() in (project.head(file, 4000) or b""):
            return True
    return False


def _said(key: str, value: object) -> str:
    """`value` as a label takes it; "" where it cannot be one."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or len(text) > _LONGEST or "${" in text or not text.isprintable():
        return ""
    if key == "description" and _TEMPLATES.search(text):
        return ""
    if key == "licenses":
        return text if _SPDX.match(text) and text not in ("UNLICENSED", "proprietary") else ""
    if key == "source":
        return _address(text)
    return text if key != "url" or text.startswith(("http://", "https://")) else ""


def _address(text: str) -> str:
    """The address of a repository, for a browser. Source: https://docs.npmjs.com/cli/v11/configuring-npm/package-json"""
    if match := _SHORT.match(text):
        return f"https://{_HOSTS[match[1] or 'github']}/{match[2]}"
    text = re.sub(r"\A(?:git\+)?(?:ssh://)?git@([\w.-]+)[:/]", r"https://\1/", text)
    text = re.sub(r"\Agit(?:\+https?)?://", "https://", text).removesuffix(".git")
    return text if re.match(r"https?://[\w.-]+/", text) and "@" not in text else ""


def _package_json(view: View, name: str) -> Iterator[tuple[str, object]]:
    data = json_object(view, name)
    repository = data.get("repository")
    yield "title", data.get("name")
    yield "description", data.get("description")
    yield "url", data.get("homepage")
    yield "source", repository.get("url") if isinstance(repository, dict) else repository
    yield "licenses", data.get("license")
    yield "authors", _person(data.get("author"))


def _pyproject(view: View, name: str) -> Iterator[tuple[str, object]]:
    data = toml(view, name)
    project = data.get("project") or _table(data.get("tool")).get("poetry")
    project = _table(project)
    urls = {str(key).lower(): value for key, value in _table(project.get("urls")).items()}
    licence = project.get("license")
    yield "title", project.get("name")
    yield "description", project.get("description")
    yield "url", project.get("homepage") or urls.get("homepage")
    yield "source", project.get("repository") or urls.get("repository") or urls.get("source")
    yield "licenses", licence.get("text") if isinstance(licence, dict) else licence
    yield "authors", _people(project.get("authors"))


def _cargo(view: View, name: str) -> Iterator[tuple[str, object]]:
    package = _table(toml(view, name).get("package"))
    yield "title", package.get("name")
    yield "description", package.get("description")
    yield "url", package.get("homepage")
    yield "source", package.get("repository")
    yield "licenses", package.get("license")
    yield "authors", _people(package.get("authors"))


def _composer(view: View, name: str) -> Iterator[tuple[str, object]]:
    data = json_object(view, name)
    yield "title", data.get("name")
    yield "description", data.get("description")
    yield "url", data.get("homepage")
    yield "source", _table(data.get("support")).get("source")
    yield "licenses", data.get("license")
    yield "authors", _people(data.get("authors"))


def _pom(view: View, name: str) -> Iterator[tuple[str, object]]:
    root = xml(view, name)
    yield "title", root.findtext("name") or root.findtext("artifactId")
    yield "description", root.findtext("description")
    yield "url", root.findtext("url")
    yield "source", root.findtext("scm/url")
    yield "licenses", root.findtext("licenses/license/name")


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _people(value: object) -> str | None:
    people = [_person(each) for each in value] if isinstance(value, list) else []
    return ", ".join(each for each in people if each) or None


def _person(value: object) -> str | None:
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        mail = value.get("email")
        return f"{value['name']} <{mail}>" if isinstance(mail, str) and mail else str(value["name"])
    return re.sub(r"\s*\(https?://[^)]*\)", "", value) if isinstance(value, str) and len(value) <= _LONGEST else None


_READERS: dict[str, Callable[[View, str], Iterator[tuple[str, object]]]] = {
    "package.json": _package_json,
    "pyproject.toml": _pyproject,
    "Cargo.toml": _cargo,
    "composer.json": _composer,
    "pom.xml": _pom,
}
