"""A site of files alone, which a Node program serves: nginx serves it as well, without Node."""

from __future__ import annotations

import posixpath
import re

from rewriter.image import State
from rewriter.project.context import Unfit
from rewriter.project.node import code
from rewriter.project.node.installed import installed
from rewriter.project.node.manifests import package
from rewriter.project.services import services
from rewriter.stages.kit import Carry, Cut, Runtime, Shown
from rewriter.stages.node.programs import leaves, words_of
from rewriter.steps.downloads import located
from rewriter.steps.start import Started

_ROOT = "/usr/share/nginx/html/"
_NUMBER = re.compile(r"(?:tcp://[^:]*:)?(\d{1,5})\Z")
# What may stand below the last step that builds: nothing that needs Node.
_BELOW = frozenset(("CMD", "ENTRYPOINT", "EXPOSE", "LABEL", "MAINTAINER", "STOPSIGNAL", "ENV", "ARG"))
# nginx serves .mjs as application/octet-stream, which no browser runs as a module.
# Source: https://developer.mozilla.org/docs/Web/JavaScript/Guide/Modules#aside_—_.mjs_versus_.js
_MODULES = ("    include mime.types;", "    types { text/javascript mjs; }")
_DEFAULTS = {"serve": 3000, "http-server": 8080, "vite": 4173}
# What a compose file says about the image as it is today.
_OF_TODAY = ("command", "entrypoint", "volumes", "working_dir")
# Settings of Vite that move what its preview serves, or have it do more than serving files.
# Source: https://vite.dev/config/
_MOVES = frozenset(("appType", "base", "outDir", "preview", "proxy", "root"))


def serves(shown: Shown) -> Started | None:
    """The command that serves files, where the container does nothing else."""
    found = [each for each in leaves(shown.start) if posixpath.basename(each.call.program) != "docker-entrypoint.sh"]
    if shown.start.unknown or len(found) != 1 or posixpath.basename(found[0].call.program) not in _DEFAULTS:
        return None
    previews = "preview" in words_of(found[0].call)[1:2]
    return None if posixpath.basename(found[0].call.program) == "vite" and not previews else found[0]


def static(shown: Shown, cut: Cut) -> Runtime | None:
    """The stage that serves the same folder by nginx; None where the container does not just serve files. Raises
    `Unfit` where it does, in a way that nginx would not.

    Sources: https://github.com/vercel/serve#readme, https://github.com/http-party/http-server#readme,
    https://vite.dev/guide/cli#vite-preview ("not meant as a production server"), https://hub.docker.com/_/nginx
    """
    server = serves(shown)
    if server is None:
        return None
    folder, port, single = _Site(shown, server).read()
    _check(shown, cut, folder, port)
    return Runtime(
        "nginx:stable-alpine" if shown.image.base.distribution == "alpine" else "nginx:stable",
        (Carry(f"{folder}/", _ROOT),),
        f"Node and all packages are shipped to serve the files of {folder}",
        (server.fact(f"only serves the files of {folder}"),),
        settings=(_server_block(shown, port, single=single),),
        unneeded=tuple(i for i in cut.before if i.keyword in ("COPY", "ADD", "ENV", "WORKDIR", "RUN")),
        command=(),
        declares=frozenset(("cmd", "entrypoint", "env", "expose", "workdir", "stopsignal")),
    )


class _Site:
    def __init__(self, shown: Shown, server: Started) -> None:
        self.shown = shown
        self.server = server
        self.name = posixpath.basename(server.call.program)
        self.where = f"{server.file}:{server.line}" if server.file else f"line {server.line}"

    def read(self) -> tuple[str, int, bool]:
        """The folder that is served, the port, and whether paths that are not there get index.html."""
        single, port = False, None
        folders: list[str] = []
        words = words_of(self.server.call)[1:]
        if self.name == "vite":
            words, single, folders = words[1:], True, ["dist"]
            self._check_vite()
        while words:
            word = words.pop(0)
            name, _, value = word.partition("=")
            match self.name, name:
                case "serve", "-s" | "--single":
                    single = True
                case "serve", "-l" | "--listen" | "-p" | "--port":
                    port = self._port(value or (words.pop(0) if words else ""))
                case "vite", "--host" if not value:
                    if words and not words[0].startswith("-"):
                        words.pop(0)
                case "vite", "--host" | "--strictPort":
                    pass
                case "http-server" | "vite", "-p" | "--port":
                    port = self._port(value or (words.pop(0) if words else ""))
                case "serve", "-n" | "--no-clipboard" | "-L" | "--no-request-logging" | "-d" | "--debug":
                    pass
                case "http-server", "--silent" | "-s":
                    pass
                case "http-server", "-a" if words and words[0] in ("0.0.0.0", "::"):
                    words.pop(0)
                case _ if name.startswith("-"):
                    raise Unfit(self.where, f"gives {word} to {self.name}, which nginx would not follow")
                case _:
                    folders.append(word)
        folder = located(folders[0] if folders else ".", self.server.folder)
        if len(folders) > 1 or folder is None or "$" in folder or folder == "/":
            raise Unfit(self.where, "serves a folder that is not known")
        if self.name == "http-server" and not folders and self.shown.view.kind("public") == "folder":
            folder = posixpath.join(folder, "public")
        return folder, port or _from_environment(self.shown.image.final) or self._default(), single

    def _check_vite(self) -> None:
        """Raise `Unfit` where the settings of Vite have its preview serve anything but the files of `dist`."""
        view = self.shown.view.into(self.server.folder or "/")
        for name, script in package(view, ".").scripts.items():
            if "--outDir" in script or "--base" in script:
                raise Unfit(
                    view.file("package.json") or "package.json", f"has Vite write elsewhere in the script {name}"
                )
        for name in view.names("."):
            if not name.startswith("vite.config."):
                continue
            file, root = view.file(name) or name, code.tree_of(name, view.text(name))
            if root is None:
                raise Unfit(file, "is not understood")
            for node in code.nodes(root):
                word = (node.text or b"").decode("utf-8", "replace")
                if node.type in ("property_identifier", "shorthand_property_identifier") and word in _MOVES:
                    raise Unfit(f"{file}:{node.start_point[0] + 1}", f"sets {word}, which nginx would not follow")

    def _port(self, value: str) -> int:
        match = _NUMBER.match(value)
        if not match:
            raise Unfit(self.where, f"listens on {value}, and which port that is is not known")
        return int(match[1])

    def _default(self) -> int:
        port = _DEFAULTS[self.name]
        if not any(str(each).partition("/")[0] == str(port) for each in self.shown.image.final.expose):
            raise Unfit(self.where, f"names no port for {self.name}: say which, or EXPOSE {port}")
        return port


def _from_environment(state: State) -> int | None:
    value = state.env.get("PORT")
    return int(value) if isinstance(value, str) and value.isdigit() else None


def _check(shown: Shown, cut: Cut, folder: str, port: int) -> None:
    """Raise `Unfit` where nginx could not take the server's place."""
    state = shown.image.final
    if state.user not in ("root", "0", "root:root", "0:0"):
        raise Unfit("USER", "is not root, and nginx of its image starts as root")
    if not 0 < port < 65536:
        raise Unfit("the start command", f"listens on port {port}")
    for instruction in shown.image.stage.body:
        line = f"line {instruction.first_line}"
        below = instruction in cut.after
        if instruction.keyword in ("HEALTHCHECK", "VOLUME") or (below and instruction.keyword not in _BELOW):
            raise Unfit(line, f"has {instruction.keyword}, whose meaning to nginx is not known")
    for service in services(shown.facts.project):
        if key := next(
            (key for key in ("command", "entrypoint", "volumes", "working_dir") if key in service.values), None
        ):
            raise Unfit(f"{service.file}:{service.line}", f"sets {key} for the service {service.name}, as it is today")
    for name in ("serve.json", "now.json", "static.json"):
        for place in (name, posixpath.join(folder, name), f"public/{name}"):
            if shown.view.kind(place):
                raise Unfit(shown.view.file(place) or place, "sets up the server, in a way that nginx does not read")


def _has_modules(shown: Shown) -> bool:
    """Whether the site may have modules that end in .mjs: its own, or workers of a package.

    Source: https://github.com/mozilla/pdf.js/wiki/Setup-PDF.js-in-a-website (pdf.worker.mjs)
    """
    try:
        named = shown.view.kind("package.json") == "file" and "pdfjs-dist" in installed(shown.view).packages
        return named or any(name.endswith(".mjs") for name in shown.view.names("public"))
    except Unfit:
        return True


def _server_block(shown: Shown, port: int, *, single: bool) -> str:
    """The step that writes the server of nginx: the same port, texts as UTF-8 (as all these servers say), pages without
    `.html`, and with `single` index.html for every path that is not there."""
    last = "/index.html" if single else "=404"
    lines = (
        "server {",
        f"    listen {port};",
        f"    root {_ROOT.rstrip('/')};",
        "    charset utf-8;",
        *(_MODULES if _has_modules(shown) else ()),
        f"    location / {{ try_files $uri $uri.html $uri/ {last}; }}",
        "}",
    )
    joint = f" {shown.facts.file.escape}{shown.facts.file.source.newline}    "
    quoted = joint.join(f"'{line}'" for line in lines)
    return f"RUN printf '%s\\n'{joint}{quoted}{joint}> /etc/nginx/conf.d/default.conf"
