"""A verification as one page that needs nothing else: no network, no other file, and works without JavaScript.

The policy in its head (https://www.w3.org/TR/CSP3/) lets a browser use the one style sheet and the one script that
belong to the page, by their hashes, and nothing else. So widths are classes of the style sheet, and no attributes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewriter.layers import shortened
from rewriter.verify.model import Choice, FileChanges, Verification, Weight
from rewriter.verify.report import bars, summary
from rewriter.verify.report.numbers import BANDWIDTH, count, rate, size
from rewriter.verify.report.words import last_lines, printable

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent
# Of a list of files or packages so many are shown before what has to be opened.
_FEW = 8
# The rows whose numbers are shown large.
_LARGE = ("size", "pull", "rebuild", "user")


def render(
    found: Sequence[Verification],
    *,
    bandwidth: float = BANDWIDTH,
    comparisons: Mapping[str, Sequence[Choice]] | None = None,
) -> str:
    """Return the page for the verifications, and for the comparisons of bases by path."""
    from markupsafe import Markup

    widths = _Widths()
    environment = _environment()
    environment.filters |= {"width": widths.name, "short": shortened, "size": size}
    environment.globals |= {
        "summary": summary,
        "kinds": bars.kinds,
        "count": count,
        "few": _FEW,
        "better": ("smaller", "faster"),
        "worse": ("larger", "slower"),
        "lines": lambda text: "\n".join(last_lines(text, None)[0]),
    }
    body = environment.get_template("page_body.html").render(
        files=[_file(one, bandwidth) for one in found],
        comparisons=[_comparison(path, choices, bandwidth) for path, choices in (comparisons or {}).items()],
        bandwidth=rate(bandwidth),
    )
    style = f"\n{(_FOLDER / 'page.css').read_text('utf-8')}{widths.rules()}"
    script = f"\n{(_FOLDER / 'page.js').read_text('utf-8')}"
    return environment.get_template("page.html").render(
        title=_title(found, comparisons or {}),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        body=Markup(body),
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: object) -> object:
        """What is no markup of the template has no control characters either."""
        return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


class _Widths:
    """Shares of a width, each under the name of a class that has it."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def name(self, share: float) -> str:
        return self.names.setdefault(f"{min(max(share, 0.0), 1.0):.6%}", f"w{len(self.names)}")

    def rules(self) -> str:
        return "".join(f".{name}{{width:{share}}}\n" for share, name in self.names.items())


def _title(found: Sequence[Verification], comparisons: Mapping[str, Sequence[Choice]]) -> str:
    if len(found) == 1:
        return f"{found[0].path}: {summary.sizes(found[0]) or summary.verdict(found[0])[1]}"
    return count(len(found) or len(comparisons), "Dockerfile")


def _file(found: Verification, bandwidth: float) -> dict[str, Any]:
    tone, headline = summary.verdict(found)
    rows = summary.rows(found, bandwidth)
    charts = [
        ("layers", "Layers", "layer", bars.layers(found)),
        (
            "rebuild",
            f"Rebuild after an edit of {found.edited}" if found.edited else "Rebuild",
            "step",
            bars.rebuilds(found),
        ),
    ]
    weighed = summary.weighed(found)
    return {
        "found": found,
        "tone": tone,
        "headline": headline,
        "sizes": summary.sizes(found),
        "rows": rows,
        "large": [row for row in rows if row.short in _LARGE],
        "charts": [chart for chart in charts if chart[3]],
        "failing": weighed[Weight.FAILS],
        "differences": [
            (summary.TITLES[weight], weighed[weight]) for weight in (Weight.WANTED, Weight.NOTED) if weighed[weight]
        ],
        "groups": _groups(found.files) if found.files else [],
        "scans": [(scan, summary.severities(scan)) for scan in found.scans],
        "hardened": [
            (name, side.hardened)
            for name, side in (("before", found.before), ("after", found.after))
            if side and side.hardened
        ],
        "last_words": list(summary.last_words(found)),
    }


def _groups(files: FileChanges) -> list[tuple[str, str, list[tuple[float, Any]]]]:
    """The groups of files, each with its share of the largest one of all."""
    kinds = [
        (name, groups)
        for name, groups in (("gone", files.gone), ("new", files.new), ("changed", files.changed))
        if groups
    ]
    scale = max((group.size for _, groups in kinds for group in groups), default=0) or 1
    return [(name, summary.total(groups), [(group.size / scale, group) for group in groups]) for name, groups in kinds]


def _comparison(path: str, choices: Sequence[Choice], bandwidth: float) -> dict[str, Any]:
    rows = summary.compared(choices, bandwidth)
    scale = max((choice.side.image.size for choice in choices if choice.side), default=0) or 1
    return {
        "path": path,
        "titles": [row.title for row in rows],
        "pull": summary.pull_words([choice.side for choice in choices], bandwidth),
        "choices": [
            {
                "choice": choice,
                "values": [(row.title, row.values[at]) for row in rows],
                "share": choice.side.image.size / scale if choice.side else 0.0,
                "state": summary.choice_state(choice),
                "words": summary.choice_words(choice),
            }
            for at, choice in enumerate(choices)
        ],
    }
