"""Files that the program could need and that are gone: each kind is found, and what nobody needs is not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rewriter.verify.contents.lost import find
from rewriter.verify.contents.tree import within
from rewriter.verify.engine import Image

from .archives import FOLDER, File, elf, image, listing, script

Files = Mapping[str, str | bytes | File]
LIB = "/usr/lib/x86_64-linux-gnu"
LOADER = "/lib64/ld-linux-x86-64.so.2"
SITE = "/usr/local/lib/python3.12/site-packages"
PROGRAM: Files = {"/usr/bin/prog": elf(interpreter=LOADER), LOADER: elf()}


def lost(before: Files, after: Files, old: Image | None = None, new: Image | None = None) -> dict[str, str]:
    old = old or image("prog", workdir="/app")
    return {each.path: each.why for each in find(listing(before), listing(after), old, new or old)}


def without(files: Files, *paths: str) -> dict[str, str | bytes | File]:
    """The files but for those at or below `paths`."""
    return {path: file for path, file in files.items() if not any(within(path, each) for each in paths)}


# What is started


@pytest.mark.parametrize(
    "words",
    [
        ("server", "--port", "80"),
        ("/usr/local/bin/server",),
        ("/bin/sh", "-c", "exec server --port $PORT"),
        ("tini", "--", "server"),
        ("gosu", "app", "server"),
        ("start.sh", "server"),
        ("/bin/sh", "/app/migrate.sh"),
    ],
)
def test_the_program_that_is_started(words: tuple[str, ...]) -> None:
    before = {
        "/usr/local/bin/server": script("#!/bin/sh\n"),
        "/usr/local/bin/start.sh": script('#!/bin/sh\nset -e\necho hello\nexec "$@"\n'),
        "/app/migrate.sh": script("#!/bin/sh\nif true; then server migrate; fi\n"),
        "/usr/bin/tini": script(""),
        "/usr/bin/gosu": script(""),
        "/bin/sh": elf(),
    }
    started = image(*words, workdir="/app")
    assert lost(before, before, started) == {}
    found = lost(before, without(before, "/usr/local/bin/server"), started)
    assert list(found) == ["/usr/local/bin/server"]
    assert found["/usr/local/bin/server"].startswith("a program that is run by ")


def test_a_program_that_neither_image_has_is_no_loss() -> None:
    assert lost({"/app/x": ""}, {"/app/x": ""}, image("prog")) == {}


def test_a_start_command_that_is_new_and_names_nothing() -> None:
    files = {"/usr/bin/python3": script("")}
    assert lost(files, files, image("python3"), image("pyhton3")) == {
        "pyhton3": "a program that is run by the start command"
    }


def test_the_program_of_a_healthcheck() -> None:
    before = PROGRAM | {"/usr/bin/curl": script(""), "/bin/sh": elf()}
    asked = image("prog", healthcheck=("CMD-SHELL", "curl -f http://localhost/ || exit 1"))
    assert lost(before, without(before, "/usr/bin/curl"), asked) == {
        "/usr/bin/curl": "a program that is run by the HEALTHCHECK"
    }


def test_a_file_that_the_command_names() -> None:
    before = PROGRAM | {"/app/main.lua": "x", "/etc/prog.conf": "y"}
    started = image("prog", "main.lua", "--config=/etc/prog.conf", workdir="/app")
    found = lost(before, without(before, "/app/main.lua", "/etc/prog.conf"), started)
    assert found["/etc/prog.conf"] == "a file that is named by the start command"
    assert found["/app/main.lua"].startswith("a file that is named by the start command")


# Libraries and loaders


def test_a_library() -> None:
    before = {"/usr/bin/prog": elf("libpq.so.5", interpreter=LOADER), LOADER: elf(), f"{LIB}/libpq.so.5": elf()}
    after = without(before, f"{LIB}/libpq.so.5")
    assert lost(before, after) == {f"{LIB}/libpq.so.5": "a library that is loaded by /usr/bin/prog"}
    assert lost(before, before | {"/usr/lib/libpq.so.5": elf()}) == {}


def test_a_library_of_a_library() -> None:
    before = PROGRAM | {
        f"{SITE}/psycopg2/_psycopg.so": elf("libpq.so.5"),
        f"{LIB}/libpq.so.5": File(link="libpq.so.5.15"),
        f"{LIB}/libpq.so.5.15": elf("libldap.so.2"),
        f"{LIB}/libldap.so.2": elf(),
    }
    assert lost(before, without(before, f"{LIB}/libldap.so.2")) == {
        f"{LIB}/libldap.so.2": f"a library that is loaded by {LIB}/libpq.so.5.15"
    }


def test_a_library_for_what_lies_elsewhere_now() -> None:
    before = PROGRAM | {f"{SITE}/x/_x.so": elf("libx.so.1"), f"{LIB}/libx.so.1": elf()}
    after = PROGRAM | {"/opt/venv/x/_x.so": elf("libx.so.1")}
    assert list(lost(before, after)) == [f"{LIB}/libx.so.1"]


@pytest.mark.parametrize(
    ("program", "library", "env"),
    [
        pytest.param(elf("libx.so", runpath="$ORIGIN/../lib"), "/app/lib/libx.so", {}, id="runpath"),
        pytest.param(elf("libx.so", rpath="${ORIGIN}/private"), "/app/bin/private/libx.so", {}, id="rpath"),
        pytest.param(elf("libx.so"), "/opt/x/libx.so", {"LD_LIBRARY_PATH": "/opt/y:/opt/x"}, id="environment"),
        pytest.param(elf("libx.so"), "/usr/local/lib/libx.so", {}, id="cache"),
        pytest.param(elf("libx.so"), "/lib64/libx.so", {}, id="standard"),
    ],
)
def test_where_libraries_are_found(program: File, library: str, env: dict[str, str]) -> None:
    cache = b"ld.so-1.7.0\0\0\0/usr/local/lib/libx.so\0libx.so\0"
    before = {"/app/bin/prog": program, library: elf(), "/etc/ld.so.cache": cache}
    started = image("bin/prog", workdir="/app", **env)
    assert lost(before, before, started) == {}
    found = lost(before, without(before, library), started)
    assert found[library].startswith("a library that is loaded by /app/bin/prog")


def test_a_library_that_was_never_found_is_no_loss() -> None:
    before = PROGRAM | {"/app/node_modules/x/musl.node": elf("libc.musl-x86_64.so.1"), f"{LIB}/libz.so": elf()}
    assert lost(before, without(before, f"{LIB}/libz.so")) == {}


def test_libraries_of_the_distribution_s_packages_are_left_to_them() -> None:
    status = "Package: plugin\nStatus: install ok installed\nVersion: 1\n"
    before = PROGRAM | {
        f"{LIB}/plugin.so": elf("libx.so.1"),
        f"{LIB}/libx.so.1": elf(),
        "/var/lib/dpkg/status": status,
        "/var/lib/dpkg/info/plugin.list": f"{LIB}/plugin.so\n",
    }
    assert lost(before, without(before, f"{LIB}/libx.so.1")) == {}


def test_tkinter_may_lack_its_library() -> None:
    tkinter = "/usr/local/lib/python3.12/lib-dynload/_tkinter.cpython-312-x86_64-linux-gnu.so"
    before = PROGRAM | {tkinter: elf("libtk8.6.so"), f"{LIB}/libtk8.6.so": elf()}
    assert lost(before, without(before, f"{LIB}/libtk8.6.so")) == {}


def test_the_loader() -> None:
    assert lost(PROGRAM, without(PROGRAM, LOADER)) == {LOADER: "the loader that starts /usr/bin/prog"}


def test_a_loader_that_neither_image_has() -> None:
    before = PROGRAM
    after = {"/usr/bin/prog2": elf(interpreter="/lib/ld-musl-x86_64.so.1")}
    found = lost(before, after, image("prog"), image("prog2"))
    assert found == {"/lib/ld-musl-x86_64.so.1": "the loader that starts /usr/bin/prog2"}


# Scripts and links


@pytest.mark.parametrize("line", ["#!/usr/bin/python3", "#! /usr/bin/env python3", "#!/usr/bin/env -S python3 -u"])
def test_an_interpreter(line: str) -> None:
    before = PROGRAM | {"/usr/local/bin/tool": script(f"{line}\n"), "/usr/bin/env": elf(), "/usr/bin/python3": elf()}
    assert lost(before, before) == {}
    assert lost(before, without(before, "/usr/bin/python3")) == {
        "/usr/bin/python3": "the interpreter of /usr/local/bin/tool"
    }


def test_an_environment_without_its_python() -> None:
    python = "/usr/local/bin/python3.12"
    before = PROGRAM | {python: elf(), "/usr/local/bin/gunicorn": script(f"#!{python}\n")}
    after = PROGRAM | {
        "/opt/venv/bin/python": File(link=python),
        "/opt/venv/bin/gunicorn": script("#!/opt/venv/bin/python\n"),
    }
    found = lost(before, after, image("gunicorn"), image("gunicorn", PATH="/opt/venv/bin:/usr/bin"))
    why = "the interpreter of /opt/venv/bin/gunicorn; what is linked to by /opt/venv/bin/python"
    assert found == {python: why}


def test_scripts_that_nobody_runs() -> None:
    before = PROGRAM | {
        "/bin/bash": elf(),
        "/usr/local/lib/node_modules/npm/tool.sh": script("#!/bin/bash\n"),
        "/app/tests/run.sh": script("#!/bin/bash\n"),
        "/app/not-executable.sh": "#!/bin/bash\n",
        "/usr/share/x/run": script("#!/bin/bash\n"),
    }
    assert lost(before, without(before, "/bin/bash")) == {}
    run = before | {"/app/backup": script("#!/bin/bash\n")}
    assert lost(run, without(run, "/bin/bash")) == {"/bin/bash": "the interpreter of /app/backup"}


def test_links() -> None:
    before = PROGRAM | {
        "/app/current": File(link="/opt/releases/1"),
        "/opt/releases/1/a": "",
        "/usr/local/bin/yarn": File(link="../../../opt/yarn/bin/yarn"),
        "/opt/yarn/bin/yarn": "",
        "/app/never": File(link="/nowhere"),
        "/usr/share/other": File(link="/opt/yarn/bin"),
    }
    assert lost(before, without(before, "/opt")) == {
        "/opt/releases/1": "what is linked to by /app/current",
        "/opt/yarn/bin/yarn": "what is linked to by /usr/local/bin/yarn",
    }


# Packages of a language


def distribution(site: str, name: str, *requires: str) -> Files:
    needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
    return {f"{site}/{name}-1.0.dist-info/METADATA": f"Name: {name}\nVersion: 1.0\n{needs}"}


def test_a_distribution_that_another_one_requires() -> None:
    before = PROGRAM | distribution(SITE, "flask", "jinja2>=3") | distribution(SITE, "Jinja2")
    assert lost(before, PROGRAM | distribution(SITE, "flask", "jinja2>=3")) == {
        f"{SITE}/Jinja2-1.0.dist-info": f"required by the Python package flask ({SITE})"
    }


@pytest.mark.parametrize(
    "requirement",
    [
        "extra1; extra == 'async'",
        "extra1; python_version < '3.8'",
        "extra1; sys_platform == 'win32'",
        "not a requirement!",
    ],
)
def test_requirements_that_do_not_hold(requirement: str) -> None:
    before = PROGRAM | distribution(SITE, "flask", requirement) | distribution(SITE, "extra1")
    assert lost(before, PROGRAM | distribution(SITE, "flask", requirement)) == {}


def test_an_environment_does_not_see_the_packages_beside_it() -> None:
    venv = "/opt/venv/lib/python3.12/site-packages"
    before = PROGRAM | distribution(SITE, "flask", "jinja2") | distribution(SITE, "jinja2")
    after = PROGRAM | distribution(venv, "flask", "jinja2") | distribution(SITE, "jinja2")
    alone = after | {"/opt/venv/pyvenv.cfg": "home = /usr/local/bin\ninclude-system-site-packages = false\n"}
    shared = after | {"/opt/venv/pyvenv.cfg": "include-system-site-packages = true\n"}
    assert list(lost(before, alone)) == [f"{SITE}/jinja2-1.0.dist-info"]
    assert lost(before, shared) == lost(before, after) == {}


def test_a_module_that_another_one_depends_on() -> None:
    before = PROGRAM | {
        "/app/package.json": '{"dependencies": {"a": "1", "fsevents": "1"}, "devDependencies": {"c": "1"}}',
        "/app/node_modules/a/package.json": '{"version": "1", "dependencies": {"b": "1"}}',
        "/app/node_modules/b/package.json": '{"version": "1"}',
        "/app/node_modules/c/package.json": '{"version": "1"}',
    }
    assert lost(before, without(before, "/app/node_modules/c")) == {}
    assert lost(before, without(before, "/app/node_modules/b")) == {"/app/node_modules/b": "a dependency of a"}
    found = lost(before, without(before, "/app/node_modules"))
    assert found == {"/app/node_modules/a": "a dependency of /app/package.json"}
    nested = without(before, "/app/node_modules/b") | {
        "/app/node_modules/a/node_modules/b/package.json": '{"version": "2"}'
    }
    assert lost(before, nested) == {}


def test_the_standalone_output_of_next_has_the_modules_that_it_uses() -> None:
    before = PROGRAM | {
        "/app/package.json": '{"dependencies": {"a": "1"}}',
        "/app/node_modules/a/package.json": '{"version": "1"}',
        "/app/.next/BUILD_ID": "x",
    }
    assert lost(before, without(before, "/app/node_modules")) == {}


# The application's own files


APPLICATION: Files = PROGRAM | {
    "/app/main.py": "m",
    "/app/templates/base.html": "b",
    "/app/templates/mail/hello.txt": "t",
    "/app/locale/de/LC_MESSAGES/django.mo": "l",
    "/app/config.yaml": "c",
}


UNREAD = (
    "README.md", "Dockerfile", "docker-compose.yml", ".github/workflows/ci.yml", ".gitignore", "go.mod",
    "go.sum", "main.go", "Cargo.toml", "src/lib.rs", "pom.xml", "src/main/java/App.java",
    "src/main/resources/application.properties", "App.csproj", "Program.cs", "package-lock.json",
    "tsconfig.json", "src/index.ts", "tests/data.json", "docs/index.html", "__tests__/a.html", "poetry.lock",
    "requirements.txt", "pyproject.toml", "setup.cfg", "Makefile", ".env.example", "jest.config.js", "yarn.lock",
    "k8s/deploy.yaml", "main.c", "target/x.json", "spec/a.rb", "app_test.go", ".venv/x.py", "LICENSE.txt",
)  # fmt: skip


def test_files_of_the_application() -> None:
    after = without(APPLICATION, "/app/templates", "/app/config.yaml", "/app/locale")
    behind = "which its program may read when it runs"
    assert lost(APPLICATION, after) == {
        "/app/templates": f"templates of the application (base.html), {behind}; "
        f"data of the application (mail/hello.txt), {behind}",
        "/app/config.yaml": f"settings of the application, {behind}",
        "/app/locale": f"translations of the application (de/LC_MESSAGES/django.mo), {behind}",
    }


def test_files_that_only_people_and_build_tools_read() -> None:
    before = APPLICATION | {f"/app/{name}": name for name in UNREAD} | {"/app/empty.html": ""}
    assert lost(before, APPLICATION) == {}


def test_files_that_were_moved() -> None:
    after = {path.replace("/app/", "/srv/"): file for path, file in APPLICATION.items()}
    assert lost(APPLICATION, after, None, image("prog", workdir="/srv")) == {}


def test_sources_that_a_build_script_makes_into_something_else() -> None:
    before = PROGRAM | {
        "/app/package.json": '{"scripts": {"build": "vite build"}}',
        "/app/index.html": "i",
        "/app/src/main.js": "m",
        "/app/src/style.css": "s",
        "/app/views/page.pug": "v",
        "/app/server.js": "x",
        "/app/dist/index.html": "d",
    }
    after = without(before, "/app/src", "/app/index.html")
    assert lost(before, after) == {}
    assert list(lost(before, without(after, "/app/views"))) == ["/app/views"]
    assert lost(before, PROGRAM | {"/usr/share/nginx/html/index.html": "d"}) == {}


def test_files_that_are_compiled_into_the_program() -> None:
    before = PROGRAM | {
        "/app/main.go": "package main\n\n//go:embed static templates/*.html\nvar files embed.FS\n",
        "/app/web/web.rs": 'const X: &str = include_str!("../page.html");\n',
        "/app/static/site.css": "s",
        "/app/templates/a.html": "a",
        "/app/page.html": "p",
        "/app/other/b.html": "b",
    }
    assert list(lost(before, PROGRAM)) == ["/app/other"]


def test_an_empty_folder_that_the_program_may_write_to() -> None:
    before = APPLICATION | {"/app/uploads": FOLDER, "/var/empty": FOLDER, "/app/tests/out": FOLDER}
    assert lost(before, APPLICATION) == {"/app/uploads": "an empty folder of the application, which it may write to"}


def test_what_copy_brought_lies_in_the_application_too() -> None:
    before = PROGRAM | {"/srv/site/page.html": "p", "/opt/other/page.html": "o", "/etc/x.conf": "e"}
    steps = ("COPY . /srv/site/ # buildkit", "COPY --chown=1:1 a.conf /etc/x.conf", "COPY --from=build /x /opt/other")
    assert list(lost(before, PROGRAM, image("prog", steps=steps))) == ["/srv/site/page.html"]


# What all programs share


def test_certificate_authorities_and_time_zones() -> None:
    shared: Files = {"/etc/ssl/certs/ca-certificates.crt": "c", "/usr/share/zoneinfo/UTC": "u"}
    before = PROGRAM | {"/usr/bin/node": elf(), "/usr/bin/tini": elf()} | shared
    after = without(before, *shared)
    assert list(lost(before, after)) == ["/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo"]
    assert lost(before, after, image("tini", "--", "node", "x.js")) == {}
    elsewhere = after | {"/etc/ssl/cert.pem": "c"} | distribution(SITE, "tzdata")
    assert lost(before, elsewhere) == {}


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("app", []),
        ("1000:1000", []),
        ("", []),
        ("web", ["it has no entry for the user web: no container can be started"]),
        ("10001", ["it has no entry for the user 10001: programs that ask for their name or home fail"]),
    ],
)
def test_the_entry_of_the_user(user: str, expected: list[str]) -> None:
    files = PROGRAM | {"/etc/passwd": "root:x:0:0\napp:x:1000:1000\n"}
    found = lost(files, files, image("prog"), image("prog", user=user))
    assert list(found.values()) == expected
