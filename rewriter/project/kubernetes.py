"""What the Kubernetes manifests of a repository say about the containers of a Dockerfile's image.

They are read line by line: Helm's templates are no YAML. A manifest counts where it names an image that is called like
the folder of the Dockerfile, its context, the repository or a service of a compose file that builds it; where the whole
repository is the context, one that names an image of anybody's, or leaves the name to Helm.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from rewriter.change import Evidence
from rewriter.project.builds import text_of
from rewriter.project.context import Project
from rewriter.project.discovery import above
from rewriter.project.services import services

# Folders in which manifests are kept by custom; Helm's charts: https://helm.sh/docs/topics/charts/
_FOLDERS = frozenset(
    ("k8s", "kubernetes", "kube", "deploy", "deployment", "deployments", "manifests", "charts", "chart", "helm")
)
_ENDINGS = (".yaml", ".yml", ".tpl")
_MOST = 300
_IMAGE = re.compile(r"^[ \t-]*image:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
# Source: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
_EXEC = re.compile(r"^[ \t-]*exec:[ \t]*\n[ \t]*command:[ \t]*(\[[^\]]*\]|(?:\n[ \t]*-[^\n]*)+)", re.MULTILINE)
_MOUNT = re.compile(r"^[ \t-]*mountPath:[ \t]*[\"']?(/[^\s\"'#]+)", re.MULTILINE)
# Volumes that hold what a program writes, and what gives them to its user.
# Source: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
_KEPT = re.compile(r"\b(?:persistentVolumeClaim|volumeClaimTemplates|hostPath):")
_GIVEN = re.compile(r"\b(?:fsGroup|runAsUser):[ \t]*[\"']?[\d{]")


def probes(project: Project) -> Iterator[tuple[str, Evidence]]:
    """The commands that are run inside the container beside the program, in words, each with its place."""
    for file, text in _manifests(project):
        for match in _EXEC.finditer(text):
            words = " ".join(re.findall(r"[^\s\[\],\"']+", re.sub(r"\n[ \t]*-", " ", match[1])))
            yield words, Evidence(f"healthcheck of a pod runs {words}", text.count("\n", 0, match.start(1)) + 1, file)


def mounts(project: Project) -> Iterator[tuple[str, Evidence]]:
    """The folders of the container that hold a volume which belongs to root: nothing gives it to the program's user."""
    for file, text in _manifests(project):
        if _KEPT.search(text) and not _GIVEN.search(text):
            for match in _MOUNT.finditer(text):
                line = text.count("\n", 0, match.start(1)) + 1
                yield match[1], Evidence(f"mounts {match[1]}", line, file)


@lru_cache(maxsize=16)  # a project is a snapshot
def _manifests(project: Project) -> tuple[tuple[str, str], ...]:
    if project.root is None:
        return ()
    root = Path(os.path.abspath(project.root))
    folders = list(above(root))
    names = {root.name, folders[-1].name, posixpath.basename(posixpath.dirname(project.dockerfile or ""))}
    names |= {service.name for service in services(project)}
    names |= {_called(str(service.values.get("image", ""))) for service in services(project)}
    found = []
    for path in islice((file for folder in folders for file in _files(folder)), _MOST):
        name = os.path.relpath(path, root)
        project.asked.add(name)
        text = text_of(path)
        whole = root == folders[-1]
        if any(_called(image) in names - {""} or (whole and _own(image)) for image in _IMAGE.findall(text)):
            found.append((name, text))
    return tuple(found)


def _called(image: str) -> str:
    """The last part of the name of an image."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _own(image: str) -> bool:
    """Whether an image is none of Docker's official ones, which have no slash in their names."""
    return "/" in image or "{{" in image


def _files(folder: Path) -> Iterator[Path]:
    """The manifests in those folders of `folder` that are for them."""
    try:
        chosen = sorted(entry for entry in folder.iterdir() if entry.name in _FOLDERS and not entry.is_symlink())
    except OSError:
        return
    for each in chosen:
        for path, below, names in islice(os.walk(each), _MOST):
            below[:] = sorted(name for name in below if name[0] != "." and name != "node_modules")
            yield from (Path(path) / name for name in sorted(names) if name.endswith(_ENDINGS))
