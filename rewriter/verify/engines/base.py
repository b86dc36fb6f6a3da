"""What the engines have in common: names, builds that are tried again, containers, and that nothing is left."""

from __future__ import annotations

import shlex
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tarfile import TarFile
from tempfile import TemporaryDirectory
from uuid import uuid4

from rewriter.verify.engine import Ability, Build, Container, Image, Launch, Output, Recipe
from rewriter.verify.engines import containers
from rewriter.verify.engines.abilities import probe, refused
from rewriter.verify.engines.client import Client
from rewriter.verify.engines.processes import Done, Heard, out_of_time, patiently, run, streamed
from rewriter.verify.trouble import BuildFailed, Trouble

# Whatever is made here has a name that begins so.
PREFIX = "dockerslim-verify"


@dataclass(frozen=True, slots=True)
class Kind:
    """Things that are made here: the client's words that list them by name, and that remove one."""

    listing: tuple[str, ...]
    removal: tuple[str, ...]


class CommandLine(ABC):
    """An engine behind the command line of docker or of podman, its `client`.

    `timeout` is the limit of one build; one that waited for a mirror is begun again with all of it. `heard`, where
    it is set, is called with each line that a build says.
    """

    def __init__(self, client: Client, *, timeout: float) -> None:
        self.client = client
        self._timeout = timeout
        self._id = uuid4().hex[:12]
        self._numbers = count(1)
        self._understood: dict[Ability, bool] = {}
        self._left: tuple[str, ...] = ()
        self._touched: set[Kind] = set()
        self._containers = Kind(
            ("ps", "--all", "--filter", f"name={self._prefix}-", "--format", "{{.Names}}"),
            ("rm", "--force", "--volumes"),
        )
        self._images = Kind(
            ("image", "ls", "--filter", f"reference={self._prefix}", "--format", "{{.Repository}}:{{.Tag}}"),
            ("image", "rm"),
        )
        self.heard: Heard | None = None

    @property
    @abstractmethod
    def name(self) -> str:
        """The name for the user, with the version."""

    @property
    @abstractmethod
    def key(self) -> str:
        """What identifies the engine and where it is."""

    @property
    @abstractmethod
    def runs(self) -> bool:
        """Whether it can run what it builds."""

    @property
    @abstractmethod
    def _place(self) -> containers.Place:
        """Where containers run."""

    @abstractmethod
    def _build(self, recipe: Recipe) -> Build:
        """Build once."""

    @abstractmethod
    def image(self, tag: str) -> Image:
        """What the engine says about a built image."""

    @property
    def _prefix(self) -> str:
        return f"{PREFIX}-{self._id}"

    def tag(self, name: str) -> str:
        """A tag for `Recipe.tag`, which `clean` removes: `name` is in lower case letters, digits, `-`, `.` and `_`."""
        return f"{self._prefix}:{name}"

    def can(self, ability: Ability) -> bool:
        if ability not in self._understood:
            self._understood[ability] = self._understands(probe(ability))
        return self._understood[ability]

    def _understands(self, text: str) -> bool:
        with TemporaryDirectory(prefix=f"{self._prefix}-") as folder:
            dockerfile, context = Path(folder, "Dockerfile"), Path(folder, "context")
            dockerfile.write_text(text)
            context.mkdir()
            try:
                self.build(Recipe(dockerfile, context, self.tag("probe")))
            except BuildFailed as error:
                return not refused(error.message)
        return True

    def build(self, recipe: Recipe) -> Build:
        self._touched.add(self._images)
        return patiently(lambda: self._build(recipe))

    def _run_build(
        self, command: Sequence[str], heard: Heard | None, environment: Mapping[str, str] | None = None
    ) -> Done:
        """Run the command of a build, in the client's environment or in another one. Raises OutOfTime, and Trouble
        where somebody has killed it."""
        environment = self.client.environment if environment is None else environment
        done = run(command, timeout=self._timeout, environment=environment, heard=heard, merged=True)
        if done.late:
            raise out_of_time(self._timeout)
        if done.exit_code < 0:
            raise Trouble(
                f"`{' '.join(command[:2])}` was ended by signal {-done.exit_code} in the middle of a build. Run this "
                "again; the system may be short of memory."
            )
        return done

    def base_ids(self, references: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._image_id(reference) for reference in references)

    def _image_id(self, reference: str) -> str:
        done = self.client.try_to("image", "inspect", "--format", "{{.Id}}", reference)
        return done.out.decode().strip() if done.ok else ""

    @contextmanager
    def files(self, tag: str) -> Iterator[TarFile]:
        name = self._name()
        try:
            # An image without a command wants one, though it will not be run.
            self.client.ask("create", "--name", name, tag, "never-run")
            with (
                streamed((self.client.program, "export", name)) as stream,
                tarfile.open(fileobj=stream, mode="r|") as archive,
            ):
                yield archive
        finally:
            self._remove_container(name)

    def start(self, tag: str, launch: Launch) -> AbstractContextManager[Container]:
        return containers.start(self._place, self._name(), tag, launch)

    def run(self, tag: str, launch: Launch, *, timeout: float) -> Output:
        return containers.run_to_end(self._place, self._name(), tag, launch, timeout)

    def _name(self) -> str:
        self._touched.add(self._containers)
        return f"{self._prefix}-{next(self._numbers)}"

    def clean(self) -> None:
        left: list[str] = []
        for kind in (self._containers, self._images):
            try:
                for name in self._own(kind):
                    self._remove(kind, name)
                left += [self._words((*kind.removal, name)) for name in self._own(kind)]
            except Trouble:  # it does not answer: what removes all of the kind, for then
                if kind in self._touched:
                    left.append(f"{self._words(kind.removal)} $({self._words(kind.listing)})")
        self._left = tuple(left)

    @property
    def left(self) -> tuple[str, ...]:
        return self._left

    def _words(self, words: Sequence[str]) -> str:
        return shlex.join((self.client.program, *words))

    def _remove_container(self, name: str) -> None:
        containers.remove(self.client, name)

    def _own(self, kind: Kind) -> list[str]:
        return self.client.ask(*kind.listing).split()

    def _remove(self, kind: Kind, name: str) -> None:
        if kind is self._containers:
            self._remove_container(name)
        else:
            self.client.try_to(*kind.removal, name)


def recipe_words(recipe: Recipe) -> tuple[str, ...]:
    """The words of a build that all engines share, the folder last."""
    arguments = [f"--build-arg={argument}" for argument in recipe.arguments]
    fresh = ("--no-cache",) if recipe.fresh else ()
    named = (f"--file={recipe.dockerfile}", f"--tag={recipe.tag}")
    return (*named, *fresh, *arguments, *recipe.extra, str(recipe.context))
