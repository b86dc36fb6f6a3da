"""What apt-get would no longer install: the builder of the tables, their reader, and the judgement."""

from __future__ import annotations

import json

import pytest

from rewriter.knowledge import apt_needed, apt_packages
from rewriter.knowledge import build_apt_table as builder
from rewriter.knowledge.apt_needed import advise, judge, known
from rewriter.knowledge.apt_packages import Dropped, dropped_without_recommends, nearest_release

INDEX = """
Package: libc6
Version: 2.36-9
Priority: required
Installed-Size: 100

Package: apt
Version: 2.6
Depends: libc6, merge-a | usr-is-merged
Installed-Size: 10

Package: merge-a
Version: 1
Depends: perl
Installed-Size: 1

Package: usr-is-merged
Version: 1
Installed-Size: 1

Package: perl
Version: 5.36
Recommends: netbase
Installed-Size: 300

Package: netbase
Version: 6
Installed-Size: 5

Package: git
Version: 1:2.39
Depends: libc6 (>= 2.34), perl, liba, git-man (<< 1:2.40)
Recommends: certs, less (>= 600), pager | less, ssh-client, gone
Description: a version control system
 with a long description
Installed-Size: 400

Package: git-man
Version: 1:2.39
Depends: liba
Installed-Size: 30

Package: liba
Version: 1
Pre-Depends: libb:any
Installed-Size: 2

Package: libb
Version: 1
Installed-Size: 3

Package: certs
Version: 1
Depends: liba, libcrypto
Recommends: extra
Installed-Size: 50

Package: libcrypto
Version: 3
Installed-Size: 60

Package: extra
Version: 1
Installed-Size: 7

Package: less
Version: 590
Installed-Size: 8

Package: openssh
Version: 9
Provides: ssh-client (= 9)
Depends: libb
Installed-Size: 90

Package: tinyssh
Version: 1
Depends: default-mailer | mailer
Installed-Size: 9

Package: sendmail
Version: 1
Provides: mailer
Installed-Size: 11

Package: postfix
Version: 1
Provides: mailer
Priority: extra
Installed-Size: 12

Package: g++
Version: 12
Recommends: headers
Installed-Size: 20

Package: headers
Version: 1
Installed-Size: 21
"""
NAMES = ("git", "tinyssh", "postfix", "g++", "ssh-client", "openssh", "perl")


@pytest.fixture(scope="module")
def index() -> dict[str, builder.Package]:
    return builder.read_index(INDEX.splitlines(keepends=True))


@pytest.fixture(scope="module")
def table(index: dict[str, builder.Package]) -> apt_packages.Table:
    return apt_packages.read_table(builder.build(index, NAMES, {"date": "2026-01-01"}))


def lost(table: apt_packages.Table, *requested: str, present: tuple[str, ...] = ()) -> tuple[str, ...]:
    return apt_packages.dropped(table, requested, present).packages


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.2", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0-1"),
        ("9", "1:1"),
        ("1.0-1", "1.0-1+b1"),
        ("1.0a", "1.0+"),
        ("2.39-0", "2.39.1-0"),
        ("1~~", "1~"),
    ],
)
def test_versions_are_ordered_as_dpkg_orders_them(older: str, newer: str) -> None:
    assert builder.compare_versions(older, newer) < 0
    assert builder.compare_versions(newer, older) > 0


def test_versions_that_differ_in_writing_only_are_equal() -> None:
    assert builder.compare_versions("0:1.01-0", "1.1") == 0


def test_relations_keep_alternatives_and_leave_out_other_architectures() -> None:
    assert builder.relations("a (>= 1) | b:any, c:i386, d:i386 | e") == (
        (builder.Relation("a", ">=", "1"), builder.Relation("b")),
        (builder.Relation("e"),),
    )


def test_a_clause_is_resolved_to_packages_that_exist_and_meet_it(index: dict[str, builder.Package]) -> None:
    nodes, virtual = builder.resolve(index)
    # `less (>= 600)` and `gone` cannot be had; `pager | less` can, and ssh-client is openssh's.
    assert nodes["git"].recommends == (("certs",), ("less",), ("openssh",))
    assert nodes["tinyssh"].depends == (("sendmail", "postfix"),)
    assert virtual == {"ssh-client": "openssh"}


def test_the_base_set_is_what_a_minimal_image_holds(index: dict[str, builder.Package]) -> None:
    nodes, _ = builder.resolve(index)
    assert builder.base_set(index, nodes) == {"libc6", "apt", "usr-is-merged"}


def test_dependencies_that_follow_from_others_are_left_out(index: dict[str, builder.Package]) -> None:
    nodes, _ = builder.resolve(index)
    reduced = builder.reduced(builder.restrict(nodes, ["git"], {"libc6"}))
    assert reduced["git"].depends == (("perl",), ("git-man",))
    assert builder.reachable(reduced, ["git"]) == builder.reachable(nodes, ["git"]) - {"libc6"}


def place(table: apt_packages.Table, name: str) -> int:
    found = table.find(name)
    assert found is not None
    assert table.name(found) == name
    return found


def test_reduction_keeps_a_cycle_together() -> None:
    cycle = {n: builder.Node(1, tuple((m,) for m in "abc" if m != n), ()) for n in "abc"}
    for start in "abc":
        assert builder.reachable(builder.reduced(cycle), [start]) == {"a", "b", "c"}


def test_a_table_built_from_its_own_names_is_the_same(index: dict[str, builder.Package]) -> None:
    first = builder.build(index, NAMES, {"date": "2026-01-01"})
    data = json.loads(first)
    names = {*data["names"].split(" "), *data["virtual"]}
    assert builder.build(index, names, {"date": "2026-01-01"}) == first


def test_recommended_packages_are_lost_with_what_only_they_need(table: apt_packages.Table) -> None:
    found = apt_packages.dropped(table, ["git"])
    assert found.packages == ("openssh", "libcrypto", "certs", "less", "extra", "netbase")
    assert found.size == 90 + 60 + 50 + 8 + 7 + 5
    assert found.unknown == ()
    assert found.recommended == {"openssh", "certs", "less", "netbase"}


def test_what_is_requested_or_was_there_before_is_not_lost(table: apt_packages.Table) -> None:
    assert lost(table, "git", "openssh", "less") == ("libcrypto", "certs", "extra", "netbase")
    assert lost(table, "git", present=("certs", "perl")) == ("openssh", "less")
    assert lost(table, "git", present=("git",)) == ()


def test_an_alternative_that_is_requested_is_the_one_taken(table: apt_packages.Table) -> None:
    assert lost(table, "tinyssh") == ()
    assert apt_packages._closure(table, [place(table, "tinyssh")], (), recommends=True) == {
        place(table, "tinyssh"),
        place(table, "sendmail"),
    }
    both = [place(table, "tinyssh"), place(table, "postfix")]
    assert apt_packages._closure(table, both, (), recommends=True) == set(both)


@pytest.mark.parametrize("word", ["git", "git=1:2.*", "git/stable", "git:amd64", "git+"])
def test_an_operand_means_its_plain_name(table: apt_packages.Table, word: str) -> None:
    assert apt_packages.dropped(table, [word]) == apt_packages.dropped(table, ["git"])


def test_a_name_that_ends_with_a_plus_is_a_name(table: apt_packages.Table) -> None:
    assert lost(table, "g++") == ("headers",)


def test_removals_and_base_packages_lose_nothing_and_are_known(table: apt_packages.Table) -> None:
    assert apt_packages.dropped(table, ["git-", "libc6", "apt"]) == Dropped((), 0, (), frozenset())


@pytest.mark.parametrize("word", ["nothere", "./git.deb", "git:i386", "$PACKAGES", "gi*", "standard^"])
def test_what_the_table_cannot_know_is_reported(table: apt_packages.Table, word: str) -> None:
    found = apt_packages.dropped(table, ["less", word])
    assert found.unknown == (word,)
    assert found.packages == ()


def test_a_virtual_package_is_its_only_provider(table: apt_packages.Table) -> None:
    assert "openssh" not in lost(table, "git", "ssh-client")


def test_tables_are_there_with_their_dates() -> None:
    assert {"bullseye", "bookworm", "trixie"} <= set(apt_packages.releases())
    for release in apt_packages.releases():
        assert "2025-01-01" < apt_packages.table_date(release) < "2100-01-01"
    assert dropped_without_recommends("potato", ["git"]) is None
    with pytest.raises(KeyError):
        apt_packages.table_date("potato")


@pytest.mark.parametrize("release", ["bullseye", "bookworm", "trixie"])
def test_what_git_recommends(release: str) -> None:
    found = dropped_without_recommends(release, ["git"])
    assert found is not None
    assert {"ca-certificates", "less", "patch", "openssh-client"} <= found.recommended
    assert "openssl" in found.packages
    assert "git-man" not in found.packages
    assert found.size > 5_000
    assert found.unknown == ()


def test_the_real_table_agrees_with_apt_itself() -> None:
    # What `apt-get --simulate install gnupg` lists more than with --no-install-recommends, on a minimal bookworm.
    found = dropped_without_recommends("bookworm", ["gnupg"])
    assert found is not None
    assert set(found.packages) == {"libgpm2", "libldap-common", "libsasl2-modules", "libssl3"}
    found = dropped_without_recommends("bookworm", ["gcc"])
    assert found is not None
    assert {"libc6-dev", "libc-devtools", "manpages", "manpages-dev", "libgd3", "libx11-6"} <= set(found.packages)
    assert {"binutils", "gcc-12", "libgcc-12-dev"}.isdisjoint(found.packages)


@pytest.mark.parametrize(
    ("distribution", "release", "nearest"),
    [
        ("debian", "bookworm", "bookworm"),
        ("debian", "12", "bookworm"),
        ("Debian", "12.5", "bookworm"),
        ("debian", "buster", "bullseye"),
        ("debian", "stable", None),
        ("debian", None, None),
        ("ubuntu", "jammy", "bookworm"),
        ("ubuntu", "22.04", "bookworm"),
        ("ubuntu", "24.04", "trixie"),
        ("ubuntu", "focal", "bullseye"),
        ("ubuntu", "18.04.6", "bullseye"),
        ("ubuntu", "bookworm", None),
        ("debian", "jammy", None),
        ("alpine", "3.20", None),
    ],
)
def test_the_nearest_release(distribution: str, release: str | None, nearest: str | None) -> None:
    assert nearest_release(distribution, release) == nearest


def test_a_verdict_covers_each_dropped_package_once() -> None:
    recommended = ("ca-certificates", "manpages", "mystery")
    verdict = judge(["curl"], Dropped((*recommended, "libcrypto"), 4, (), frozenset(recommended)))
    # As long as one package is doubtful, so is what may only serve it.
    assert verdict == apt_needed.Verdict(("ca-certificates",), ("manpages",), ("mystery", "libcrypto"))


def test_what_only_serves_unneeded_packages_goes_with_them() -> None:
    verdict = judge(["gcc"], Dropped(("libgd3", "libc-devtools"), 2, (), frozenset(("libc-devtools",))))
    assert verdict == apt_needed.Verdict((), ("libgd3", "libc-devtools"), ())


def test_commands_and_libraries_of_other_programs_matter_even_where_carried() -> None:
    dropped = Dropped(("libgl1", "python3", "fonts-dejavu-core", "libc-devtools"), 4, (), frozenset(("libc-devtools",)))
    verdict = judge(["gcc"], dropped)
    assert verdict.add == ("python3",)
    assert verdict.doubtful == ("libgl1", "fonts-dejavu-core")


def test_a_fact_may_hold_beside_some_packages_only() -> None:
    dropped = Dropped(("libsasl2-modules",), 1, (), frozenset(("libsasl2-modules",)))
    assert judge(["libsasl2-dev=2.1*"], dropped).add == ("libsasl2-modules",)
    assert judge(["curl"], dropped).unneeded == ("libsasl2-modules",)
    assert (known("xauth", ["xvfb"]) or ("", ""))[0] == "keep"
    assert known("mystery", ["git"]) is None


def test_advice_follows_what_is_named() -> None:
    advice = advise("bookworm", ["git"])
    assert advice is not None
    dropped, verdict = advice
    assert {"ca-certificates", "openssh-client", "patch"} <= set(verdict.add)
    assert {"less", "xauth", "publicsuffix"} <= set(verdict.unneeded)
    assert verdict.doubtful == ()
    # openssl stays as a dependency of ca-certificates.
    assert "openssl" not in dropped.packages + verdict.add
    assert set(verdict.unneeded) == set(dropped.packages)
    assert advise("potato", ["git"]) is None


def test_what_is_named_is_in_the_newest_release() -> None:
    newest = apt_packages.read_table((apt_packages._TABLES / f"{apt_packages.releases()[-1]}.json").read_text("utf-8"))
    names = {name for entry in apt_needed.entries()["keep"] for name in entry.packages}
    assert {name for name in names if newest.find(name) is None and name not in newest.base} == set()


def test_each_entry_gives_its_reason() -> None:
    assert set(apt_needed.entries()) == set(apt_needed.KINDS)
    for found in apt_needed.entries().values():
        assert all(entry.packages and len(entry.reason) > 20 for entry in found)
