"""The modules that the go command finds from a folder: its main modules, and the folders that stand in for others.

Source: https://go.dev/ref/mod
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rewriter.change import Evidence
from rewriter.project.fetches import Unclear, folder_of
from rewriter.project.folders import written
from rewriter.project.go import mod_files as gomod
from rewriter.project.go.mod_files import GoMod
from rewriter.project.needs import View

# From this release on, go.mod is heeded also in GOPATH/src: https://go.dev/doc/go1.13#modules
_MODULES_EVERYWHERE = (1, 13)
Required = tuple[str, str]  # a module and its version


@dataclass(frozen=True)
class Modules:
    """The modules of the project, each go.mod by its folder (absolute, as all paths here).

    `view` is that of the go command, `folder` where its download must run, `main` are the folders of the main modules,
    `work` that of go.work, which says `workspace`. `local` are modules that a folder stands in for.
    """

    view: View
    folder: str
    manifests: dict[str, GoMod]
    main: tuple[str, ...]
    work: str | None = None
    workspace: GoMod | None = None
    local: dict[Required, str] = field(default_factory=dict)

    @property
    def vendored(self) -> bool:
        """Whether a vendor folder stands in for the downloads: https://go.dev/ref/mod#vendoring"""
        return self.view.kind(posixpath.join(self.work or self.folder, "vendor")) == "folder"

    def required(self) -> dict[Required, tuple[str, int]]:
        """The modules that are downloaded, each with the go.mod and its line that asks for it."""
        own = {self.manifests[folder].module for folder in self.main}
        return {
            required: (posixpath.join(folder, "go.mod"), line)
            for folder, manifest in self.manifests.items()
            for required, line in manifest.requires.items()
            if required[0] not in own and required not in self.local and (required[0], "") not in self.local
        }

    def fetched_for(self, required: Required) -> Required:
        """What is downloaded in the place of `required`."""
        for manifest in (*filter(None, (self.workspace,)), *(self.manifests[folder] for folder in self.main)):
            for each in manifest.replaces:
                if each.path == required[0] and each.version in ("", required[1]) and len(each.words) == 2:
                    return each.words[0], each.words[1]
        return required

    def sums(self) -> list[str]:
        """The files of checksums that are there."""
        files = [posixpath.join(folder, "go.sum") for folder in self.main]
        files += [posixpath.join(self.work, "go.work.sum")] if self.work else []
        return [file for file in files if self.view.kind(file) == "file"]

    def require_sums(self) -> None:
        """Raise `Unfit` where no checksums of the downloads come with the manifests, or not as a file."""
        if self.required():
            for file in self.sums() or [posixpath.join(self.main[0], "go.sum")]:
                self.view.text(file)

    def reads(self, view: View) -> tuple[str, ...]:
        """The files that a download reads, as a command in the folder of `view` writes them; a pattern where a file
        of checksums may be added."""
        sums = self.sums()
        found: list[str] = []
        if self.work:
            file = posixpath.join(self.work, "go.work.sum")
            found += [posixpath.join(self.work, "go.work"), file] if file in sums else [f"{self.work}/go.work*"]
        for folder in self.manifests:
            file = posixpath.join(folder, "go.sum")
            if file in sums or folder not in self.main:
                found += [posixpath.join(folder, "go.mod"), *([file] if file in sums else [])]
            else:
                found.append(posixpath.join(folder, "go.*"))
        return tuple(written(view, path) for path in found)

    def evidence(self) -> Iterator[Evidence]:
        """What `reads` rests on."""
        if self.work and self.workspace:
            line = min(self.workspace.uses.values(), default=None)
            names = " and ".join(self.workspace.uses)
            yield self.view.evidence(f"uses {names}", posixpath.join(self.work, "go.work"), line)
        asked = list(self.required().values())
        for folder in self.manifests:
            path = posixpath.join(folder, "go.mod")
            if lines := [line for asks, line in asked if asks == path]:
                yield self.view.evidence(f"requires {len(lines)} module{'s' * (len(lines) > 1)}", path, min(lines))
        for (name, _), folder in self.local.items():
            yield self.view.evidence(f"stands in for {name}", posixpath.join(folder, "go.mod"))


def modules_of(view: View, settings: Mapping[str, str | None]) -> Modules | None:
    """The modules that the go command finds from the folder of `view`, None where it finds none; `settings` are its
    variables. Raises `Unclear` and `Unfit`."""
    work = None
    if settings.get("GOWORK", "") not in ("", "off"):
        raise Unclear("GOWORK names another go.work")
    if settings.get("GOWORK") != "off":
        work = folder_of(view, "go.work")
    root = folder_of(view, "go.mod")
    workspace = _manifest(view, posixpath.join(work, "go.work")) if work is not None else None
    if work is not None and workspace is not None:
        main = tuple(dict.fromkeys(posixpath.normpath(posixpath.join(work, folder)) for folder in workspace.uses))
    elif root is not None:
        main = (root,)
    else:
        return None
    if root is not None and root not in main:
        raise Unclear(f"{view.file(posixpath.join(root, 'go.mod'))} is not in the workspace of go.work")
    manifests = {folder: _manifest(view, posixpath.join(folder, "go.mod")) for folder in main}
    _require_heeded(view, manifests, settings)
    folder = view.folder if view.folder in (work, *main) else root or work or view.folder
    modules = Modules(view, folder, manifests, main, work, workspace)
    if work is not None and workspace is not None:
        _add_replaced(modules, posixpath.join(work, "go.work"), workspace)
    for base in main:
        _add_replaced(modules, posixpath.join(base, "go.mod"), manifests[base])
    return modules


def _add_replaced(modules: Modules, path: str, manifest: GoMod) -> None:
    """Add the folders that stand in for modules by what `manifest`, which lies at `path`, says."""
    for replaced in manifest.replaces:
        if replaced.folder is None:
            continue
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), replaced.folder))
        file = posixpath.join(folder, "go.mod")
        if modules.view.kind(file) != "file":
            says = f"{modules.view.file(path)}:{replaced.number} replaces {replaced.path} by {replaced.folder}"
            raise Unclear(f"{says}, which is not copied with its go.mod")
        modules.local[replaced.path, replaced.version] = folder
        modules.manifests.setdefault(folder, _manifest(modules.view, file))


def _manifest(view: View, path: str) -> GoMod:
    return gomod.read(view.file(path) or path, view.text(path))


def _require_heeded(view: View, manifests: Mapping[str, GoMod], settings: Mapping[str, str | None]) -> None:
    """Raise `Unclear` where an old go command might look for packages in GOPATH and not heed go.mod."""
    sources = [posixpath.join(path, "src") + "/" for path in (settings.get("GOPATH") or "/go").split(":")]
    for folder, manifest in manifests.items():
        old = settings.get("GO111MODULE") != "on" and manifest.go < _MODULES_EVERYWHERE
        if old and any(f"{folder}/".startswith(source) for source in sources):
            raise Unclear(f"Go before 1.13 does not heed {view.file(posixpath.join(folder, 'go.mod'))} below GOPATH")
