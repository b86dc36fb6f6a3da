"""A file from the network that is used without a look at its digest.

What: reports a download that a step runs, unpacks or installs, and an `ADD` of an address, where nothing compares the
file with a digest or a signature.

Why: whoever can change the file behind the address changes the image, and nobody sees it. A truncated or replaced
file should fail the build.

Before:

    FROM debian:12
    RUN wget -q https://example.org/tool.tar.gz && tar xzf tool.tar.gz -C /opt

After:

    FROM debian:12
    RUN wget -q https://example.org/tool.tar.gz && tar xzf tool.tar.gz -C /opt

Level: report.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from rewriter.change import Report
from rewriter.facts import Facts, Run
from rewriter.steps.downloads import Download, downloads, plain, with_folders
from rewriter.syntax.shell import Statement
from rewriter.syntax.tree import Dockerfile, Instruction
from rewriter.syntax.vocabulary import Call

_CHECKED = re.compile(
    r"(?:sha\d*|shake|md5|b2|b3|ck?)sum\b|\bshasum\b|\bsha(?:1|256|384|512)\b|\bopenssl\s+(?:dgst|sha|md5)|\bgpgv?\b.*--verify"
    r"|\bgpgv\b|--checksum|\bcosign\b|\bminisign\b|\bsignify\b|\bslsa-verifier\b|\brhash\b|--integrity|\bgh\s+attestation",
    re.DOTALL | re.IGNORECASE,
)
# An address that holds a digest (of a commit or of the file) names its content.
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
_KEY = re.compile(
    r"\.(?:asc|gpg|key|pub|pem|crt|sig|list|repo|sources|sha\d+(?:sum)?|md5)(?:[?#]|\Z)|/keys?/", re.IGNORECASE
)
_GIT = re.compile(r"\.git(?:#|\Z)")
_FETCHED = re.compile(r"""["']?(?:\$\(|<\(|`)\s*(?:sudo\s+)?(?:curl|wget)\s""")
_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh"))
_INTERPRETERS = re.compile(r"(?:python|pypy|perl|ruby|node|php|java)[\d.]*\Z")
_UNPACKERS = frozenset(("unzip", "bsdtar", "gunzip", "bunzip2", "unxz", "unar", "7z", "7za", "dpkg", "dpkg-deb", "rpm"))
_INSTALLERS = frozenset(("apt-get", "apt", "gdebi", "apk", "yum", "dnf", "microdnf", "zypper", "pip", "gem", "npm"))
_EXECUTABLE = re.compile(r"(?:[ugoa]*[+=][rwst]*x[rwxst]*|0?[0-7]*[1357][0-7]*)\Z")
_BINARIES = re.compile(r"/s?bin(?:/|\Z)")


def find(file: Dockerfile, facts: Facts) -> Iterator[Report]:
    """Yield a report for each ADD of an address and for each step that uses what it fetched as it came."""
    text = file.source.text
    if "http" not in text and "curl" not in text and "wget" not in text:
        return
    for image in facts.images:
        for instruction in image.stage.body:
            if instruction.keyword == "ADD" and (url := _added(instruction)) and not _checked_later(facts, instruction):
                yield Report(
                    f"nothing compares what {url.partition('?')[0]} holds on the day of the build with a digest: "
                    "give the ADD a --checksum=sha256:… (BuildKit)",
                    instruction.span,
                )
    for run in facts.runs:
        if report := _used(run):
            yield report


def _added(instruction: Instruction) -> str | None:
    """The first address that an ADD fetches without a digest, None where there is none."""
    if instruction.flag("checksum") is not None:
        return None
    words = instruction.json or tuple(instruction.value.split())
    for word in words[:-1]:
        if word.startswith(("http://", "https://")) and not any(p.search(word) for p in (_GIT, _KEY, _DIGEST)):
            return word
    return None


def _checked_later(facts: Facts, instruction: Instruction) -> bool:
    return any(later.keyword == "RUN" and _CHECKED.search(later.value) for later in facts.later(instruction))


def _used(run: Run) -> Report | None:
    """The report about the first download of the step that is used as it came; None where there is none."""
    text = run.text.text
    if ("curl" not in text and "wget" not in text) or _CHECKED.search(text):
        return None
    for call in run.calls:
        runs = call.program in _SHELLS or call.program in ("eval", ".", "source")
        if runs and any(_FETCHED.match(word.raw) for word in call.statement.words):
            return Report(_piped(call), run.at(call))
    placed = with_folders(run)
    for at, (call, folder) in enumerate(placed):
        for download in downloads(call, folder):
            if _DIGEST.search(download.url) or _KEY.search(download.url):
                continue
            if download.path == "" and (taker := _taker(run, call)):
                return Report(_piped(taker), run.at(call))
            verb = next((verb for later, _ in placed[at + 1 :] if (verb := _use(later, download))), None)
            if verb:
                return Report(
                    f"the downloaded file is {verb} as it came: compare its digest first "
                    f'(echo "<sha256>  {download.path}" | sha256sum -c -)',
                    run.at(call),
                )
    return None


def _piped(taker: Call) -> str:
    return (
        f"{taker.program} takes whatever the address holds on the day of the build: "
        "download it to a file, compare its digest (sha256sum -c), then use it"
    )


def _taker(run: Run, call: Call) -> Call | None:
    """The command that runs or unpacks what `call` prints into a pipe."""
    for statement in run.script.root.walk():
        if statement.kind != "pipeline":
            continue
        at = next((i for i, child in enumerate(statement.children) if _holds(child, call.statement)), None)
        if at is not None:
            behind = [c for child in statement.children[at + 1 :] for c in run.calls if _holds(child, c.statement)]
            return next((other for other in behind if _takes_input(other)), None)
    return None


def _holds(statement: Statement, inner: Statement) -> bool:
    return statement.start <= inner.start and inner.end <= statement.end


def _takes_input(call: Call) -> bool:
    """Whether `call` runs or unpacks its standard input."""
    first = call.operands[0].raw if call.operands else "-"
    if call.program in _SHELLS:
        return not call.has("-c") and (first in ("-", "/dev/stdin") or call.has("-s"))
    if _INTERPRETERS.match(call.program):
        following = next((word.raw for word in call.statement.words if word.start > call.head.start), "-")
        return following in ("-", "--")
    return _extracts(call) or call.program in ("funzip", "bsdtar", "cpio")


def _extracts(call: Call) -> bool:
    if call.program != "tar":
        return False
    bundles = [option.name for option in call.options] + [word.raw for word in call.operands[:1]]
    return any(re.match(r"-?[A-Za-z]*x[A-Za-z]*\Z", bundle) or bundle in ("--extract", "--get") for bundle in bundles)


def _use(call: Call, download: Download) -> str | None:
    """How `call` uses the downloaded file ("unpacked", "run", …); None where it does not."""
    if not download.path:
        return None
    name = posixpath.basename(download.path)
    words = [word for word in call.statement.words if _names(plain(word) or word.raw, name)]
    if not words:
        return None
    program = call.program
    if any(word is call.head for word in words):
        return "run"
    if program in _SHELLS or _INTERPRETERS.match(program) or program in (".", "source"):
        return "run" if not call.has("-c", "-e") else None
    if (
        program in _UNPACKERS
        or _extracts(call)
        or (program in ("gzip", "xz", "bzip2") and call.has("-d", "-dc", "-cd"))
    ):
        return "installed" if program in ("dpkg", "rpm") else "unpacked"
    if program in _INSTALLERS:
        return "installed"
    if program == "chmod" and _EXECUTABLE.match(next((word.raw for word in call.operands), "")):
        return "made a program"
    if program == "install" or (program in ("mv", "cp") and _BINARIES.search(call.operands[-1].raw)):
        return "installed"
    return None


def _names(word: str, name: str) -> bool:
    last = posixpath.basename(word.strip("\"'"))
    return last == name or ("*" in last and last.strip("*.") != "" and fnmatchcase(name, last))
