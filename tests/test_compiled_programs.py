"""What is read out of Go and Rust sources: texts, calls, and the files that they name."""

from __future__ import annotations

import pytest

from rewriter.project.go import sources as go
from rewriter.project.named import names_in, outermost
from rewriter.project.rust import sources as rust

GO = """package main // import "example.org/old"

import (
	"C"
	tpl "html/template"
	_ "embed"
)

//go:embed pages/*.html "notes.txt"
var pages string

/* os.Open("commented") */
const quoted = `a "raw" string`

func main() {
	tpl.ParseFiles(filepath.Join("templates", "a.html"), '"')
	os.Open(name)
}
"""

RUST = """
// File::open("commented")
const RAW: &str = r#"a "raw" string"#;
const PAGE: &str = include_str!("page.html");
fn longest<'a>(x: &'a str) -> char { std::fs::read_to_string("rules.txt"); File::open(x); '"' }
"""


def test_go_imports_and_embeds() -> None:
    file = go.read(GO)
    assert file.package == "main"
    assert [text.value for text in file.imports] == ["C", "html/template", "embed"]
    assert file.names == (("tpl", "html/template"),)
    assert file.embeds == ("pages/*.html", "notes.txt")


def test_go_texts_and_calls() -> None:
    file = go.read(GO)
    assert [text.value for text in file.texts] == ['a "raw" string', "templates", "a.html"]
    calls = {call.name: (call.texts, call.literal, call.line) for call in file.calls}
    assert calls["tpl.ParseFiles"][0] == ("templates", "a.html")
    assert calls["os.Open"] == ((), False, 17)
    assert "main" not in [call.name for call in file.calls if call.texts]


def test_rust_texts_know_their_macro() -> None:
    texts = [(text.value, text.macro) for text in rust.read(RUST).texts]
    assert texts == [('a "raw" string', ""), ("page.html", "include_str"), ("rules.txt", "")]


def test_rust_calls() -> None:
    calls = {call.name: (call.texts, call.literal) for call in rust.read(RUST).calls}
    assert calls["fs::read_to_string"] == (("rules.txt",), True)
    assert calls["File::open"] == ((), False)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("templates/*.html", ["templates"]),
        ("locales/%s/page.json", ["locales"]),
        ("file://migrations", ["migrations"]),
        ('env:"CONFIG" default:"etc/app.yml"', ['env:"CONFIG" default:"etc/app.yml"', "CONFIG", "etc/app.yml"]),
        (".", []),
        ("../../etc/passwd", []),
    ],
)
def test_names_in(text: str, names: list[str]) -> None:
    assert list(names_in(text)) == names


def test_outermost() -> None:
    assert outermost(["/a/b/c", "/a/b/", "/a/bc"]) == ("/a/b/", "/a/bc")


@pytest.mark.parametrize(
    "text", ["/*" * 20_000, '"' * 20_001, "`" * 20_001, 'f("a",' * 20_000, ")" * 20_000, 'r#"' * 9_000]
)
def test_what_is_no_source_is_read_at_once(text: str) -> None:
    assert len(go.read(text).calls) + len(rust.read(text).calls) == 0
