"""What is measured on two images that were built: rebuilds, files, a hardened run, vulnerabilities, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rewriter.result import Options, Rewrite
from rewriter.source import Source
from rewriter.verify import scanners
from rewriter.verify.building.bench import Bench, Text
from rewriter.verify.building.source_edit import edited, source_file
from rewriter.verify.contents import files
from rewriter.verify.contents.listing import Listing, read
from rewriter.verify.engine import Build, Engine, Image
from rewriter.verify.model import Side, Verification
from rewriter.verify.progress import Told
from rewriter.verify.request import Request
from rewriter.verify.running.hardened import hardened
from rewriter.verify.running.questions import Plan
from rewriter.verify.trouble import BuildFailed


def measured(
    found: Verification,
    bench: Bench,
    options: Options,
    rewrite: Rewrite,
    sides: tuple[Side, Side],
    asked: Plan,
    request: Request,
    told: Told,
) -> Verification:
    """Return `found` with both `sides` and all that is measured on them. Of a rewrite that changes nothing both sides
    are the same, and measured once."""
    before, after = sides
    same = before.image == after.image
    path, rebuilds = ("", ()) if request.quick else _rebuilds(bench, options, rewrite, 1 if same else 2, told)
    if rebuilds:
        before, after = replace(before, rebuild=rebuilds[0]), replace(after, rebuild=rebuilds[-1])
    if request.hardened and after.behaviour is not None:
        told("running with a read-only root", "")
        after = replace(after, hardened=hardened(bench.engine, after.image, asked, after.behaviour))
        before = after if same else before
    told("comparing the files", "")
    changes = None
    if not same:
        old, new = (_files(bench.engine, side.image) for side in (before, after))
        changes = files.compare(old, new, before.image, after.image)
    if scanners.installed():
        told("looking for vulnerabilities", "")
    scans = scanners.scan(bench.engine, before.image.tag, after.image.tag, timeout=request.timeout)
    return replace(
        found,
        before=before,
        after=after,
        edited=path,
        files=changes,
        scans=scans,
    )


def _rebuilds(bench: Bench, options: Options, rewrite: Rewrite, sides: int, told: Told) -> tuple[str, Sequence[Build]]:
    """The file that is edited, and what is built again on each side then; nothing where there is no such file, and
    where the edit does not build (a linter may mind a comment)."""
    texts = bench.texts(rewrite)[:sides]
    path = source_file(bench.project, options, [_sources(text) for text in texts], bench.context)
    if path is None:
        return "", ()
    builds: list[Build] = []
    for name, text in zip(("before-edited", "after-edited"), texts, strict=False):
        try:
            with edited(bench.context, path):
                builds.append(bench.build(name, text, told)[1])
        except BuildFailed:
            return "", ()
    return path, builds


def _sources(text: Text) -> tuple[Source, Source | None]:
    return Source.decode(text.dockerfile), Source.decode(text.ignore) if text.ignore is not None else None


def _files(engine: Engine, image: Image) -> Listing:
    with engine.files(image.tag) as archive:
        return read(archive)
