"""What the reports of `verify` say, in each format."""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from rich.console import Console

from rewriter.verify.model import Choice, Difference, LeftOut, Scan, Verdict, Verification, Weight
from rewriter.verify.progress import shown
from rewriter.verify.report import as_json, bars, html, markdown, numbers, summary, terminal

from . import report_samples as samples

ALL = (samples.flask, samples.node, samples.failing, samples.original, samples.many_layers, samples.hostile)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1 MB"),
        (184_200_000, "184.2 MB"),
        (999_960_000, "1 GB"),
        (1_034_000_000, "1.03 GB"),
    ],
)
def test_sizes_are_decimal(number: int, words: str) -> None:
    assert numbers.size(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0.0, "0.0 s"),
        (0.02, "<0.1 s"),
        (0.1, "0.1 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (72.0, "1 min 12 s"),
        (3599.7, "1 h 0 min"),
        (3900.0, "1 h 5 min"),
    ],
)
def test_times(number: float, words: str) -> None:
    assert numbers.seconds(number) == words


def test_factors_and_savings() -> None:
    assert numbers.factor(1030, 176) == "5.9× smaller"
    assert numbers.factor(176, 1030) == "5.9× larger"
    assert numbers.factor(100, 97) == "about the same"
    assert numbers.factor(0, 5) == ""
    assert numbers.faster(6.2, 0.1) == "62× faster"
    assert numbers.faster(6.2, 0.0) == "62× faster"  # no more than what a tenth of a second shows
    assert numbers.faster(0.02, 0.09) == "about the same"
    assert (numbers.saving(1030, 176), numbers.saving(176, 1030)) == ("83 %", "")


def test_a_pull_takes_its_size_by_the_bandwidth() -> None:
    assert numbers.pull_time(125_000_000) == 10
    assert numbers.pull_time(125_000_000, 1000) == 1


def table(found: Verification, bandwidth: float = 100) -> dict[str, tuple[str, ...]]:
    return {row.title: (*row.values, row.change) for row in summary.rows(found, bandwidth)}


def test_the_table_says_what_was_measured() -> None:
    rows = table(samples.flask())
    assert rows["image size"] == ("1.03 GB", "176 MB", "5.9× smaller")
    assert rows["pull at 100 Mbit/s (compressed)"] == ("31.1 s", "5.0 s", "6.3× faster")
    assert rows["cold build"] == ("21.1 s", "14.5 s", "1.5× faster")
    assert rows["fetching the bases, apart"] == ("12.3 s", "2.1 s", "")
    assert rows["rebuild after an edit of app.py"] == ("20.9 s", "0.3 s", "70× faster")
    assert rows["steps reused then"] == ("2 of 6", "8 of 10", "")
    assert rows["SIGTERM to exit"] == ("killed", "0.2 s", "")
    assert rows["user"] == ("root", "10001:10001", "")
    assert rows["GET /health"] == ("200 application/json", "200 application/json", "alike")


def test_a_pull_is_compared_by_one_kind_of_size() -> None:
    found = samples.flask()
    assert found.after is not None
    partly = replace(found, after=replace(found.after, image=replace(found.after.image, compressed=None)))
    assert table(partly, 10)["pull at 10 Mbit/s (uncompressed)"] == ("13 min 44 s", "2 min 21 s", "5.9× faster")


def test_an_answer_that_differs_is_said_with_its_weight() -> None:
    for weight, words in zip(Weight, ("differs on purpose", "differs a little", "differs: fails"), strict=True):
        found = replace(samples.flask(), differences=(Difference("GET /", "a", "b", weight),))
        assert table(found)["GET /"][2] == words


def test_what_is_known_of_one_image_only_stands_alone() -> None:
    assert table(samples.original())["image size"] == ("1.03 GB", "-", "")
    assert summary.rows(replace(samples.original(), before=None), 100) == []


def test_a_user_is_said_with_the_id_where_that_says_more() -> None:
    assert table(samples.node())["user"] == ("root", "node (1000)", "")
    found = samples.flask()
    assert found.before is not None
    assert found.before.behaviour is not None
    drops = replace(found.before, behaviour=replace(found.before.behaviour, uid=999))
    assert table(replace(found, before=drops))["user"][0] == "root, runs as 999"


def test_a_missed_limit_is_in_the_verdict() -> None:
    assert summary.verdict(samples.flask()) == (summary.Tone.GOOD, "The rewrite holds")
    assert summary.verdict(samples.failing()) == (
        summary.Tone.BAD,
        "A part of the rewrite holds, but 1 limit is missed",
    )


def test_each_verdict_has_its_own_words() -> None:
    said = [summary.verdict(replace(samples.node(), verdict=verdict)) for verdict in Verdict]
    assert len({words for _, words in said}) == len(Verdict)
    assert [tone for tone, _ in said].count(summary.Tone.GOOD) == 1


def printed(
    *found: Verification,
    width: int = 100,
    encoding: str = "utf-8",
    verbose: bool = False,
    choices: Sequence[Choice] = (),
    colours: bool = False,
) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=width, force_terminal=colours, color_system="truecolor" if colours else None)
    terminal.render(found, console, verbose=verbose, comparisons={"shop/Dockerfile": choices} if choices else None)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


def test_the_terminal_puts_first_what_fails() -> None:
    text = printed(samples.failing())
    places = [
        "✗ A part of the rewrite holds, but 1 limit is missed",
        "image size",
        "Differences that fail",
        summary.LOST,
        "Left out",
        "stages-python, at line 14: RUN pip install --no-cache-dir -r requirements.txt",
        "pg_config executable not found.",
        "Changed on purpose",
        "Other differences",
        "Files that are gone: 6,710 files, 236 MB",
        "and 3 more, --verbose shows them",
        "does not work as it is.",
        "✗ missed",
        "Known vulnerabilities (trivy 0.57.0)",
    ]
    found = [text.find(place) for place in places]
    assert -1 not in found
    assert found == sorted(found)


def test_the_terminal_shows_all_groups_when_asked() -> None:
    assert "/var/log/dpkg.log" not in printed(samples.flask())
    assert "/var/log/dpkg.log" in printed(samples.flask(), verbose=True)
    assert "pip flask 3.1.0" in printed(samples.flask(), verbose=True)


def test_the_terminal_shows_the_end_of_a_long_message() -> None:
    message = "\n".join(f"line {number}" for number in range(40))
    found = replace(samples.flask(), left_out=(LeftOut("user", "", None, message),))
    few, all_ = ([line.strip() for line in printed(found, verbose=v).splitlines()] for v in (False, True))
    assert [line for line in few if line.startswith("line ")] == [f"line {number}" for number in range(28, 40)]
    assert "… 28 lines above, --verbose shows them" in few
    assert [line for line in all_ if line.startswith("line ")] == message.splitlines()


def test_the_terminal_shows_what_a_program_that_fails_said() -> None:
    assert "KeyError: 'DATABASE_URL'" in printed(samples.original())


@pytest.mark.parametrize("sample", ALL)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
@pytest.mark.parametrize("width", [60, 140])
def test_the_terminal_takes_any_width_and_encoding(sample: object, encoding: str, width: int) -> None:
    assert callable(sample)
    text = printed(sample(), width=width, encoding=encoding, verbose=True, choices=samples.choices())
    assert max(map(len, text.splitlines())) <= width
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)  # nothing of what the terminal obeys


def test_the_terminal_has_colours_only_where_asked() -> None:
    assert "\x1b[" in printed(samples.flask(), colours=True)
    assert "\x1b[" not in printed(samples.flask())


def test_the_terminal_has_no_colours_where_nobody_wants_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", printed(samples.failing(), colours=True))


@pytest.mark.parametrize("width", [60, 100])
def test_the_terminal_puts_bases_side_by_side(width: int) -> None:
    lines = [line.split() for line in printed(width=width, choices=samples.choices()).splitlines()]
    (head,) = [line for line in lines if line[:2] == ["base", "size"]]
    assert head == ["base", "size", "layers", "pull", "start", "program"] or width == 100
    (slim,) = [line for line in lines if line[:2] == ["slim", "176"]]
    assert slim[:6] == ["slim", "176", "MB", "16", "5.0", "s"]
    assert slim[-2:] == ["✓", "works"]
    assert any(line[0] == "alpine" and line[-3:] == ["✗", "not", "built"] for line in lines if line)


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
COUNT = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
NAMED = {"type": "object", "additionalProperties": TEXT}
COUNTED = {"type": "object", "additionalProperties": COUNT}


def each(**keys: object) -> dict[str, object]:
    """An object with these keys and no others."""
    return {"type": "object", "properties": keys, "required": list(keys), "additionalProperties": False}


def many(of: object) -> dict[str, object]:
    return {"type": "array", "items": of}


def perhaps(of: object) -> dict[str, object]:
    return {"oneOf": [{"type": "null"}, of]}


BUILD = each(seconds=NUMBER, fetching=NUMBER, steps=many(each(name=TEXT, seconds=perhaps(NUMBER), cached=FLAG)))
GROUPS = many(each(what=TEXT, name=TEXT, files=COUNT, size=COUNT, examples=TEXTS))
ANSWER = each(
    asked=TEXT, status=TEXT, kind=TEXT, steady=FLAG, body=TEXT, bytes=COUNT, sha256={"pattern": "^[0-9a-f]{64}$"}
)
SETTINGS = each(
    user=TEXT, workdir=TEXT, env=NAMED, entrypoint=TEXTS, cmd=TEXTS, ports=TEXTS, volumes=TEXTS, labels=NAMED,
    healthcheck=TEXTS, stopsignal=TEXT, shell=TEXTS, onbuild=TEXTS,
)  # fmt: skip
IMAGE = each(
    tag=TEXT,
    id=TEXT,
    size=COUNT,
    compressed=perhaps(COUNT),
    layers=many(each(step=TEXT, size=COUNT)),
    settings=SETTINGS,
)
BEHAVIOUR = each(
    working=FLAG, uid=perhaps(COUNT), ready=perhaps(NUMBER), stopping=perhaps(NUMBER), killed=FLAG, logs=TEXT,
    answers=many(ANSWER),
)  # fmt: skip
SIDE = each(
    image=IMAGE,
    pull=each(seconds=NUMBER, of={"enum": ["compressed", "uncompressed"]}),
    cold=perhaps(BUILD),
    rebuild=perhaps(BUILD),
    behaviour=perhaps(BEHAVIOUR),
    hardened=perhaps(each(working=FLAG, needs=TEXTS)),
)
FILE = each(
    path=TEXT, engine=TEXT, verdict={"enum": ["holds", "unchanged", "partly", "fails", "original", "unproven"]},
    reason=TEXT, passed=FLAG, builds=COUNT, kept=FLAG, text=TEXT, ignore=perhaps(TEXT), transforms=TEXTS, edited=TEXT,
    before=perhaps(SIDE), after=perhaps(SIDE),
    differences=many(
        each(what=TEXT, before=TEXT, after=TEXT, weight={"enum": ["on purpose", "noted", "fails"]}, why=TEXT)
    ),
    files=perhaps(
        each(
            gone=GROUPS, new=GROUPS, changed=GROUPS, owners=many(each(folder=TEXT, change=TEXT, files=COUNT)),
            lost=many(each(path=TEXT, why=TEXT)),
        )
    ),
    left_out=many(each(transform=TEXT, step=TEXT, line=perhaps(COUNT), message=TEXT)),
    gates=many(each(name=TEXT, found=TEXT, holds=FLAG)),
    scans=many(each(scanner=TEXT, before=COUNTED, after=COUNTED, packages_gone=TEXTS, packages_kept=TEXTS, note=TEXT)),
)  # fmt: skip
SCHEMA = each(
    version={"const": 1},
    bandwidth=NUMBER,
    files=many(FILE),
    comparisons=many(each(path=TEXT, choices=many(each(name=TEXT, base=TEXT, reason=TEXT, side=perhaps(SIDE))))),
    errors=many(each(path=TEXT, message=TEXT)),
)


def test_json_keeps_to_its_schema() -> None:
    text = as_json.render(
        [sample() for sample in ALL],
        comparisons={"shop/Dockerfile": samples.choices()},
        errors=[{"path": "x/Dockerfile", "message": "unterminated heredoc EOF"}],
    )
    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(json.loads(text))] == []


def test_json_documents_every_key() -> None:
    document = json.loads(as_json.render([samples.failing()], comparisons={"a": samples.choices()}))
    described = set(re.findall(r"`(\w+)`", as_json.__doc__ or ""))
    assert set(keys(document)) - described == {"critical", "high", "medium", "low", "unknown"}


def keys(value: object) -> Iterator[str]:
    """The keys of all objects within, but for what the settings of an image hold."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key != "settings":
                yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_json_has_a_body_as_text_with_the_checksum_of_all_of_it() -> None:
    body = b"\xff" + b"a" * 5000
    answer = replace(samples.HEALTH, body=body)
    found = samples.flask()
    assert found.before is not None
    assert found.before.behaviour is not None
    behaviour = replace(found.before.behaviour, answers=(answer,))
    document = json.loads(as_json.render([replace(found, before=replace(found.before, behaviour=behaviour))]))
    (said,) = document["files"][0]["before"]["behaviour"]["answers"]
    assert said["body"] == "\ufffd" + "a" * 1999
    assert said["bytes"] == 5001
    assert said["sha256"] == sha256(body).hexdigest()


class Page(HTMLParser):
    """The elements of a page and its text; the texts in code apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.plain: list[str] = []
        self.code: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("br", "meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        (self.code if {"code", "pre"} & {*self.open} else self.plain).append(data)


def shown_page(text: str) -> Page:
    """Markdown as it is shown: with tables, links from addresses and HTML, as GitHub and GitLab do."""
    return Page(MarkdownIt("commonmark").enable("table").render(text))


def test_markdown_has_a_table_and_the_findings() -> None:
    text = markdown.render([samples.failing()])
    assert text.startswith(
        "### ✗ <code>worker/Dockerfile</code>: A part of the rewrite holds, but 1 limit is missed"
        " (1.03 GB → 176 MB, 5.9× smaller, 83 % saved)\n"
    )
    assert "| image size | 1.03 GB | 176 MB | 5.9× smaller |\n" in text
    opened = text.index("<details>")
    assert text.index("GET /report.pdf") < text.index("wkhtmltopdf") < text.index("**Left out**") < opened
    page = shown_page(text)
    assert page.open == []
    assert {"table", "details", "summary", "pre"} <= page.names


def test_markdown_of_others_words_is_only_text() -> None:
    found = samples.hostile()
    text = markdown.render([found], comparisons={samples.HOSTILE[2]: samples.choices()})
    page = shown_page(text)
    assert page.open == []
    assert page.names <= {
        "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "details", "summary", "ul", "li", "sub",
        "strong", "br",
    }  # fmt: skip
    assert page.attributes <= {"class"}
    plain = "".join(page.plain)
    assert not re.search(r"[@#]\w|\bGH-\d|://|www\.|[\x00-\x09\x0b-\x1f\u202e]", plain)
    assert "@\u200boctocat and #\u200b123" in plain
    assert "a|b\\|c `code` ```fence``` **bold** [link](http://evil.example/)" in "".join(page.code)
    # GitHub makes links of bare addresses in HTML too, but not where a reference stands for the colon.
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "://" not in outside


@pytest.mark.parametrize("before", ["- ", "+ ", "1. ", "12) ", "    ", "# ", "> ", "---"])
def test_markdown_begins_no_list_with_a_reason(before: str) -> None:
    page = shown_page(markdown.render([replace(samples.node(), reason=f"{before}hello")]))
    assert not {"ol", "ul", "pre", "blockquote", "hr"} & page.names


def test_markdown_says_what_a_row_of_backslashes_and_pipes_says() -> None:
    for cell in ("\\|", "\\\\|", "|", "||\\", "`|`"):
        found = replace(samples.flask(), differences=(Difference("env A", cell, "b", Weight.FAILS),))
        assert cell in shown_page(markdown.render([found])).code


@pytest.mark.parametrize("limit", [60_000, 20_000, 8_000, 3_000, 700, 30])
def test_markdown_keeps_to_its_limit(limit: int) -> None:
    found = [samples.hostile(), samples.flask(), samples.failing(), samples.many_layers()] * 3
    text = markdown.render(found, limit=limit, comparisons={"shop/Dockerfile": samples.choices()})
    assert 0 < len(text) <= limit
    assert "cut." in text
    assert shown_page(text).open == []


def test_markdown_cuts_lists_before_anything_else() -> None:
    found = samples.flask()
    assert found.files is not None
    groups = tuple(replace(found.files.gone[0], name=f"/srv/folder-{number}") for number in range(900))
    text = markdown.render([replace(found, files=replace(found.files, gone=groups))])
    assert "and 700 more, cut." in text
    assert "| image size |" in text


def test_markdown_puts_bases_side_by_side() -> None:
    text = markdown.render([], comparisons={"shop/Dockerfile": samples.choices()})
    assert "| base | size | layers | pull | build | rebuild | start | user | program |" in text
    assert "| slim<br><code>python:3.12-slim</code> | 176 MB | 16 | 5.0 s |" in text
    assert "✗ not built: RUN apt-get update failed" in text


@pytest.mark.parametrize("sample", ALL)
def test_the_page_is_whole_and_holds_only_its_own_elements(sample: object) -> None:
    assert callable(sample)
    text = html.render([sample()], comparisons={samples.HOSTILE[1]: samples.choices()})
    page = Page(text)
    assert page.open == []
    assert not {"img", "iframe", "object", "form", "a"} & page.names
    assert not {name for name in page.attributes if name.startswith("on")} | ({"style", "src"} & page.attributes)
    assert text.count("<script>") == 1
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", text)


def test_the_policy_of_the_page_names_its_style_and_its_script() -> None:
    text = html.render([samples.flask()])
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)[0].replace("&#39;", "'")
    for kind, element in (("style", "style"), ("script", "script")):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        assert f"{kind}-src 'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy


def test_the_page_without_times_of_steps_has_no_bars_of_the_rebuild() -> None:
    assert "rebuild-1" in html.render([samples.flask()])
    assert "rebuild-1" not in html.render([samples.node()])


def test_an_image_of_nothing_has_no_bar() -> None:
    found = samples.node()
    assert found.after is not None
    empty = replace(found.after, image=replace(found.after.image, layers=(), size=0))
    assert [bar.side for bar in bars.layers(replace(found, after=empty))] == ["before"]
    assert "<ol" not in html.render([replace(found, before=empty, after=empty)])


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ("[build 2/5] RUN [ -f a ] && COPY b", "run"),
        ("STEP 2/5: RUN npm ci", "run"),
        ("[1/2] STEP 3/7: COPY a b", "copy"),
        ("[3/6] ADD a b", "copy"),
        ("[internal] load build context", "other"),
        ("WORKDIR /app", "other"),
    ],
)
def test_a_step_is_known_by_its_instruction(step: str, kind: str) -> None:
    found = samples.flask()
    assert found.before is not None
    side = replace(found.before, rebuild=samples.build(1.0, [(step, 1.0, False)]))
    (bar,) = bars.rebuilds(replace(found, before=side, after=None))
    assert [part.kind for part in bar.parts] == [kind]


def test_progress_names_each_phase_once_in_a_log() -> None:
    stream = io.StringIO()
    with shown(Console(file=stream)) as told:
        for line in ("", "#1 [1/2] FROM debian:12", "#2 [2/2] RUN true"):
            told("build before", line)
        told("build after", "")
    assert stream.getvalue() == "build before\nbuild after\n"


@pytest.mark.parametrize(
    ("lines", "step"),
    [
        (["#5 [build 3/7] RUN pip install", "#6 [stage-1 2/3] RUN apt", "#5 0.5 Collecting"], "[build 3/7] RUN pip"),
        (["STEP 2/5: RUN npm ci", "added 312 packages"], "STEP 2/5: RUN npm ci"),
        (["[1/2] STEP 3/4: COPY . .", "--> 0f4e"], "[1/2] STEP 3/4: COPY"),
        (["#5 [build 3/7] RUN echo \x1b[2J[bold]é"], "[build 3/7] RUN echo [bold]"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_progress_shows_the_step_on_a_terminal(lines: list[str], step: str, encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with shown(Console(file=stream, force_terminal=True, width=60)) as told:
        told("build before", "#9 [gone 1/1] RUN gone")
        for line in lines:
            told("build after", line)
    stream.flush()
    text = stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).rpartition("build after: ")[2]
    assert last.startswith(step)
    assert "0:00:0" in last
    assert "gone" not in last


def test_a_scanner_that_says_nothing_says_why() -> None:
    note = "its database cannot be fetched"
    found = [replace(samples.flask(), scans=(Scan("grype 0.84.0", note=note),))]
    shown = (printed(*found), markdown.render(found), html.render(found), as_json.render(found))
    assert all(note in text for text in shown)
