"""The user's limits: how they are written, and whether an image keeps to them."""

from __future__ import annotations

import pytest

from rewriter.verify.engine import Build, Image, Layer, Settings
from rewriter.verify.limits import Limits, judge, share, size
from rewriter.verify.model import Gate, Scan, Side

MB = 1_000_000


def side(megabytes: float, layers: int = 1) -> Side:
    made = tuple(Layer("RUN x", 0) for _ in range(layers))
    image = Image("app", "sha256:1", made, round(megabytes * MB), None, Settings())
    return Side(image, Build(1.0, 0.0, ()))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("200MB", 200 * MB),
        ("200m", 200 * MB),
        ("200 mb", 200 * MB),
        (" 1.5GB ", 1_500 * MB),
        (".5g", 500 * MB),
        ("2TB", 2_000_000 * MB),
        ("10kB", 10_000),
        ("300MiB", 300 * 1024**2),
        ("300Mi", 300 * 1024**2),
        ("1.5gib", 3 * 1024**3 // 2),
        ("1048576", 1_048_576),
        ("12 bytes", 12),
        ("7B", 7),
    ],
)
def test_sizes(text: str, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "MB", "200XB", "-1MB", "0", "0MB", "1,5GB", "200iB", "1e9", "200MBit", "٣MB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"' is no size: write it like 200MB, 1\.5GB, 300MiB, or as a number of bytes"):
        size(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("50%", 0.5), ("50 %", 0.5), ("0.5", 0.5), (".25", 0.25), ("100%", 1), ("0", 0), ("12.5%", 0.125)],
)
def test_shares(text: str, number: float) -> None:
    assert share(text) == number


@pytest.mark.parametrize("text", ["", "half", "50", "101%", "-5%", "50%%", "%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match=r"' is no share of the size: write it like 50%, or 0\.5"):
        share(text)


@pytest.mark.parametrize(
    ("limits", "gate"),
    [
        (Limits(max_size=200 * MB), Gate("--max-size 200MB", "184.2 MB", True)),
        (Limits(max_size=round(184.2 * MB)), Gate("--max-size 184.2MB", "184.2 MB", True)),
        (Limits(max_size=184_199_999), Gate("--max-size 184199999B", "184.2 MB", False)),
        (Limits(max_size=150 * 1024**2), Gate("--max-size 150MiB", "184.2 MB", False)),
        (Limits(max_size=1_500_000_000), Gate("--max-size 1.5GB", "184.2 MB", True)),
        (Limits(min_saving=0.5), Gate("--min-saving 50%", "81.6 % (1 GB → 184.2 MB)", True)),
        (Limits(min_saving=0.9), Gate("--min-saving 90%", "81.6 % (1 GB → 184.2 MB)", False)),
        (Limits(min_saving=0.8158), Gate("--min-saving 81.58%", "81.6 % (1 GB → 184.2 MB)", True)),
        (Limits(max_layers=3), Gate("--max-layers 3", "3 layers", True)),
        (Limits(max_layers=2), Gate("--max-layers 2", "3 layers", False)),
    ],
)
def test_one_limit(limits: Limits, gate: Gate) -> None:
    assert judge(limits, side(1000), side(184.2, layers=3), ()) == (gate,)


def test_an_image_that_grew_saves_nothing() -> None:
    assert judge(Limits(min_saving=0), side(100), side(110), ()) == (
        Gate("--min-saving 0%", "larger by 10.0 % (100 MB → 110 MB)", False),
    )


def test_without_an_image_no_limit_holds() -> None:
    gates = judge(Limits(10, 0.1, 3, 0, 0), side(100), None, ())
    assert [(gate.name.split()[0], gate.holds) for gate in gates] == [
        ("--max-size", False),
        ("--min-saving", False),
        ("--max-layers", False),
        ("--max-critical", False),
        ("--max-high", False),
    ]
    assert judge(Limits(), None, None, ()) == ()


def test_vulnerabilities() -> None:
    one = Scan("trivy 0.57.0", {"critical": 9, "high": 40}, {"critical": 0, "high": 4})
    other = Scan("grype 0.87.0", {"critical": 8, "high": 41}, {"critical": 1, "high": 5})
    packages = Scan("syft 1.18.0", packages_gone=("deb gcc 12",))
    assert judge(Limits(max_critical=0, max_high=4), None, side(1), (one, packages)) == (
        Gate("--max-critical 0", "0 critical (trivy 0.57.0)", True),
        Gate("--max-high 4", "4 high (trivy 0.57.0)", True),
    )
    assert judge(Limits(max_critical=0, max_high=5), None, side(1), (one, other)) == (
        Gate("--max-critical 0", "0 critical (trivy 0.57.0), 1 critical (grype 0.87.0)", False),
        Gate("--max-high 5", "4 high (trivy 0.57.0), 5 high (grype 0.87.0)", True),
    )


def test_what_no_scanner_has_counted_does_not_hold() -> None:
    (gate,) = judge(Limits(max_high=100), side(1), side(1), (Scan("syft 1.18.0", packages_kept=("deb a 1",)),))
    assert gate == Gate("--max-high 100", "not counted: install trivy or grype, which count them", False)
    failed = Scan("trivy 0.57.0", note="trivy cannot fetch its database")
    (gate,) = judge(Limits(max_high=100), side(1), side(1), (failed,))
    assert gate == Gate("--max-high 100", "trivy cannot fetch its database", False)
    assert Limits(max_high=0).counts
    assert Limits(max_critical=0).counts
    assert not Limits(max_size=1).counts
