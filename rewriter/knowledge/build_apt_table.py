"""Builds `apt_packages/<release>.json`, the tables that `apt_packages` reads. Not imported by the product.

    python -m rewriter.knowledge.build_apt_table [--names FILE] [--mirror URL] [--keyring FILE] [release ...]

It needs a machine with apt: `apt-get update` fetches and verifies each release's own index (section main, amd64) into
a temporary folder; the apt of the machine itself is left alone. FILE holds the package names to know, one a line;
without it, they are the ones that the table at hand knows. The usual packages of `SECTIONS`, and whatever all of them
can pull in, are added.

What the fields of an index mean is written in deb-control(5) and Debian Policy, chapters 5 and 7.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path

TABLES = Path(__file__).parent / "apt_packages"
RELEASES = ("bullseye", "bookworm", "trixie")
SECTIONS = frozenset(("admin", "devel", "libdevel", "net", "utils", "vcs"))
# Families of many packages that hardly a Dockerfile asks for: they would make the tables twice as large.
_RARE = re.compile(r"(librust-|golang-|libghc-|lib.*-ocaml-dev|libkf|libkpim|qt6-|.*-doc$|.*(cross|linux-gnu|mingw))")
_PRIORITIES = ("required", "important", "standard", "optional", "extra")
_RELATION = re.compile(r"([a-z0-9][a-z0-9+.-]*)(?::([a-z0-9]+))?\s*(?:\((<<|<=|=|>=|>>)\s*([^)\s]+)\s*\))?\Z")

Clause = tuple[str, ...]
"""The packages of which one is wanted, in the order in which apt tries them."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One alternative of a dependency, or one name that is provided; `operator` and `version` are empty for any."""

    name: str
    operator: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """One paragraph of an index; `size` is Installed-Size, in kB (1,024 bytes)."""

    name: str
    version: str
    source: str
    section: str
    size: int
    priority: int
    essential: bool
    depends: tuple[tuple[Relation, ...], ...]
    recommends: tuple[tuple[Relation, ...], ...]
    provides: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A package with its relations resolved to packages that exist."""

    size: int
    depends: tuple[Clause, ...]
    recommends: tuple[Clause, ...]


def compare_versions(left: str, right: str) -> int:
    """Return a number below, at or above zero as `left` is older than, equal to or newer than `right`.

    The order is the one of deb-version(7): epoch, upstream version, revision.
    """
    for a, b in zip(_parts(left), _parts(right), strict=True):
        if order := _compare_part(a, b):
            return order
    return 0


def _parts(version: str) -> tuple[str, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return (epoch, upstream, revision) if dash else (epoch, rest, "0")


def _compare_part(left: str, right: str) -> int:
    while left or right:
        a, b = re.match(r"\D*", left), re.match(r"\D*", right)
        assert a
        assert b
        texts = [[_weight(c) for c in match[0]] + [0] for match in (a, b)]
        if texts[0] != texts[1]:
            return -1 if texts[0] < texts[1] else 1
        left, right = left[a.end() :], right[b.end() :]
        a, b = re.match(r"\d*", left), re.match(r"\d*", right)
        assert a
        assert b
        if number := int(a[0] or 0) - int(b[0] or 0):
            return number
        left, right = left[a.end() :], right[b.end() :]
    return 0


def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


def satisfied(wanted: Relation, version: str) -> bool:
    """Whether `version` meets the condition of `wanted`."""
    if not wanted.operator:
        return True
    order = compare_versions(version, wanted.version)
    match wanted.operator:
        case "<<":
            return order < 0
        case "<=":
            return order <= 0
        case "=":
            return order == 0
        case ">=":
            return order >= 0
        case _:
            return order > 0


def relations(field: str) -> tuple[tuple[Relation, ...], ...]:
    """Return the clauses of a relationship field. Alternatives of another architecture (`x:i386`) are left out."""
    clauses = []
    for clause in field.split(","):
        found = []
        for alternative in clause.split("|"):
            match = _RELATION.match(alternative.strip())
            if match and match[2] in (None, "any", "native", "amd64"):
                found.append(Relation(match[1], match[3] or "", match[4] or ""))
        if found:
            clauses.append(tuple(found))
    return tuple(clauses)


def read_index(lines: Iterable[str]) -> dict[str, Package]:
    """Return the packages of a Packages file by name, the newest version where one stands there twice."""
    index: dict[str, Package] = {}
    for fields in _paragraphs(lines):
        package = Package(
            name=fields["package"],
            version=fields["version"],
            source=fields.get("source", fields["package"]).split(" ")[0],
            section=fields.get("section", ""),
            size=int(fields.get("installed-size", "0")),
            priority=_PRIORITIES.index(fields.get("priority", "optional")),
            essential=fields.get("essential") == "yes",
            depends=relations(fields.get("pre-depends", "")) + relations(fields.get("depends", "")),
            recommends=relations(fields.get("recommends", "")),
            provides=tuple(clause[0] for clause in relations(fields.get("provides", ""))),
        )
        known = index.get(package.name)
        if known is None or compare_versions(known.version, package.version) < 0:
            index[package.name] = package
    return index


def _paragraphs(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.rstrip("\n").partition(":")
        if not name:
            if fields:
                yield fields
            fields = {}
        elif colon and not name.startswith((" ", "\t")):
            fields[name.lower()] = value.strip()
    if fields:
        yield fields


def usual(index: Mapping[str, Package]) -> set[str]:
    """Return the packages of `SECTIONS`, without the families that are rare in Dockerfiles."""
    return {p.name for p in index.values() if p.section in SECTIONS and not _RARE.match(p.name)}


def resolve(index: Mapping[str, Package]) -> tuple[dict[str, Node], dict[str, str]]:
    """Return each package with its clauses resolved, and the virtual packages that one package alone provides."""
    providers: dict[str, list[tuple[Package, str]]] = {}
    for package in index.values():
        for provided in package.provides:
            providers.setdefault(provided.name, []).append((package, provided.version))

    def choices(wanted: Relation, source: str) -> Iterator[str]:
        real = index.get(wanted.name)
        if real and satisfied(wanted, real.version):
            yield real.name
        able = [p for p, v in providers.get(wanted.name, ()) if not wanted.operator or (v and satisfied(wanted, v))]
        # As apt's CompareProviders does; where nothing else decides, the last one of the index comes first.
        able.sort(key=lambda p: p.name, reverse=True)
        able.sort(key=lambda p: (not p.essential, p.source != source, p.priority))
        yield from (p.name for p in able)

    def clauses(wanted: tuple[tuple[Relation, ...], ...], package: Package) -> tuple[Clause, ...]:
        found = (tuple(dict.fromkeys(c for r in clause for c in choices(r, package.source))) for clause in wanted)
        return tuple(dict.fromkeys(clause for clause in found if clause and package.name not in clause))

    nodes = {p.name: Node(p.size, clauses(p.depends, p), clauses(p.recommends, p)) for p in index.values()}
    virtual = {v: able[0][0].name for v, able in providers.items() if v not in index and len(able) == 1}
    return nodes, virtual


def base_set(index: Mapping[str, Package], nodes: Mapping[str, Node]) -> frozenset[str]:
    """Return what every Debian image holds: required and essential packages, apt, and what they depend on."""
    found = {p.name for p in index.values() if p.essential or p.priority == 0 or p.name == "apt"}
    # init-system-helpers of bookworm asks for `usrmerge | usr-is-merged`; debootstrap installs the second.
    found |= {"usr-is-merged"} & index.keys()
    todo = sorted(found)
    while todo:
        for clause in nodes[todo.pop()].depends:
            if found.isdisjoint(clause):
                found.add(clause[0])
                todo.append(clause[0])
    return frozenset(found)


def reachable(nodes: Mapping[str, Node], start: Iterable[str]) -> set[str]:
    """Return `start` and what can come with it, taking the first choice of each clause."""
    found: set[str] = set()
    todo = [name for name in start if name in nodes]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += (clause[0] for clause in nodes[name].depends + nodes[name].recommends)
    return found


def restrict(nodes: Mapping[str, Node], names: Iterable[str], base: Collection[str]) -> dict[str, Node]:
    """Return the part of the graph that `names` can reach, without the clauses that the base set meets."""
    kept = reachable(nodes, names) - set(base)

    def clauses(wanted: Iterable[Clause]) -> tuple[Clause, ...]:
        open_ = (clause for clause in wanted if not any(name in base for name in clause))
        return tuple(tuple(name for name in clause if name in kept) for clause in open_)

    return {
        name: Node(nodes[name].size, clauses(nodes[name].depends), clauses(nodes[name].recommends))
        for name in sorted(kept)
    }


def reduced(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Return the graph without the dependencies that follow from other ones; the closures stay the same."""
    single = {name: [c[0] for c in node.depends if len(c) == 1] for name, node in nodes.items()}
    for name, targets in single.items():
        for target in list(targets):
            targets.remove(target)
            if not _reaches(single, name, target):
                targets.append(target)
    result = {}
    for name, node in nodes.items():
        depends = tuple(c for c in node.depends if len(c) > 1 or c[0] in single[name])
        result[name] = replace(node, depends=depends, recommends=tuple(c for c in node.recommends if c not in depends))
    return result


def _reaches(edges: Mapping[str, Sequence[str]], start: str, target: str) -> bool:
    seen, todo = {start}, list(edges[start])
    while todo:
        name = todo.pop()
        if name == target:
            return True
        if name not in seen:
            seen.add(name)
            todo += edges[name]
    return False


def encode(nodes: Mapping[str, Node], base: Iterable[str], virtual: Mapping[str, str], about: Mapping[str, str]) -> str:
    """Return the table as JSON, with the names in one text and the packages in another, a line each: size in kB,
    depends, recommends.

    A package is meant by its place in the list, those that are meant most often first. Clauses are separated by
    commas, their alternatives by `|`.
    """
    uses = Counter(n for node in nodes.values() for c in node.depends + node.recommends for n in c)
    order = sorted(nodes, key=lambda name: (-uses[name], name))
    place = {name: str(number) for number, name in enumerate(order)}

    def written(clauses: tuple[Clause, ...]) -> str:
        return ",".join("|".join(place[name] for name in clause) for clause in clauses)

    table = {
        **about,
        "base": sorted(base),
        "virtual": {v: name for v, name in sorted(virtual.items()) if name in nodes},
        "names": " ".join(order),
        # One text is read several times as fast as a list of many.
        "packages": "\n".join(
            f"{nodes[name].size} {written(nodes[name].depends)} {written(nodes[name].recommends)}" for name in order
        ),
    }
    return json.dumps(table, indent=0, ensure_ascii=False) + "\n"


def build(index: Mapping[str, Package], names: Collection[str], about: Mapping[str, str]) -> str:
    """Return the table for `names` out of a whole index."""
    nodes, virtual = resolve(index)
    base = base_set(index, nodes)
    wanted = {virtual.get(name, name) for name in names} | usual(index)
    known_virtual = {v: name for v, name in virtual.items() if v in names}
    return encode(reduced(restrict(nodes, wanted, base)), base, known_virtual, about)


def fetch(release: str, mirror: str, keyring: str, folder: Path) -> tuple[Path, Mapping[str, str]]:
    """Return where apt stored the index of `release`, and the fields of its release file. Raises CalledProcessError."""
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [arch=amd64 signed-by={keyring}] {mirror} {release} main\n")
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Acquire::Languages": "none",
        "Acquire::GzipIndexes": "false",
        "APT::Sandbox::User": "",
        "APT::Update::Post-Invoke": "",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    environment = {**os.environ, "LC_ALL": "C"}
    subprocess.run(["apt-get", *options, "update", "--error-on=any"], check=True, env=environment, stdout=sys.stderr)
    lists = folder / "state" / "lists"
    head = next(lists.glob("*_InRelease")).read_text()
    return next(lists.glob("*_Packages")), dict(re.findall(r"^(Date|Version): (.+)$", head, re.MULTILINE))


def known_names(release: str) -> set[str]:
    """Return the names that the table at hand knows; for a release that has none yet, the ones of all tables."""
    own = TABLES / f"{release}.json"
    tables = [json.loads(path.read_text()) for path in ([own] if own.exists() else TABLES.glob("*.json"))]
    return {line.split(" ")[0] for t in tables for line in t["packages"]} | {v for t in tables for v in t["virtual"]}


def main() -> None:
    """Write the tables that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("releases", nargs="*", default=RELEASES, help="codenames of Debian releases")
    parser.add_argument("--names", type=Path, help="file with the package names to know, one a line")
    parser.add_argument("--mirror", default="https://deb.debian.org/debian")
    parser.add_argument("--keyring", default="/usr/share/keyrings/debian-archive-keyring.gpg")
    arguments = parser.parse_args()
    TABLES.mkdir(exist_ok=True)
    for release in arguments.releases:
        with tempfile.TemporaryDirectory() as folder:
            path, head = fetch(release, arguments.mirror, arguments.keyring, Path(folder))
            with path.open(encoding="utf-8") as lines:
                index = read_index(lines)
        names = set(arguments.names.read_text().split()) if arguments.names else known_names(release)
        about = {
            "source": f"Debian {release} ({head['Version']}), dists/{release}/main/binary-amd64/Packages",
            "release": release,
            "date": parsedate_to_datetime(head["Date"]).date().isoformat(),
            "builder": "rewriter/knowledge/build_apt_table.py",
        }
        (TABLES / f"{release}.json").write_text(build(index, names, about), encoding="utf-8")


if __name__ == "__main__":
    main()
