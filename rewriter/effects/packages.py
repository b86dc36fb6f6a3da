"""What package managers read and write beside what the table says, and who makes users; see roles.py for what these
functions are."""

from __future__ import annotations

import posixpath
import re

from rewriter import knowledge
from rewriter.effects.commands import Work, path_like
from rewriter.effects.places import fixed
from rewriter.knowledge.apt_packages import brings, nearest_release

# What tells of packages from elsewhere.
_SOURCES = re.compile(r"sources\.list|/etc/apt|apt-repository|apt-key|keyring|\.deb\b|/etc/apk|--repository|-X ")
_APT_HARMLESS = re.compile(r"(?i)(?:Acquire::|Dpkg::Options::|APT::Install-|APT::Get::|Debug::|quiet|Dpkg::Use-Pty)")


def account(work: Work) -> str | None:
    """useradd and adduser: the home folder, and the mail box."""
    given = work.given
    if not given.operands:
        return "who is to be made is not known"
    homes = given.values("-d", "--home-dir", "--home", "-h")
    names = given.operands[:1] if work.call.program == "adduser" else given.operands[-1:]
    for name in names:
        for home in homes or [f"/home/{name}"]:
            for path in work.paths(home):
                work.put(path, around=False)
                work.makes.add((posixpath.dirname(path.path), work.how))
        for path in work.paths(f"/var/mail/{name}"):
            work.put(path, around=False)
    return None


def packages(work: Work) -> str | None:
    """Packages by name; a path or an address of a file among them is read."""
    for raw in work.given.operands:
        if path_like(raw):
            work.read(re.sub(r"\[[\w,.-]+\](?=[\"']?\Z)", "", raw))
    return None


def apt_settings(work: Work) -> str | None:
    """apt-get: an option may move the whole system."""
    for value in work.given.values("-o", "--option"):
        if not _APT_HARMLESS.match(value.strip("\"'")):
            return f"apt with {value}"
    return None


def apt(work: Work) -> str | None:
    """apt-get install: a package may be a file."""
    if reason := apt_settings(work):
        return reason
    for raw in work.given.operands:
        plain = raw.strip("\"'")
        if plain.startswith(("./", "../", "/", "~")):
            work.read(raw)
            return None
    if any("ld.so.conf" in instruction.value for instruction in work.scope.run.image.stage.body):
        work.reads.add("/")  # every installation runs ldconfig, which looks into the folders named there
    spared = {"/opt"} if _official(work) else set()
    if spared and not _serves_web(work):
        spared.add("/var/www")
    work.reads -= spared
    work.writes -= spared
    return None


def apk(work: Work) -> str | None:
    """apk add. Alpine's own packages keep out of /opt and /srv. Source: abuild's checks of packages."""
    if _official(work) and not work.given.has("-X", "--repository"):
        work.reads.discard("/opt")
        work.writes.discard("/opt")
    return packages(work)


def _official(work: Work) -> bool:
    """Whether packages come from the distribution alone: the base is known, and no step of the stage adds a source."""
    image = work.scope.run.image
    texts = (instruction.value for instruction in image.stage.body)
    return image.base.known and image.parent is None and not any(map(_SOURCES.search, texts))


def _serves_web(work: Work) -> bool:
    """Whether a web server may be among the packages, or among those that they bring along."""
    base = work.scope.run.image.base
    release = nearest_release(base.distribution or "", base.release)
    names = [raw.strip("\"'") for raw in work.given.operands]
    if release is None or work.call.subcommand != "install" or any("$" in name or "*" in name for name in names):
        return True
    brought = brings(release, tuple(names))
    servers = knowledge.table("effects")["sets"]["web_servers"].split()
    return brought is None or not brought.isdisjoint(servers)


def dpkg(work: Work) -> str | None:
    acts = not work.given.has("-l", "--list", "-s", "--status", "-L", "--print-architecture")
    if acts:
        work.writes.update(fixed(work.scope, "@system"))
        work.read(*work.given.operands)
    return None


def requirements(work: Work) -> str | None:
    """pip: a requirements file, and what is built from a folder, may name others."""
    files = work.given.values("-r", "--requirement", "-c", "--constraint")
    editable = [raw for raw in work.given.values("-e", "--editable") if path_like(raw)]
    work.write(*editable)
    work.local = bool(files or editable or any(map(path_like, work.given.operands)))
    return packages(work)
