"""The packages that an image says are installed in it: Debian's and Alpine's, Python's, Node's, Ruby's and PHP's.

A package is known by what its manager writes down, which `WANTED` finds by its path; nothing is run in the image.
"""

from __future__ import annotations

import csv
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.metadata import parse_email
from packaging.utils import canonicalize_name

from rewriter.verify.contents.tree import Tree, normal, within

# Sources: dpkg(1) FILES, https://github.com/GoogleContainerTools/distroless/blob/main/PACKAGE_METADATA.md,
# https://wiki.alpinelinux.org/wiki/Apk_spec, https://packaging.python.org/en/latest/specifications/recording-installed-packages/,
# https://docs.npmjs.com/cli/v10/configuring-npm/folders, https://guides.rubygems.org/specification-reference/,
# https://getcomposer.org/doc/07-runtime.md
WANTED = re.compile(
    r"/var/lib/dpkg/(?:status|status\.d/[^/]+|info/[^/]+\.list)\Z"
    r"|/(?:usr/)?lib/apk/db/installed\Z"
    r"|.*/[^/]+\.(?:dist|egg)-info/(?:METADATA|RECORD|PKG-INFO|installed-files\.txt)\Z"
    r"|.*/node_modules/(?:@[^/]+/)?[^/@.][^/]*/package\.json\Z"
    r"|.*/specifications/(?:default/)?[^/]+\.gemspec\Z"
    r"|.*/vendor/composer/installed\.json\Z",
    re.DOTALL,
)
_GEM = re.compile(r"# stub: (\S+) (\S+)")
# Files of a package's own that stand under its name in the manager's folder.
_DPKG_INFO = "/var/lib/dpkg/info/"
# The order in which they own a file that two of them name: what Debian packaged is Debian's.
_MANAGERS = ("deb", "apk", "pip", "gem", "composer", "npm")


@dataclass(frozen=True, eq=False, slots=True)
class Package:
    """An installed package. `root` is the folder that its kind is installed in (`…/site-packages`,
    `/app/node_modules`), "" for the system's; everything in `folders` is its own, and so are `files`. `needs` are what
    it declares to need, as it writes that (`Requires-Dist`, the names of `dependencies`)."""

    manager: str
    name: str
    version: str
    root: str = ""
    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def system(self) -> bool:
        """Whether it is the distribution's, which sees to it that it is complete."""
        return self.manager in ("deb", "apk")


def installed(tree: Tree, texts: Mapping[str, bytes]) -> tuple[Package, ...]:
    """The packages of the file system `tree`; `texts` are the contents of its files that `WANTED` matches."""
    read = {path: data.decode("utf-8", "replace") for path, data in texts.items()}
    found = [*_debian(tree, read), *_alpine(tree, read)]
    for path in read:
        name = posixpath.basename(path)
        if name in ("METADATA", "PKG-INFO"):
            found += _python(path, read)
        elif name == "package.json":
            found += _node(path, read[path])
        elif name.endswith(".gemspec"):
            found += _ruby(path, read[path])
        elif name == "installed.json":
            found += _php(path, read[path])
    return tuple(sorted(found, key=lambda package: (_MANAGERS.index(package.manager), package.name, package.root)))


def owners(tree: Tree, packages: Iterable[Package]) -> dict[str, Package]:
    """Which package each path of `tree` belongs to. A package inside another one of its kind (the `node_modules` of a
    module) belongs to the outer one."""
    owned: dict[str, Package] = {}
    folders: dict[str, Package] = {}
    for package in packages:
        for path in package.files:
            if path in tree.files:
                owned.setdefault(path, package)
        for folder in package.folders:
            folders.setdefault(folder, package)
    outermost: dict[str, Package | None] = {"/": None}

    def owner(folder: str) -> Package | None:
        if folder not in outermost:
            outermost[folder] = owner(posixpath.dirname(folder)) or folders.get(folder)
        return outermost[folder]

    for path in tree.files:
        if path not in owned and (found := owner(path) or owned.get(_source(path))):
            owned[path] = found
    return owned


def _source(path: str) -> str:
    """The file that a file of compiled Python was made of, where it is one. Source: PEP 3147."""
    folder, cached, name = path.rpartition("/__pycache__/")
    return f"{folder}/{name.partition('.')[0]}.py" if cached else ""


def _debian(tree: Tree, texts: Mapping[str, str]) -> Iterator[Package]:
    files = {path.removesuffix(".list"): text for path, text in texts.items() if path.startswith(_DPKG_INFO)}
    notes: dict[str, list[str]] = {}
    for path in tree.files:
        if path.startswith(_DPKG_INFO):
            notes.setdefault(posixpath.splitext(path)[0], []).append(path)
    for path, text in texts.items():
        if path != "/var/lib/dpkg/status" and not path.startswith("/var/lib/dpkg/status.d/"):
            continue
        sums = texts.get(f"{path}.md5sums", "")
        for about in _paragraphs(text):
            name, status = about.get("Package"), about.get("Status", "installed")
            if name is None or "installed" not in status.split():
                continue
            paths = [line.partition("  ")[2] for line in sums.splitlines()]
            known = [path] if sums else []
            for base in (f"{_DPKG_INFO}{name}", f"{_DPKG_INFO}{name}:{about.get('Architecture')}"):
                paths += files.get(base, "").splitlines()
                known += notes.get(base, [])
            places = {place for path in paths if _no_folder(tree, place := tree.placed(path))}
            yield Package("deb", name, about.get("Version", ""), files=(*sorted(places), *known))


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    """The fields of each paragraph, without those that span several lines. Source: deb822(5)."""
    for paragraph in text.split("\n\n"):
        yield {
            name: value.strip()
            for line in paragraph.splitlines()
            if line[:1] not in (" ", "\t") and (name := line.partition(":")[0]) and (value := line.partition(":")[2])
        }


def _no_folder(tree: Tree, path: str) -> bool:
    """Whether `path` is a package's own: each also names the folders above its files, of which those in / may be links.

    Source: https://wiki.debian.org/UsrMerge
    """
    entry = tree.files.get(path)
    return entry is not None and entry.kind != "folder" and posixpath.dirname(path) != "/"


def _alpine(tree: Tree, texts: Mapping[str, str]) -> Iterator[Package]:
    for path in ("/lib/apk/db/installed", "/usr/lib/apk/db/installed"):
        for paragraph in texts.get(path, "").split("\n\n"):
            about: dict[str, str] = {}
            folder, files = "", []
            for line in paragraph.splitlines():
                letter, _, value = line.partition(":")
                match letter:
                    case "F":
                        folder = value
                    case "R":
                        files.append(tree.placed(f"/{folder}/{value}"))
                    case _:
                        about[letter] = value
            if "P" in about:
                yield Package("apk", about["P"], about.get("V", ""), files=tuple(files))


def _python(path: str, texts: Mapping[str, str]) -> Iterator[Package]:
    folder = posixpath.dirname(path)
    root = posixpath.dirname(folder)
    about, _ = parse_email(texts[path].replace("\r\n", "\n").partition("\n\n")[0])
    if not (name := about.get("name")):
        return
    files = [normal(posixpath.join(root, file)) for file in _record(texts.get(f"{folder}/RECORD", ""))]
    # What setuptools wrote before there were wheels is relative to the folder of the metadata.
    old = texts.get(f"{folder}/installed-files.txt", "").splitlines()
    files += [normal(posixpath.join(folder, file)) for file in old]
    needs = tuple(about.get("requires_dist", ()))
    yield Package("pip", canonicalize_name(name), about.get("version", ""), root, (folder,), tuple(files), needs)


def _record(text: str) -> list[str]:
    """The files that a RECORD lists; none where it is damaged."""
    try:
        return [row[0] for row in csv.reader(text.splitlines()) if row]
    except csv.Error:
        return []


def _node(path: str, text: str) -> Iterator[Package]:
    about = json_object(text)
    folder = posixpath.dirname(path)
    name = folder.rpartition("/node_modules/")[2]
    root = path[: path.index("/node_modules/")] + "/node_modules"
    version = about.get("version")
    if isinstance(version, str):
        yield Package("npm", name, version, root, (folder,), needs=dependencies(about))


def dependencies(about: Mapping[str, Any]) -> tuple[str, ...]:
    """The modules that the package.json `about` says are needed when the package runs; an optional one is not.

    Source: https://docs.npmjs.com/cli/v10/configuring-npm/package-json#optionaldependencies
    """
    needed, optional = (_object(about.get(name)) for name in ("dependencies", "optionalDependencies"))
    return tuple(name for name in needed if name not in optional)


def _ruby(path: str, text: str) -> Iterator[Package]:
    stub = _GEM.search(text)
    if stub is None:
        return
    root = path[: path.rindex("/specifications/")]
    full = posixpath.basename(path).removesuffix(".gemspec")
    files = (path, f"{root}/cache/{full}.gem", f"{root}/build_info/{full}.info")
    yield Package("gem", stub[1], stub[2], root, (f"{root}/gems/{full}", f"{root}/doc/{full}"), files)


def _php(path: str, text: str) -> Iterator[Package]:
    data = _json_value(text)
    listed = data.get("packages") if isinstance(data, dict) else data  # Composer 1 writes the list alone
    here = posixpath.dirname(path)
    root = posixpath.dirname(here)
    for about in listed if isinstance(listed, list) else ():
        if isinstance(about, dict) and isinstance(name := about.get("name"), str):
            place = about.get("install-path") or f"../{name}"
            folder = normal(posixpath.join(here, str(place)))
            if within(folder, root):
                yield Package("composer", name, str(about.get("version", "")), root, (folder,))


def _json_value(text: str) -> Any:
    """The value of a JSON text; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def json_object(text: str) -> dict[str, Any]:
    """The object of a JSON text; an empty one where it is something else."""
    return _object(_json_value(text))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
