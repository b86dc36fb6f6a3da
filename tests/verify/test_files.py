"""How the files of two images differ."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rewriter.verify.contents.files import compare
from rewriter.verify.model import FileChanges, Group, Owners

from .archives import FOLDER, File, image, listing

Files = Mapping[str, str | bytes | File]
SITE = "/usr/local/lib/python3.12/site-packages"
VENV = "/opt/venv/lib/python3.12/site-packages"


def changes(before: Files, after: Files) -> FileChanges:
    return compare(listing(before), listing(after), image("prog"), image("prog"))


def named(groups: tuple[Group, ...]) -> list[tuple[str, str, int, int]]:
    return [(each.what, each.name, each.files, each.size) for each in groups]


def debian(**packages: tuple[str, Files]) -> dict[str, str | bytes | File]:
    """Debian packages: the version and the files of each."""
    found: dict[str, str | bytes | File] = {}
    status = ""
    for name, (version, files) in packages.items():
        status += f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
        found |= files
        found[f"/var/lib/dpkg/info/{name}.list"] = "".join(f"{path}\n" for path in files)
    return found | {"/var/lib/dpkg/status": status}


def python(site: str, name: str, version: str, body: str = "code") -> dict[str, str | bytes | File]:
    about = f"{site}/{name}-{version}.dist-info"
    return {
        f"{site}/{name}/__init__.py": body,
        f"{about}/METADATA": f"Name: {name}\nVersion: {version}\n",
        f"{about}/RECORD": f"{name}/__init__.py,,\n{name}-{version}.dist-info/METADATA,,\n",
    }


def node(folder: str, name: str, body: str = "code") -> dict[str, str | bytes | File]:
    path = f"{folder}/node_modules/{name}"
    return {f"{path}/package.json": f'{{"name": "{name}", "version": "1.0.0"}}', f"{path}/index.js": body}


def test_nothing_differs() -> None:
    files = {"/app/a": "a", "/etc/passwd": "root:x:0:0\n"} | debian(curl=("1", {"/usr/bin/curl": "c"}))
    assert changes(files, files) == FileChanges()


def test_packages_that_went_are_told_by_their_names_the_largest_first() -> None:
    kept = debian(curl=("1", {"/usr/bin/curl": "c"}))
    more: Files = {"/usr/bin/gcc": "x" * 900, "/usr/lib/gcc/cc1": "y" * 1100}
    before = debian(curl=("1", {"/usr/bin/curl": "c"}), gcc=("12", more), make=("4", {"/usr/bin/make": "m" * 50}))
    found = changes(before, kept)
    listed = len("/usr/bin/gcc\n/usr/lib/gcc/cc1\n")
    assert named(found.gone) == [
        ("package", "deb gcc", 3, 2000 + listed),
        ("package", "deb make", 2, 50 + len("/usr/bin/make\n")),
    ]
    assert found.gone[0].examples == ("/usr/lib/gcc/cc1", "/usr/bin/gcc", "/var/lib/dpkg/info/gcc.list")


def test_packages_that_came() -> None:
    found = changes({"/bin/sh": ""}, {"/bin/sh": ""} | python(VENV, "pip", "24.0"))
    assert [(each.what, each.name, each.files) for each in found.new] == [("package", "pip pip 24.0", 3)]


def test_an_image_without_a_record_of_its_packages_still_has_their_files() -> None:
    before = debian(zlib=("1", {"/usr/lib/libz.so": "z" * 100, "/usr/share/doc/zlib/a": "d"}))
    found = changes(before, {"/usr/lib/libz.so": "z" * 100, "/usr/share/doc/zlib/a": "d"})
    assert not any(each.what == "package" for each in found.gone)


def test_a_system_whose_folders_are_not_merged_has_the_same_files() -> None:
    before = debian(libc6=("2.36", {"/usr/lib/x/libc.so.6": "c", "/usr/bin/ldd": "l"})) | {"/lib": File(link="usr/lib")}
    found = changes(before, {"/lib/x/libc.so.6": "c", "/bin/ldd": "l"})
    assert [each.name for each in found.gone] == ["/var/lib/dpkg (Debian's record of packages)"]
    assert found.new == ()


def test_manuals_that_a_kept_package_lacks_are_told_by_their_folder() -> None:
    whole: Files = {"/usr/bin/curl": "c", "/usr/share/man/man1/curl.1.gz": "m" * 10, "/usr/share/doc/curl/NEWS": "n"}
    before = debian(curl=("1", whole))
    found = changes(before, {path: file for path, file in before.items() if not path.startswith("/usr/share/")})
    assert named(found.gone) == [
        ("folder", "/usr/share/man (manuals)", 1, 10),
        ("folder", "/usr/share/doc (documentation)", 1, 1),
    ]


def test_another_version_is_a_change() -> None:
    found = changes(python(SITE, "flask", "3.0.0", "old"), python(SITE, "flask", "3.0.1", "newer"))
    assert [each.name for each in found.changed] == ["pip flask 3.0.0 → 3.0.1"]
    assert (found.gone, found.new) == ((), ())


def test_another_place_is_a_change() -> None:
    before = python(SITE, "flask", "3.0.0") | python(SITE, "jinja2", "3.1.0")
    after = python(VENV, "flask", "3.0.0") | python(VENV, "jinja2", "3.1.0")
    found = changes(before, after)
    assert [(each.name, each.files) for each in found.changed] == [(f"pip: 2 packages moved from {SITE} to {VENV}", 6)]
    assert (found.gone, found.new) == ((), ())


def test_one_of_two_copies_is_new() -> None:
    before = python(SITE, "pip", "26.0")
    found = changes(before, python(SITE, "pip", "23.2") | python(VENV, "pip", "26.0"))
    assert [each.name for each in found.changed] == ["pip pip 26.0 → 23.2"]
    assert [each.name for each in found.new] == ["pip pip 26.0"]


def test_changed_files_of_the_same_version() -> None:
    found = changes(python(SITE, "flask", "3.0.0", "a"), python(SITE, "flask", "3.0.0", "bb"))
    assert named(found.changed) == [("package", "pip flask 3.0.0, the same version", 1, 2)]


def test_all_packages_of_a_folder_are_one_group() -> None:
    names = ["a", "b", "c", "d", "e"]
    before = {path: text for name in names for path, text in node("/app", name).items()}
    found = changes(before | {"/app/main.js": ""}, {"/app/main.js": ""})
    assert [(each.what, each.name, each.files) for each in found.gone] == [
        ("package", "npm: all 5 packages of /app/node_modules", 10)
    ]
    found = changes(before, node("/app", "a"))
    assert sorted(each.name for each in found.gone) == [f"npm {name} 1.0.0" for name in names[1:]]


def test_the_highest_folder_that_went() -> None:
    before = {"/opt/tool/bin/a": "aaa", "/opt/tool/lib/b": "b", "/opt/kept": "", "/opt/single": "ss"}
    found = changes(before, {"/opt/kept": ""})
    assert named(found.gone) == [("folder", "/opt/tool", 2, 4), ("file", "/opt/single", 1, 2)]
    assert found.gone[0].examples == ("/opt/tool/bin/a", "/opt/tool/lib/b")


def test_many_small_files_of_a_folder_are_one_group_and_a_large_one_stays_apart() -> None:
    small = {f"/etc/part{i}/file": "x" for i in range(9)}
    found = changes(small | {"/etc/large": "y" * 100, "/etc/kept": ""}, {"/etc/kept": ""})
    assert named(found.gone) == [("file", "/etc/large", 1, 100), ("folder", "/etc (in part)", 9, 9)]


def test_caches_are_named() -> None:
    before = {
        "/root/.cache/pip/wheel": "w" * 30,
        "/var/lib/apt/lists/main": "l" * 20,
        "/home/app/.cache/x": "c" * 10,
        "/var/cache/apt/pkgcache.bin": "b",
        "/bin/sh": "",
        "/root/x": "",
        "/var/lib/x": "",
    }
    found = changes(before, {"/bin/sh": "", "/root/x": "", "/var/lib/x": ""})
    assert named(found.gone) == [
        ("folder", "/home/app/.cache, /root/.cache (caches of a user)", 2, 40),
        ("folder", "/var/lib/apt (apt's lists)", 1, 20),
        ("folder", "/var/cache (caches)", 1, 1),
    ]


def test_compiled_python_belongs_to_its_source() -> None:
    package = {"/usr/lib/python3/yaml.py": "p"}
    before = debian(yaml=("1", package)) | {"/usr/lib/python3/__pycache__/yaml.cpython-311.pyc": "c" * 9}
    found = changes(before | {"/bin/sh": ""}, {"/bin/sh": "", "/var/lib/dpkg/status": ""})
    assert [(each.name, each.files) for each in found.gone] == [("deb yaml", 3)]


def test_what_each_build_writes_anew_is_one_group() -> None:
    paths = ["/var/log/dpkg.log", "/etc/ld.so.cache", "/app/__pycache__/a.pyc", "/var/lib/dpkg/status-old"]
    before = dict.fromkeys(paths, "a") | {"/app/a.py": "1"}
    found = changes(before, dict.fromkeys(paths, "b") | {"/app/a.py": "2"})
    assert [(each.what, each.files) for each in found.changed] == [("folder", 4), ("file", 1)]
    assert found.changed[1].name == "/app/a.py"


def test_a_link_that_leads_elsewhere_is_changed() -> None:
    found = changes({"/opt/now": File(link="one")}, {"/opt/now": File(link="two")})
    assert named(found.changed) == [("file", "/opt/now", 1, 0)]


def test_a_further_hard_link_takes_no_room() -> None:
    before = {"/opt/git/git": "g" * 100, "/opt/git/add": File(hard="/opt/git/git"), "/bin/sh": ""}
    assert named(changes(before, {"/bin/sh": ""}).gone) == [("folder", "/opt", 2, 100)]


def test_names_that_are_no_text_can_be_shown() -> None:
    found = changes({"/opt/\udcff": "x", "/opt/a": ""}, {"/opt/a": ""})
    assert found.gone[0].name == "/opt/\\xff"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(File(uid=0), File(uid=10001), "root → app", id="user"),
        pytest.param(File(uid=0), File(uid=4), "root → 4", id="user without a name"),
        pytest.param(File(gid=0), File(gid=7), "group 0 → 7", id="group"),
        pytest.param(File(mode=0o644), File(mode=0o755), "0644 → 0755", id="permissions"),
    ],
)
def test_owners(before: File, after: File, expected: str) -> None:
    passwd = {"/etc/passwd": "root:x:0:0\napp:x:10001:10001\n"}
    found = changes(passwd | {"/app/a": before, "/app/b": "b"}, passwd | {"/app/a": after, "/app/b": "b"})
    assert found.owners == (Owners("/app/a", expected, 1),)


def test_owners_of_a_whole_folder() -> None:
    def files(uid: int) -> Files:
        folder = File(mode=0o755, uid=uid, folder=True)
        inside = {f"/app/sub/{name}": File(uid=uid) for name in "abc"}
        return {"/app": FOLDER, "/app/kept": "", "/app/sub": folder, **inside}

    assert changes(files(0), files(1000)).owners == (Owners("/app/sub", "0 → 1000", 4),)


def test_permissions_of_what_was_written_anew_do_not_count() -> None:
    assert changes({"/app/a": File(b"1", 0o600)}, {"/app/a": File(b"2", 0o644)}).owners == ()
