"""The transforms, in the order in which they run.

A transform is a module: its docstring says what, why, before, after and level (`dockerslim explain` prints it), and
its function `find` yields changes, refusals and reports. To add one, write the module and its golden cases, and give
it a place in `CHAIN` with the reason for that place.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from rewriter.engine import Find


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform of the chain. `why_here` says why it stands where it does."""

    name: str
    find: Find
    documentation: str
    why_here: str


def _transform(module: str, why_here: str) -> Transform:
    loaded = import_module(f"transforms.{module}")
    return Transform(module.replace("_", "-"), loaded.find, loaded.__doc__ or "", why_here)


CHAIN: tuple[Transform, ...] = (
    _transform("legacy_syntax", "first of the spellings: everything below reads one form of ENV and LABEL"),
    _transform("casing", "a spelling; nothing below depends on it"),
    _transform("blank_continuation", "before steps are merged, so that no blank line moves along"),
    _transform("overridden_command", "takes lines out, so that nothing below looks at them"),
    _transform("relative_workdir", "a spelling; paths below are then absolute"),
    _transform("add_where_copy_serves", "a spelling; COPY is what the transforms of copies look for"),
    _transform("apt_for_people", "before every other transform of apt, which then meets one name"),
    _transform(
        "sudo_in_build", "before the package managers' transforms, so that they add no sudo where none is needed"
    ),
    _transform("apt_asks", "before the lists of packages are rewritten, so that a merged step does not ask either"),
    _transform("apt_steps_apart", "before the clean-up, so that it is added once to the merged step"),
    _transform("apt_recommends_installed", "behind the merge: it judges the whole list of a step"),
    _transform("build_deps_kept", "behind the lists of packages are final, before the clean-up closes the step"),
    _transform("apt_lists_kept", "behind everything that adds apt commands to a step"),
    _transform("apk_cache_kept", "behind build-deps-kept, which adds apk commands"),
    _transform("dnf_cache_kept", "independent of the others"),
    _transform("pip_cache_kept", "independent of the others"),
    _transform("node_install_loose", "before the clean-up of the same step"),
    _transform("node_cache_kept", "behind node-install-loose, which may change the command that it follows"),
    _transform("go_cache_kept", "independent of the others"),
    _transform("cargo_cache_kept", "independent of the others"),
    _transform("gem_docs_kept", "independent of the others"),
    _transform("owner_change_copies", "behind add-where-copy-serves, which makes the copies that it joins"),
    _transform("copied_to_install", "behind owner-change-copies: a copy with an owner is no installer"),
    _transform("download_kept", "behind copied-to-install, which takes over files of other stages"),
    _transform("huge_useradd", "independent of the others"),
    _transform("noisy_download", "behind download-kept, which adds downloads"),
    _transform("mount_defeated", "a report about what is left at the end"),
    _transform("unchecked_download", "a report about what is left at the end"),
)

NAMES: tuple[str, ...] = tuple(transform.name for transform in CHAIN)

# What other tools do and this one does not, and why.
NOT_IN_CHAIN: dict[str, str] = {
    "pinning apt and apk package versions": "Debian and Alpine delete old versions, so that builds break",
    "joining all consecutive RUN steps": "hurts the cache and saves nothing where no later step deletes what one wrote",
    "reformatting and re-indenting": "noise in the diff",
    "set -o pipefail everywhere": "makes builds fail that passed",
    "alpine by default": "musl breaks native wheels and expectations of DNS",
    "deleting tests and docs inside node_modules, upx": "breaks packages that read them; slows the start",
    "COPY --parents and --link": "need a recent builder",
}
