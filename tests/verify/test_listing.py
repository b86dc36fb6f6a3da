"""Reading an image's file system from a stream."""

from __future__ import annotations

import io
import tarfile

import pytest

from rewriter.verify.contents.elf import Linked
from rewriter.verify.contents.listing import read

from .archives import FOLDER, File, elf, image, listing, script

STATUS = """Package: curl
Status: install ok installed
Architecture: amd64
Version: 7.88.1-10
Description: a tool
 with a long text

Package: gone
Status: deinstall ok config-files
Version: 1

Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2
"""


def test_members() -> None:
    found = listing(
        {
            "/app": FOLDER,
            "/app/a.txt": File(b"hello", 0o640, 1000, 100),
            "/app/again.txt": File(hard="/app/a.txt", mode=0o640, uid=1000, gid=100),
            "/app/link": File(link="a.txt"),
            "/deep/below/b.txt": "x",
        }
    ).files
    assert (found["/app/a.txt"].kind, found["/app/a.txt"].mode) == ("file", 0o640)
    assert (found["/app/a.txt"].uid, found["/app/a.txt"].gid, found["/app/a.txt"].size) == (1000, 100, 5)
    assert found["/app/again.txt"].same(found["/app/a.txt"])
    assert (found["/app/a.txt"].takes, found["/app/again.txt"].takes) == (5, 0)
    assert (found["/app/link"].kind, found["/app/link"].content) == ("link", "a.txt")
    assert found["/deep"].kind == found["/deep/below"].kind == "folder"
    assert not found["/deep/below/b.txt"].same(found["/app/a.txt"])


def test_a_stream_that_ends_too_early() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("file")
        member.size = 5000
        archive.addfile(member, io.BytesIO(bytes(5000)))
    short = io.BytesIO(stream.getvalue()[:2000])
    with tarfile.open(fileobj=short, mode="r|") as archive, pytest.raises((tarfile.TarError, OSError)):
        read(archive)


def test_links_are_followed() -> None:
    tree = listing(
        {
            "/lib": File(link="usr/lib"),
            "/usr/lib/x/libz.so.1": "z",
            "/usr/lib/x/libz.so": File(link="libz.so.1"),
            "/opt/up": File(link="../lib/x"),
            "/round": File(link="/round/about"),
            "/broken": File(link="/lib/nothing/here"),
        }
    ).tree
    assert tree.resolve("/lib/x/libz.so") == "/usr/lib/x/libz.so.1"
    assert tree.resolve("/opt/up/libz.so") == "/usr/lib/x/libz.so.1"
    assert tree.resolve("/round") is None
    assert tree.missing("/broken") == "/usr/lib/nothing/here"
    assert tree.missing("/opt/up/libz.so") is None
    assert tree.placed("/lib/x/libz.so") == "/usr/lib/x/libz.so"


def test_programs_and_scripts() -> None:
    found = listing(
        {
            "/usr/bin/tool": elf(
                "libc.so.6", "libz.so.1", interpreter="/lib64/ld.so", runpath="$ORIGIN/../lib:/opt/lib"
            ),
            "/usr/bin/also": File(hard="/usr/bin/tool", mode=0o755),
            "/usr/lib/libold.so": elf("libc.so.6", rpath="/opt/old"),
            "/usr/bin/static": File(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0" + bytes(46), 0o755),
            "/usr/lib/damaged.so": File(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0" + b"\xff" * 60),
            "/app/run": script("#! /usr/bin/env python3 -u\n"),
            "/app/text": "#!/bin/sh\n",
        }
    )
    tool = Linked("/lib64/ld.so", ("libc.so.6", "libz.so.1"), ("$ORIGIN/../lib", "/opt/lib"))
    assert found.linked == {
        "/usr/bin/tool": tool,
        "/usr/bin/also": tool,
        "/usr/lib/libold.so": Linked("", ("libc.so.6",), ("/opt/old",), inherited=True),
    }
    assert found.interpreters == {"/app/run": "/usr/bin/env python3 -u"}


def test_programs_by_path() -> None:
    found = listing(
        {
            "/usr/bin/tool": script("#!/bin/sh\n"),
            "/app/tool": script("#!/bin/sh\n"),
            "/usr/local/bin/tool": "not executable",
        }
    )
    assert found.which("tool", image().settings) == "/usr/bin/tool"
    assert found.which("tool", image(PATH="/app:/usr/bin").settings) == "/app/tool"
    assert found.which("./tool", image(workdir="/app").settings) == "/app/tool"
    assert found.which("other", image().settings) is None


def test_accounts() -> None:
    found = listing({"/etc/passwd": "root:x:0:0::/:\napp:x:10001:10001::/:\n", "/etc/group": "wheel:x:0:\n"})
    assert found.users() == {0: "root", 10001: "app"}
    assert found.groups() == {0: "wheel"}


def test_debian_packages() -> None:
    found = listing(
        {
            "/lib": File(link="usr/lib"),
            "/usr/lib/libz.so.1": "z",
            "/usr/bin/curl": "c",
            "/var/lib/dpkg/status": STATUS,
            "/var/lib/dpkg/info/curl.list": "/.\n/usr\n/usr/bin\n/usr/bin/curl\n/usr/share/doc/not-there\n",
            "/var/lib/dpkg/info/curl.postinst": "",
            "/var/lib/dpkg/info/zlib1g:amd64.list": "/lib\n/lib/libz.so.1\n",
        }
    )
    assert [(each.name, each.version) for each in found.packages] == [("curl", "7.88.1-10"), ("zlib1g", "1:1.2")]
    owners = {path: package.name for path, package in found.owners.items()}
    assert owners == {
        "/usr/bin/curl": "curl",
        "/usr/lib/libz.so.1": "zlib1g",
        "/var/lib/dpkg/info/curl.list": "curl",
        "/var/lib/dpkg/info/curl.postinst": "curl",
        "/var/lib/dpkg/info/zlib1g:amd64.list": "zlib1g",
    }


def test_packages_of_a_distroless_image() -> None:
    found = listing(
        {
            "/usr/share/zoneinfo/UTC": "u",
            "/var/lib/dpkg/status.d/tzdata": "Package: tzdata\nVersion: 2024a\n",
            "/var/lib/dpkg/status.d/tzdata.md5sums": "0123456789abcdef0123456789abcdef  usr/share/zoneinfo/UTC\n",
        }
    )
    assert [(each.manager, each.name, each.version) for each in found.packages] == [("deb", "tzdata", "2024a")]
    assert found.owners["/usr/share/zoneinfo/UTC"].name == "tzdata"


def test_alpine_packages() -> None:
    found = listing(
        {
            "/bin/busybox": "b",
            "/lib/apk/db/installed": "C:Q1\nP:busybox\nV:1.36.1-r5\nF:bin\nR:busybox\nZ:Q1\n\nP:musl\nV:1.2\nF:lib\n",
        }
    )
    assert [(each.name, each.version) for each in found.packages] == [("busybox", "1.36.1-r5"), ("musl", "1.2")]
    assert found.owners["/bin/busybox"].name == "busybox"


def test_python_packages() -> None:
    site = "/usr/local/lib/python3.12/site-packages"
    found = listing(
        {
            f"{site}/Flask-3.0.0.dist-info/METADATA": "Name: Flask\nVersion: 3.0.0\nRequires-Dist: Jinja2>=3\n\nName: ",
            f"{site}/Flask-3.0.0.dist-info/RECORD": "flask/app.py,,\n../../../bin/flask,sha256=x,1\n",
            f"{site}/flask/app.py": "",
            f"{site}/flask/__pycache__/app.cpython-312.pyc": "",
            "/usr/local/bin/flask": "",
            f"{site}/old.egg-info/PKG-INFO": "Name: old\nVersion: 1\n",
            f"{site}/old.egg-info/installed-files.txt": "../old.py\n",
            f"{site}/old.py": "",
        }
    )
    flask, old = found.packages
    assert (flask.manager, flask.name, flask.version, flask.root, flask.needs) == (
        *("pip", "flask", "3.0.0"),
        *(site, ("Jinja2>=3",)),
    )
    assert {path for path, package in found.owners.items() if package is flask} == {
        f"{site}/Flask-3.0.0.dist-info",
        f"{site}/Flask-3.0.0.dist-info/METADATA",
        f"{site}/Flask-3.0.0.dist-info/RECORD",
        f"{site}/flask/app.py",
        f"{site}/flask/__pycache__/app.cpython-312.pyc",
        "/usr/local/bin/flask",
    }
    assert found.owners[f"{site}/old.py"] is old


def test_node_packages() -> None:
    found = listing(
        {
            "/app/package.json": '{"name": "app", "version": "1"}',
            "/app/node_modules/a/package.json": '{"version": "1.0.0", "dependencies": {"b": "^2", "c": "1"}, '
            '"optionalDependencies": {"c": "1"}}',
            "/app/node_modules/a/node_modules/b/package.json": '{"version": "2.0.0"}',
            "/app/node_modules/a/node_modules/b/index.js": "",
            "/app/node_modules/@s/d/package.json": '{"version": "3.0.0"}',
            "/app/node_modules/a/broken/node_modules/e/package.json": "{",
        }
    )
    packages = {each.name: each for each in found.packages}
    assert {name: each.version for name, each in packages.items()} == {"a": "1.0.0", "b": "2.0.0", "@s/d": "3.0.0"}
    assert packages["a"].needs == ("b",)
    assert packages["a"].root == packages["b"].root == "/app/node_modules"
    assert found.owners["/app/node_modules/a/node_modules/b/index.js"] is packages["a"]
    assert "/app/package.json" not in found.owners


def test_damaged_metadata_is_passed_over() -> None:
    found = listing(
        {
            "/app/node_modules/a/package.json": '{"version": "1", "dependencies": 5, "optionalDependencies": 7}',
            "/app/node_modules/b/package.json": "[" * 100_000,
            "/app/vendor/composer/installed.json": '{"packages": 3}',
            "/site/x-1.dist-info/METADATA": b"Name: x\nVersion: \xff\n",
            "/site/x-1.dist-info/RECORD": '"' + "x" * 200_000,
            "/site/y-1.dist-info/METADATA": "nothing",
            "/usr/lib/ruby/specifications/z-1.gemspec": "Gem::Specification.new",
            "/etc/passwd": "broken\n:::\n",
        }
    )
    assert [each.name for each in found.packages] == ["x", "a"]
    assert found.users() == {}


def test_packages_of_ruby_and_php() -> None:
    gems = "/usr/local/bundle"
    found = listing(
        {
            f"{gems}/specifications/nokogiri-1.16.0-x86_64-linux.gemspec": "# -*- encoding: utf-8 -*-\n"
            "# stub: nokogiri 1.16.0 x86_64-linux lib\n",
            f"{gems}/gems/nokogiri-1.16.0-x86_64-linux/lib/nokogiri.rb": "",
            "/app/vendor/composer/installed.json": '{"packages": [{"name": "monolog/monolog", "version": "3.5.0", '
            '"install-path": "../monolog/monolog"}, {"name": 1}]}',
            "/app/vendor/monolog/monolog/src/Logger.php": "",
        }
    )
    assert [(each.manager, each.name, each.version) for each in found.packages] == [
        ("gem", "nokogiri", "1.16.0"),
        ("composer", "monolog/monolog", "3.5.0"),
    ]
    assert found.owners[f"{gems}/gems/nokogiri-1.16.0-x86_64-linux/lib/nokogiri.rb"].name == "nokogiri"
    assert found.owners["/app/vendor/monolog/monolog/src/Logger.php"].name == "monolog/monolog"
