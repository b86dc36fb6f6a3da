"""The transforms, in the order in which they run.

A transform is a module: its docstring says what, why, before, after and level (`dockerslim explain` prints it), and
its function `find` yields changes, refusals and reports. To add one, write the module and its golden cases, and give
it a place in `CHAIN` with the reason for that place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from rewriter.engine import Find


@dataclass(frozen=True)
class Transform:
    """One transform of the chain: `module` is its module in this folder, `why_here` says why it stands where it does.

    `words`, in lower case and separated by blanks, are such that a file without any of them cannot be concerned; "" is
    for a transform that may concern every file. The module is imported when a file needs it.
    """

    module: str
    words: str
    why_here: str

    @cached_property
    def name(self) -> str:
        return self.module.replace("_", "-")

    @cached_property
    def _loaded(self) -> ModuleType:
        return import_module(f"transforms.{self.module}")

    @property
    def find(self) -> Find:
        return cast("Find", self._loaded.find)

    @property
    def documentation(self) -> str:
        return self._loaded.__doc__ or ""

    @cached_property
    def _words(self) -> list[str]:
        return self.words.split()

    def concerns(self, text: str) -> bool:
        """Whether the transform may have to do with `text`, a Dockerfile in lower case."""
        return not self._words or any(word in text for word in self._words)


CHAIN: tuple[Transform, ...] = (
    Transform(
        "legacy_syntax",
        "maintainer env label",
        "first of the spellings: everything below reads one form of ENV and LABEL",
    ),
    Transform("casing", "", "a spelling; nothing below depends on it"),
    Transform("blank_continuation", "", "before steps are merged, so that no blank line moves along"),
    Transform(
        "overridden_command",
        "cmd entrypoint healthcheck label platform",
        "takes lines out, so that nothing below looks at them",
    ),
    Transform("relative_workdir", "workdir", "a spelling; paths below are then absolute"),
    Transform("add_where_copy_serves", "add", "a spelling; COPY is what the transforms of copies look for"),
    Transform("apt_for_people", "apt", "before every other transform of apt, which then meets one name"),
    Transform(
        "sudo_in_build",
        "sudo",
        "before the package managers' transforms, so that they add no sudo where none is needed",
    ),
    Transform(
        "apt_asks", "apt", "before the lists of packages are rewritten, so that a merged step does not ask either"
    ),
    Transform(
        "apt_steps_apart",
        "apt",
        "before stages are divided and the clean-up is added, so that both meet one step",
    ),
    Transform(
        "removed_too_late",
        "rm clean purge prune",
        "behind apt-steps-apart, which joins what is apt's own; before the clean-up is added to the steps that lack it",
    ),
    Transform(
        "node_install_loose",
        "npm yarn pnpm",
        "before copied-before-install: the install commands that it looks at are final",
    ),
    Transform("bundler_loose", "bundle", "before copied-before-install, for the same reason"),
    Transform(
        "composer_dev_shipped",
        "composer xdebug pcov",
        "before copied-before-install, whose download step takes over the options of the install",
    ),
    Transform("rails_assets_need_secrets", "assets:precompile", "independent of the others"),
    Transform(
        "volatile_before_stable",
        "copy add arg",
        "behind what makes one step of several; before a COPY is divided, so that no part of it comes to stand "
        "above what needs none of it",
    ),
    Transform(
        "copied_before_install",
        "copy",
        "behind what rewrites the install commands: those that it looks at are final",
    ),
    Transform(
        "context_unfiltered",
        "copy",
        "behind copied-before-install, which leaves out what its copies need, and puts the copies where they stay",
    ),
    Transform(
        "owner_change_copies", "chown chmod", "behind add-where-copy-serves, which makes the copies that it joins"
    ),
    Transform(
        "shell_form_command",
        "cmd entrypoint",
        "before the stages: an image without a shell can only start what needs none",
    ),
    Transform(
        "debug_info_shipped",
        "go cargo",
        "before build-tools-shipped, which asks whether the program needs the C library",
    ),
    Transform(
        "build_tools_shipped",
        "run",
        "behind everything that orders and joins the steps of a stage, which it then divides as they are; before "
        "all clean-up, which only pays in what is shipped",
    ),
    Transform(
        "heavy_base",
        "from",
        "behind build-tools-shipped: what is left in the shipped stage decides which base it needs",
    ),
    Transform(
        "apt_recommends_installed",
        "apt",
        "behind the stages: it judges the whole list of a step that is shipped",
    ),
    Transform(
        "build_deps_kept",
        "apk apt",
        "behind the stages: where a stage is divided, its compilers stay behind anyway; before the clean-up "
        "closes the step",
    ),
    Transform("apt_lists_kept", "apt", "behind everything that adds apt commands to a step"),
    Transform("apk_cache_kept", "apk", "behind build-deps-kept, which adds apk commands"),
    Transform("dnf_cache_kept", "dnf yum zypper", "independent of the others"),
    Transform("pip_cache_kept", "pip uv poetry conda mamba", "independent of the others"),
    Transform(
        "node_cache_kept",
        "npm yarn bun",
        "behind node-install-loose, which may change the command that it follows",
    ),
    Transform("cargo_cache_kept", "cargo", "independent of the others"),
    Transform(
        "go_cache_kept",
        "go",
        "behind copied-before-install: the modules that a step above the source downloads stay, as nothing below "
        "can take them away again",
    ),
    Transform("gem_docs_kept", "gem bundle", "independent of the others"),
    Transform("copied_to_install", "copy", "behind owner-change-copies: a copy with an owner is no installer"),
    Transform("download_kept", "curl wget add", "behind copied-to-install, which takes over files of other stages"),
    Transform("huge_useradd", "useradd", "independent of the others"),
    Transform("noisy_download", "wget", "behind download-kept, which adds downloads"),
    Transform(
        "unfollowed_download", "curl", "behind download-kept, which adds downloads, and before the report about them"
    ),
    Transform(
        "secret_in_layer",
        "arg env copy add",
        "behind volatile-before-stable, which moves an ARG down to the step that reads it: that step gets the mount",
    ),
    Transform(
        "world_writable",
        "chmod",
        "behind owner-change-copies, which makes a flag of the COPY of a chmod right behind it",
    ),
    Transform("floating_base", "from", "asked for by name; nothing depends on the version that it writes"),
    Transform(
        "user_never_used",
        "useradd adduser",
        "before runs-as-root, so that it finds the file's own user named; behind owner-change-copies, whose --chown "
        "it reads",
    ),
    Transform(
        "copied_as_root",
        "user",
        "behind owner-change-copies, which makes a flag of the chown behind a COPY",
    ),
    Transform("no_init", "cmd entrypoint", "behind shell-form-command, which takes a shell away from process 1"),
    Transform(
        "runs_as_root",
        "",
        "behind everything that makes stages, chooses bases and writes the start command: it judges what is shipped",
    ),
    Transform(
        "stop_signal_wrong",
        "stopsignal nginx openresty fpm httpd apache init systemd",
        "behind shell-form-command, which makes a program process 1",
    ),
    Transform(
        "python_writes_bytecode",
        "python py gunicorn uvicorn celery flask",
        "behind shell-form-command and no-init: a setting of what is then started",
    ),
    Transform("node_env_unset", "node", "behind python-writes-bytecode, for the order of a stage's settings alone"),
    Transform("no_healthcheck", "expose", "behind node-env-unset, for the order of a stage's settings alone"),
    Transform(
        "image_unlabelled",
        "cmd entrypoint",
        "last of the changes: the labels stand below everything that a step of the chain writes",
    ),
    Transform("user_too_early", "user", "a report about what is left at the end"),
    Transform("dead_heredoc", "<<", "a report about what is left at the end"),
    Transform("crlf_script", "run entrypoint cmd", "a report about what is left at the end"),
    Transform("mount_defeated", "mount", "a report about what is left at the end"),
    Transform("unchecked_download", "curl wget add", "a report about what is left at the end"),
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
