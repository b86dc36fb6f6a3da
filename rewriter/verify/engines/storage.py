"""What a build by podman or buildah leaves in the store when it is killed: containers, processes, folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rewriter.verify.engines.client import ASKING, Client
from rewriter.verify.engines.processes import run

# https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md: big files go there, which /tmp may not hold.
_BIG = "/var/tmp"
# The runtimes of containers.conf(5); only one of them knows a container.
_RUNTIMES = ("crun", "runc")


@dataclass(frozen=True, slots=True)
class Store:
    """The store of images and containers: `root` is its folder, None where it is on another machine."""

    root: Path | None
    driver: str

    def userdata(self) -> Iterator[Path]:
        """What buildah keeps of each container of a build.

        Source: https://github.com/containers/buildah/blob/main/buildah.go
        """
        if self.root is not None:
            yield from self.root.glob(f"{self.driver}-containers/*/userdata/buildah.json")


class Leftovers:
    """Knows the builds of one engine object by a `mark`, and ends what is left of those that were killed.

    A host name is the one option of a build that buildah writes down with the container of each step, and that is not
    seen in the image: by it the containers of others are told apart.
    """

    def __init__(self, builder: Client, store: Store, mark: str) -> None:
        self._builder = builder
        self._store = store
        self._mark = mark

    @cached_property
    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{self._mark}-", dir=os.environ.get("TMPDIR", _BIG))).resolve()

    @property
    def environment(self) -> Mapping[str, str]:
        """For the processes of a build."""
        return {"TMPDIR": str(self._folder)}

    @property
    def words(self) -> tuple[str, ...]:
        """For the command of a build."""
        return (f"--add-host={self._mark}:127.0.0.1",)

    def containers(self) -> list[str]:
        """The ids of the containers that are left."""
        found = []
        for path in self._store.userdata():
            with suppress(OSError):  # one of a build that goes on, and ends now
                if f'"{self._mark}:127.0.0.1"' in path.read_text("utf-8"):
                    found.append(path.parent.parent.name)
        return found

    def remove(self) -> None:
        """End and remove all of it."""
        if "_folder" not in self.__dict__:
            return
        self._end_processes()
        for runtime in _RUNTIMES:
            if shutil.which(runtime):
                self._end_containers(runtime)
        # It is not podman's own container, and so wants force; buildah knows no such word.
        force = ("--force",) if self._builder.program == "podman" else ()
        for container in self.containers():
            self._builder.try_to("rm", *force, container)
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._folder.exists():  # some of it belongs to other users of a rootless store
            run(as_owner(self._builder, "rm", "-rf", str(self._folder)), timeout=ASKING)
        del self._folder  # the next build makes one of its own

    def _end_processes(self) -> None:
        """End the processes of builds: some are in sessions of their own, but all have the folder in their environment.
        The programs of steps do not."""
        name = f"TMPDIR={self._folder}".encode()
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):  # another user's, or it has ended
                if name in environment.read_bytes().split(b"\0"):
                    os.kill(int(environment.parent.name), signal.SIGKILL)

    def _end_containers(self, runtime: str) -> None:
        """End the programs of steps, which the runtime has started with files in the folder."""
        listed = run(as_owner(self._builder, runtime, "list", "--format=json"), timeout=ASKING)
        for container in json.loads(listed.out or b"[]") or () if listed.ok else ():
            if container["bundle"].startswith(f"{self._folder}/"):
                run(as_owner(self._builder, runtime, "delete", "--force", container["id"]), timeout=ASKING)


def as_owner(builder: Client, *command: str) -> tuple[str, ...]:
    """The command as it is run by the user that the store's files belong to."""
    return command if os.geteuid() == 0 else (builder.program, "unshare", *command)
