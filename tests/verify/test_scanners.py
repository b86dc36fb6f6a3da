"""What scanners say of both images.

The real trivy, grype and syft were not at hand. The programs here are small scripts in their place, which check the
words that they are called with and print JSON in the form that the sources of the real ones (August 2026) define:
trivy's pkg/types/report.go, grype's presenter/models, syft's format/syftjson/model.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from rewriter.verify import scanners
from rewriter.verify.engine import Engine
from rewriter.verify.engines import find
from rewriter.verify.model import Scan
from rewriter.verify.scanners import installed, scan

Add = Callable[[str, str], None]


def trivy(*severities: str) -> dict[str, Any]:
    """A report of trivy. A target without findings has no `Vulnerabilities`, a report without targets no `Results`."""
    found = [
        {
            "VulnerabilityID": f"CVE-2026-{at}",
            "PkgID": "openssl@3.0.11-1",
            "PkgName": "openssl",
            "InstalledVersion": "3.0.11-1",
            "Status": "affected",
            "Severity": severity,
        }
        for at, severity in enumerate(severities)
    ]
    results = [
        {"Target": "image.tar (debian 12.5)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": found},
        {"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg"},
    ]
    report = {"SchemaVersion": 2, "ArtifactName": "image.tar", "ArtifactType": "container_image", "Metadata": {}}
    return {**report, "Results": results} if severities else report


def grype(*severities: str) -> dict[str, Any]:
    """A report of grype."""
    matches = [
        {
            "vulnerability": {"id": f"CVE-2026-{at}", "dataSource": "", "severity": severity, "urls": [], "cvss": []},
            "relatedVulnerabilities": [{"id": f"CVE-2026-{at}", "severity": "Critical"}],
            "matchDetails": [],
            "artifact": {"name": "openssl", "version": "3.0.11-1", "type": "deb"},
        }
        for at, severity in enumerate(severities)
    ]
    return {"matches": matches, "source": None, "distro": {}, "descriptor": {"name": "grype", "version": "0.87.0"}}


def syft(*packages: str) -> dict[str, Any]:
    """A report of syft, of packages written `deb curl 7.88`."""
    names = ("type", "name", "version")
    artifacts = [{"id": str(at), **dict(zip(names, each.split(), strict=True))} for at, each in enumerate(packages)]
    return {"artifacts": artifacts, "artifactRelationships": [], "source": {}, "descriptor": {"name": "syft"}}


class Saves:
    """Stands for an engine: what is asked of it here is its name."""

    def __init__(self, name: str = "docker 28.5.2") -> None:
        self.name = name


def engine(name: str = "docker 28.5.2") -> Engine:
    return cast(Engine, Saves(name))


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Puts a program in Python on the PATH, which else holds nothing but a docker that saves a tag as its archive."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def put(name: str, code: str) -> None:
        (folder / name).write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{code}")
        (folder / name).chmod(0o755)

    put(
        "docker",
        "assert sys.argv[1:3] == ['image', 'save'], sys.argv\n"
        "open(sys.argv[3].removeprefix('--output='), 'w').write(sys.argv[4])\n",
    )
    return put


def scanner(name: str, words: str, before: object, after: object) -> str:
    """A program that says its version, and one of two documents for the archives of the tags a:1 and b:1."""
    return f"""
words = sys.argv[1:]
if words == ["--version"]:
    print({"Version: 0.57.0" if name == "trivy" else f"{name} 1.18.0"!r})
    sys.exit()
archive = next(word for word in words if word.endswith("image.tar")).replace("=", ":").rpartition(":")[2]
assert " ".join(words).replace(archive, "ARCHIVE") == {words!r}, words
assert os.environ.get({f"{name.upper()}_CHECK_FOR_APP_UPDATE"!r}) == ({name!r} != "trivy" and "false" or None)
print("\\x1b[32mlooking\\x1b[0m", file=sys.stderr)
said = {{"a:1": {json.dumps(before)!r}, "b:1": {json.dumps(after)!r}}}
print(said[open(archive).read()])
sys.exit(1)  # as some are told to, where there are findings
"""


TRIVY = "image --input=ARCHIVE --scanners=vuln --format=json --no-progress --exit-code=0 --timeout=60s"
GRYPE = SYFT = "docker-archive:ARCHIVE --output=json"


def test_nothing_is_installed(add: Add) -> None:
    assert installed() == ()
    assert scan(engine("nothing is asked of it"), "a:1", "b:1", timeout=60) == ()


def test_vulnerabilities_by_severity(add: Add, tmp_path: Path) -> None:
    add("trivy", scanner("trivy", TRIVY, trivy("CRITICAL", "HIGH", "HIGH", "MEDIUM", "LOW", "UNKNOWN"), trivy()))
    add("grype", scanner("grype", GRYPE, grype("Critical", "Negligible", "Low", "Unknown", "", "Odd"), grype("High")))
    none = dict.fromkeys(("critical", "high", "medium", "low", "unknown"), 0)
    assert scan(engine(), "a:1", "b:1", timeout=60) == (
        Scan("trivy 0.57.0", {"critical": 1, "high": 2, "medium": 1, "low": 1, "unknown": 1}, none),
        Scan("grype 1.18.0", {**none, "critical": 1, "low": 2, "unknown": 3}, {**none, "high": 1}),
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin"]


def test_packages(add: Add) -> None:
    before = syft("deb gcc 12", "deb curl 7.88", "python flask 3.0", "npm ms 2.0", "npm ms 2.1", "npm ts 5")
    after = syft("python flask 3.1", "npm ms 2.1", "npm ms 2.0", "deb curl 7.88", "deb new 1")
    add("syft", scanner("syft", SYFT, before, after))
    assert scan(engine(), "a:1", "b:1", timeout=60) == (
        Scan(
            "syft 1.18.0",
            packages_gone=("deb gcc 12", "npm ts 5"),
            packages_kept=("deb curl 7.88", "npm ms 2.0, 2.1", "python flask 3.0 → 3.1"),
        ),
    )


def only(found: tuple[Scan, ...]) -> str:
    """The note of the one scan that has nothing else."""
    (one,) = found
    assert one == Scan(one.scanner, note=one.note)
    return one.note


FATAL = (
    "2026-08-20T10:00:00Z\tFATAL\tFatal error\trun error: init error: DB error: failed to download vulnerability DB: "
    "OCI artifact error: Get https://mirror.gcr.io/v2/: dial tcp: lookup mirror.gcr.io: no such host"
)


@pytest.mark.parametrize(
    ("name", "code", "note"),
    [
        (
            "trivy",
            f"print({'INFO [vulndb] Need to update DB'!r}, file=sys.stderr); sys.exit({FATAL!r})",
            "trivy has no database of vulnerabilities: run `trivy image --download-db-only` where there is a network, "
            f"and try again. It says: {FATAL}",
        ),
        (
            "grype",
            "sys.exit('[0000] \\x1b[31mERROR\\x1b[0m failed to load vulnerability db: database does not exist')",
            "grype has no database of vulnerabilities: run `grype db update` where there is a network, and try again. "
            "It says: [0000] ERROR failed to load vulnerability db: database does not exist",
        ),
        ("syft", "sys.exit('out of luck')", "syft could not read the image (exit code 1). It says: out of luck"),
        ("syft", "", "syft could not read the image (exit code 0). It says: nothing"),
        ("syft", "print('[1]')", "syft could not read the image (exit code 0). It says: [1]"),
        (
            "trivy",
            "print('{}')",
            "trivy prints JSON of another form than trivy is known for: KeyError('SchemaVersion')",
        ),
        ("grype", "print('{}')", "grype prints JSON of another form than grype is known for: KeyError('matches')"),
        ("syft", "print('{}')", "syft prints JSON of another form than syft is known for: KeyError('artifacts')"),
        (
            "grype",
            "print('{\"matches\": [3]}')",
            "grype prints JSON of another form than grype is known for: "
            "TypeError(\"'int' object is not subscriptable\")",
        ),
    ],
)
def test_one_that_fails_is_a_note(add: Add, name: str, code: str, note: str) -> None:
    add(name, f"if sys.argv[1:] == ['--version']: sys.exit()\n{code}")
    assert only(scan(engine(), "a:1", "b:1", timeout=60)) == note


def test_one_that_fails_leaves_the_other(add: Add) -> None:
    add("trivy", "sys.exit('broken')")
    add("syft", scanner("syft", SYFT, syft("deb a 1"), syft("deb a 1")))
    found = scan(engine(), "a:1", "b:1", timeout=60)
    assert found == (
        Scan("trivy", note="trivy could not read the image (exit code 1). It says: broken"),
        Scan("syft 1.18.0", packages_kept=("deb a 1",)),
    )


def test_one_that_cannot_be_started(add: Add, tmp_path: Path) -> None:
    (tmp_path / "bin" / "trivy").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "bin" / "trivy").chmod(0o755)
    assert only(scan(engine(), "a:1", "b:1", timeout=60)).startswith("trivy cannot be started: Exec format error")


def test_one_that_hangs_is_ended(add: Add, tmp_path: Path) -> None:
    note = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))"
    add("syft", f"if '--version' in sys.argv: sys.exit()\n{note}\ntime.sleep(600)")
    said = only(scan(engine(), "a:1", "b:1", timeout=1))
    assert said == "syft has not ended after 1 s: try again, or allow more with --timeout"
    assert not Path("/proc", (tmp_path / "pid").read_text()).exists()


def test_an_image_that_cannot_be_saved(add: Add, tmp_path: Path) -> None:
    add("grype", "sys.exit('is not reached')")
    add("docker", "sys.exit('Error response from daemon: reference does not exist')")
    said = only(scan(engine(), "a:1", "b:1", timeout=60))
    assert said.startswith("grype has no image to look at: ")
    assert "reference does not exist" in said
    said = only(scan(engine("buildctl 0.17"), "a:1", "b:1", timeout=60))
    assert said == ("grype has no image to look at: buildctl 0.17 cannot save it as an archive; take docker or podman")


# A program that looks into the archive: all that is known of a real scanner's way to it is its form.
LOOKS = """
import tarfile
with tarfile.open(sys.argv[1].removeprefix("docker-archive:")) as archive:
    (image,) = json.load(archive.extractfile("manifest.json"))
    names = archive.getnames()
    assert all(layer in names for layer in image["Layers"]), names
print(json.dumps({"artifacts": [{"type": "layer", "name": str(len(image["Layers"])), "version": "1"}]}))
"""


@pytest.mark.engine
@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_a_real_engine_saves_an_archive(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    found = find(name, timeout=300)
    if found.base_ids(("busybox:latest",)) == ("",):
        pytest.skip(f"{name} lacks busybox:latest")
    (tmp_path / "syft").write_text(f"#!{sys.executable}\nimport json, sys\n{LOOKS}")
    (tmp_path / "syft").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(scanners, "NAMES", ("syft",))
    (said,) = scan(found, "busybox:latest", "busybox:latest", timeout=60)
    assert not said.note
    assert len(said.packages_kept) == 1
