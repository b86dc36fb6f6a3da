"""What trivy, grype and syft say of both images, where they are installed: known vulnerabilities, and packages."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rewriter import knowledge
from rewriter.verify.engine import Engine
from rewriter.verify.engines.processes import Done, checked, run
from rewriter.verify.model import Scan
from rewriter.verify.trouble import Trouble

NAMES = ("trivy", "grype", "syft")
_SEVERITIES = ("critical", "high", "medium", "low", "unknown")
_VERSION = re.compile(rb"\d+\.\d+[\w.+-]*")
_COLORS = re.compile(r"\x1b\[[\d;]*m")
# In seconds; a program that only has to say its version.
_SHORT = 30.0


class _Unsaid(Exception):
    """A sentence that says why a scanner says nothing."""


def installed() -> tuple[str, ...]:
    """The scanners whose programs are on the PATH."""
    return tuple(name for name in NAMES if shutil.which(name))


def scan(engine: Engine, before: str, after: str, *, timeout: float) -> tuple[Scan, ...]:
    """What each scanner that is installed says of the images `before` and `after`, tags of `engine`; `timeout` is the
    limit for one scanner and one image. Of one that fails there is a note, and no counts.

    The engine saves each image as an archive, which all scanners read: so they need no way to the engine themselves.
    """
    said: dict[str, list[Mapping[str, Any]]] = {name: [] for name in installed()}
    notes: dict[str, str] = {}
    with TemporaryDirectory(prefix="dockerslim-") as folder:
        archive = Path(folder, "image.tar")
        for tag in (before, after) if said else ():
            try:
                _save(engine, tag, archive, timeout)
            except Trouble as trouble:
                notes = {name: f"{name} has no image to look at: {trouble}" for name in said}
                break
            for name in [name for name in said if name not in notes]:
                try:
                    said[name].append(_document(name, archive, timeout))
                except _Unsaid as reason:
                    notes[name] = str(reason)
            archive.unlink()
    return tuple(_scan(name, documents, notes.get(name, "")) for name, documents in said.items())


def _scan(name: str, documents: Sequence[Mapping[str, Any]], note: str) -> Scan:
    title = f"{name} {_version(name)}".strip()
    if note:
        return Scan(title, note=note)
    try:
        if name == "syft":
            before, after = map(_packages, documents)
            gone = tuple(f"{kind} {package} {before[kind, package]}" for kind, package in sorted(before.keys() - after))
            kept = tuple(_kept(*each, before[each], after[each]) for each in sorted(before.keys() & after))
            return Scan(title, packages_gone=gone, packages_kept=kept)
        first, second = (_counts(_severities(name, document)) for document in documents)
        return Scan(title, first, second)
    except (AttributeError, KeyError, TypeError) as error:
        return Scan(title, note=f"{name} prints JSON of another form than {title} is known for: {error!r}")


def _save(engine: Engine, tag: str, archive: Path, timeout: float) -> None:
    words = knowledge.table("scanners")["save"].get(engine.name.split()[0])
    if words is None:
        raise Trouble(f"{engine.name} cannot save it as an archive; take docker or podman")
    checked([word.format(archive=archive, image=tag) for word in words], timeout=timeout)


def _document(name: str, archive: Path, timeout: float) -> Mapping[str, Any]:
    """What the scanner prints of the image. Its exit code does not count: it may tell that there are findings."""
    entry = knowledge.table("scanners")[name]
    command = [name, *(word.format(archive=archive, seconds=round(timeout)) for word in entry["words"])]
    try:
        done = run(command, timeout=timeout, environment=dict([entry["quiet"].split("=")]))
    except Trouble as trouble:
        raise _Unsaid(str(trouble)) from None
    if done.late:
        raise _Unsaid(f"{name} has not ended after {timeout:g} s: try again, or allow more with --timeout")
    try:
        found = json.loads(done.out)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _Unsaid(_why(name, entry, done))
    return found


def _why(name: str, entry: Mapping[str, Any], done: Done) -> str:
    lines = [line.strip() for line in _COLORS.sub("", done.said).splitlines() if line.strip()]
    for line in lines:
        if "database" in entry and re.search(entry["database"], line, re.IGNORECASE):
            fetch = f"run `{entry['update']}` where there is a network, and try again"
            return f"{name} has no database of vulnerabilities: {fetch}. It says: {line}"
    return f"{name} could not read the image (exit code {done.exit_code}). It says: {lines[-1] if lines else 'nothing'}"


def _version(name: str) -> str:
    """The version that the program says; "" where it says none."""
    try:
        found = _VERSION.search(run([name, "--version"], timeout=_SHORT).out)
    except Trouble:
        return ""
    return found[0].decode() if found else ""


def _severities(name: str, document: Mapping[str, Any]) -> list[str]:
    """The severity of each vulnerability of each package, as the scanner writes it.

    Sources: https://github.com/aquasecurity/trivy/blob/main/pkg/types/report.go (`Results` is left out where there are
    none), https://github.com/anchore/grype/blob/main/grype/presenter/models/document.go
    """
    if name == "grype":
        return [match["vulnerability"].get("severity", "") for match in document["matches"]]
    if "SchemaVersion" not in document:
        raise KeyError("SchemaVersion")
    results = document.get("Results") or ()
    return [each.get("Severity", "") for result in results for each in result.get("Vulnerabilities") or ()]


def _counts(severities: Sequence[str]) -> dict[str, int]:
    """How many there are of each severity. What grype calls negligible, trivy calls low."""
    found = Counter("low" if each.lower() == "negligible" else each.lower() for each in severities)
    known = {severity: found.pop(severity, 0) for severity in _SEVERITIES}
    return {**known, "unknown": known["unknown"] + found.total()}


def _packages(document: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """The versions of the packages, by their kind and name; several of one, as npm has them, in one text.

    Source: https://github.com/anchore/syft/blob/main/syft/format/syftjson/model/package.go
    """
    found: dict[tuple[str, str], set[str]] = {}
    for each in document["artifacts"]:
        found.setdefault((each["type"], each["name"]), set()).add(each["version"])
    return {package: ", ".join(sorted(versions)) for package, versions in found.items()}


def _kept(kind: str, name: str, before: str, after: str) -> str:
    return f"{kind} {name} {before}" if before == after else f"{kind} {name} {before} → {after}"
