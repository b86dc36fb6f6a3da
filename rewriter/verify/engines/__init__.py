"""The engines that build and run images: one module each, behind the interface in `rewriter.verify.engine`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping

from rewriter.verify.engine import Engine
from rewriter.verify.engines.buildctl import find as find_buildctl
from rewriter.verify.engines.docker import find as find_docker
from rewriter.verify.engines.podman import find as find_podman
from rewriter.verify.engines.podman import find_buildah
from rewriter.verify.trouble import NoEngine

# The program of each engine has its name; they are looked for in this order.
_FIND: Mapping[str, Callable[[str | None, float], Engine]] = {
    "docker": lambda builder, timeout: find_docker(builder=builder, timeout=timeout),
    "podman": lambda _, timeout: find_podman(timeout=timeout),
    "buildah": lambda _, timeout: find_buildah(timeout=timeout),
    "buildctl": lambda _, timeout: find_buildctl(timeout=timeout),
}
NAMES = tuple(_FIND)


def find(name: str | None, *, builder: str | None = None, timeout: float) -> Engine:
    """The engine `name`, or the first that answers. `builder` is an existing builder of buildx, for docker; `timeout`
    is the limit of a build in seconds. Raises NoEngine with a sentence for each engine that was looked for."""
    reasons = []
    for candidate in (name,) if name else NAMES:
        if shutil.which(candidate) is None:
            reasons.append(f"{candidate}: it is not installed.")
            continue
        try:
            return _FIND[candidate](builder, timeout)
        except NoEngine as error:
            reasons.append(str(error))
    install = "" if name else " Install and start one of them: https://docs.docker.com/engine/install/ tells how."
    raise NoEngine(" ".join(reasons) + install)
