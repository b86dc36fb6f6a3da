"""What a real engine says of the golden cases: a rewrite loses nothing but caches, and BuildKit's checks are content.

A case with an (empty) file `build` beside its Dockerfile is built as it was and as it is expected. A line
`# syntax=…` is left out, so that nothing but packages comes from the network.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from rewriter import Outcome, Project, Source, rewrite

from . import engine
from .golden_cases import Case, cases

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("needs")]
CASES = cases()
BUILT = [case for case in CASES if (case.folder / "build").is_file()]

# Paths that a rewrite may empty, and that two builds of one Dockerfile fill differently: caches, and the logs of the
# build.
CACHES = re.compile(r"/var/(lib/apt/lists|cache|log)/.*|/root/\.(npm|cache)(/.*)?|.*/__pycache__(/.*)?")
# What is computed from the installed packages: it differs where packages are dropped on purpose.
DATABASES = re.compile(r"/var/lib/(dpkg|apt)/.*|/etc/ld\.so\.cache")
# The transforms that drop Debian packages on purpose; the first keeps those that the Dockerfile names.
KEEPS_NAMED, DROPS_NAMED = "apt-recommends-installed", "build-deps-kept"

# The size in bytes of what is copied twice in the cases, and of a layer's own overhead, at most.
_BLOCK = 65536

# The transform that mends a rule of https://docs.docker.com/reference/build-checks/. JSONArgsRecommended
# (shell-form-command) is left out, as many a shell is needed; the rules about secrets, ignored files and misspelt names
# can have none.
MENDED = {
    "ConsistentInstructionCasing": "casing",
    "ExposeProtoCasing": "casing",
    "FromAsCasing": "casing",
    "LegacyKeyValueFormat": "legacy-syntax",
    "MaintainerDeprecated": "legacy-syntax",
    "MultipleInstructionsDisallowed": "overridden-command",
    "NoEmptyContinuation": "blank-continuation",
    "RedundantTargetPlatform": "overridden-command",
    "StageNameCasing": "casing",
    "WorkdirRelativePath": "relative-workdir",
}


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_checks_of_buildkit_are_content(case: Case) -> None:
    """With the whole chain at the default level, what is left was declined, or is offered at a higher level.

    A case that cannot be built (its image is of another platform, say) could not be built before either.
    """
    result = rewrite(case.before, Project(case.folder)).after
    warnings = engine.check(result.text)
    assert warnings.error is None or engine.check(case.before).error is not None
    explained = _explained(result, Project(case.folder))
    assert [(rule, line) for rule, line in warnings.found if rule in MENDED and (rule, line) not in explained] == []


@pytest.mark.parametrize("case", BUILT, ids=[case.id for case in BUILT])
def test_only_caches_are_gone(case: Case, tmp_path: Path) -> None:
    old, new = (case.context(tmp_path / name, fixed=name == "after") for name in ("before", "after"))
    with engine.built(case.before, old) as before, engine.built(case.expected, new) as after:
        assert after.config == before.config
        assert after.labels == before.labels
        assert after.packages.items() <= before.packages.items()
        dropped = before.packages.keys() - after.packages.keys()
        assert not dropped - _may_drop(case, before)
        assert _differences(before, after, {name.removeprefix("deb ") for name in dropped}) == []
        # A second COPY holds the manifests once more.
        assert after.size <= before.size + _BLOCK * case.expected.count("COPY")


def _explained(source: Source, project: Project) -> set[tuple[str, int]]:
    """The (rule, line) pairs for which the transform says why it leaves `source` as it is."""
    return {
        (rule, line)
        for finding in rewrite(source.text, project).of(Outcome.DECLINED, Outcome.OFFERED)
        for rule, transform in MENDED.items()
        if finding.transform == transform
        for line in range(source.line(finding.span.start), source.line(finding.span.end) + 1)
    }


def _may_drop(case: Case, before: engine.Image) -> set[str]:
    """The packages of `before` that the rewrite of `case` may drop."""
    changing = {finding.transform for finding in case.rewrite(case.before).of(Outcome.CHANGED)}
    debian = {name for name in before.packages if name.startswith("deb ")}
    if DROPS_NAMED in changing:
        return debian
    named = {f"deb {word}" for word in case.expected.split()}
    return debian - named if KEEPS_NAMED in changing else set()


def _differences(before: engine.Image, after: engine.Image, dropped: set[str]) -> list[str]:
    """What differs between the file systems, but for caches and the files of the `dropped` Debian packages."""
    gone = {_real(path, before) for package in dropped for path in before.owned[package]}
    found = []
    for path in sorted(before.files.keys() | after.files.keys()):
        old, new = before.files.get(path), after.files.get(path)
        steady = not CACHES.fullmatch(path) and not (dropped and DATABASES.fullmatch(path))
        if old is None:
            if steady and not path.endswith("/.dockerignore"):
                found.append(f"{path} is new: {new}")
        elif new is None:
            if steady and not gone & {path, *_targets(path, before)}:
                found.append(f"{path} is gone")
        elif (old if steady else replace(old, content="")) != (new if steady else replace(new, content="")):
            found.append(f"{path} was {old}, is {new}")
    return found


def _real(path: str, image: engine.Image) -> str:
    """`path` as the file system has it: Debian's /bin, /lib and /sbin are links into /usr."""
    top = "/".join(path.split("/")[:2])
    link = image.files.get(top)
    return f"/{link.content}{path[len(top) :]}" if link and link.content == f"usr{top}" else path


def _targets(path: str, image: engine.Image) -> set[str]:
    """Where the absolute link `path` leads, over other links: the files behind Debian's alternatives."""
    found: set[str] = set()
    while (file := image.files.get(path)) and file.content.startswith("/") and file.content not in found:
        path = file.content
        found.add(path)
    return found
