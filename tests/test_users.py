"""What code shows of files, ports and root: one line of code, one answer."""

from __future__ import annotations

import pytest

from rewriter.users import values_python, writes_node, writes_python, writes_text
from rewriter.users.code import Code, Surroundings

AROUND = Surroundings("/srv", {"DATA": "/data"}, ("python", "main.py"))


def python(text: str, *others: tuple[str, str], file: str = "shop/app.py") -> Code:
    modules = [values_python.Module(code, name, f"/srv/{name}") for name, code in ((file, text), *others)]
    return writes_python.read(values_python.Values(modules, AROUND))


def node(text: str, file: str = "src/server.js") -> Code:
    code = Code()
    writes_node.Reader(writes_node.Module(text, file, f"/srv/{file}"), AROUND, code).read()
    return code


def places(code: Code) -> list[str | None]:
    return [write.place for write in code.writes if not write.free]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('open("a/b.txt", "w")', ["a"]),
        ('open("b.txt", mode="a")', ["."]),
        ('open("b.txt")', []),
        ('from loguru import logger\nlogger.add("logs/app.log", rotation="1 day")', ["logs"]),
        ("import loguru\nimport sys\nloguru.logger.add(sys.stderr)\nloguru.logger.add(lambda line: print(line))", []),
        ('open("b.txt", "rb")', []),
        ('open("/tmp/x", "w")', []),
        ('import os\nos.makedirs(os.path.join(os.path.dirname(__file__), "cache"))', ["/srv/shop/cache"]),
        ('from os import makedirs as make\nmake("up/loads")', ["up/loads"]),
        (
            'from pathlib import Path\n(Path(__file__).resolve().parents[1] / "log" / "a.log").write_text("")',
            ["/srv/log"],
        ),
        ('from pathlib import Path\nBASE = Path("x")\n(BASE / name).mkdir()', ["x"]),
        ('import os\nopen(os.environ["DATA"] + "/a", "w")', ["/data"]),
        ('import os\nopen(os.getenv("OTHER", "var/a"), "w")', ["var"]),
        ('import os\nopen(os.environ["OTHER"], "w")', [None]),
        ('import sys\nopen(sys.argv[1], "w")', [None]),
        ('def save(path):\n    open(path, "w")', [None]),
        ('path = "a/b"\nfor path in names:\n    open(path, "w")', [None]),
        ('open(f"out/{name}.csv", "w")', ["out"]),
        ('open("out/%s.csv" % name, "w")', ["out"]),
        ('open("out/{}.csv".format(name), "w")', ["out"]),
        ('import tempfile, os\nopen(os.path.join(tempfile.mkdtemp(), "x"), "w")', []),
        ('from pathlib import Path\n(Path.home() / ".cache").mkdir()', []),
        ('import shutil\nshutil.copy("a", "kept/b")', ["kept"]),
        ('URL = "sqlite:///data/x.db"', ["data"]),
        ('URL = "sqlite:////var/db/x.db"', ["/var/db"]),
        ('URL = "sqlite://"', []),
        ('URL = "sqlite:///:memory:"', []),
        ('DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db/x"}}', ["db"]),
        ('DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "x"}}', []),
        ('H = {"class": "logging.FileHandler", "filename": "log/x.log"}', ["log"]),
        ('MEDIA_ROOT = "media"', ["media"]),
        ('if __name__ == "__main__":\n    open("dump", "w")', []),
        ("x = webbrowser.open(url)", []),
        ('from werkzeug.datastructures import FileStorage\nfile.save("up/x")', ["up"]),
        ("form.save(commit)", []),
    ],
)
def test_python_writes(text: str, found: list[str | None]) -> None:
    assert places(python(text)) == found


def test_python_names_of_other_modules() -> None:
    settings = ("shop/settings.py", 'import os\nUPLOADS = os.path.join("up", "loads")\n')
    assert places(python('from shop.settings import UPLOADS\nopen(UPLOADS + "/a", "w")', settings)) == ["up/loads"]
    assert places(python('open(config.UPLOADS + "/a", "w")', settings)) == ["up/loads"]
    assert places(python('open(uploads + "/a", "w")', settings)) == [None]
    twice = ("shop/other.py", 'UPLOADS = "elsewhere"\n')
    assert places(python('open(config.UPLOADS + "/a", "w")', settings, twice)) == [None]


def test_python_flask_instance() -> None:
    package = ("shop/__init__.py", "from flask import Flask\nimport flask_sqlalchemy\napp = Flask(__name__)\n")
    assert places(python('URL = "sqlite:///x.db"', package)) == ["/srv/instance", "/srv/instance"]


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ('app.run(host="0.0.0.0", port=80)', 80),
        ('import os\napp.run(port=int(os.environ.get("PORT", 5000)))', 5000),
        ("app.run(port=port)", None),
        ('HTTPServer(("", 8000), Handler)', 8000),
    ],
)
def test_python_ports(text: str, port: int | None) -> None:
    assert [found.number for found in python(text).ports] == [port]


def test_python_root_and_other_programs() -> None:
    assert python("import os\nos.setuid(1000)").root
    assert python("import subprocess\nsubprocess.run(['ffmpeg'])").doubts
    assert not python("run(['ffmpeg'])").doubts


def test_python_takes_no_long_time() -> None:
    text = "a = a + a\n" * 300 + 'open(a, "w")\n' + "x = " + "+".join(["y"] * 500)
    assert places(python(text)) == [None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('const fs = require("fs"); fs.writeFileSync("a/b", x)', ["a"]),
        ('import { writeFile } from "node:fs/promises"; await writeFile("a/b", x)', ["a"]),
        ('import fs from "fs"; fs.promises.mkdir("up")', ["up"]),
        ('const fs = require("fs"); fs.readFileSync("a/b")', []),
        ('const fs = require("fs"); fs.mkdirSync(path.join(__dirname, "..", "up"))', ["/srv/up"]),
        ('const fs = require("fs"); const d = process.env.DATA || "x"; fs.mkdirSync(d)', ["/data"]),
        ('const fs = require("fs"); fs.mkdirSync(`${process.cwd()}/logs`)', ["/srv/logs"]),
        ('const fs = require("fs"); fs.writeFileSync(`out/${name}.json`, x)', ["out"]),
        ('const fs = require("fs"); function f(p) { fs.writeFileSync(p, x) }', [None]),
        ('const fs = require("fs"); fs.writeFileSync(path.join(os.tmpdir(), "x"), y)', []),
        ('res.writeFile("a/b")', []),
        ('multer({ dest: "uploads/" })', ["uploads"]),
        ('pino(pino.destination("log/a.log"))\npino(pino.destination(1))', ["log"]),
        ('pino({ transport: { target: "pino/file", options: { destination: "/logs/a.log" } } })', ["/logs"]),
        ('multer.diskStorage({ destination: function (req, file, done) { done(null, "up") } })', ["up"]),
        ('multer.diskStorage({ destination(req, file, done) { done(null, "up") } })', ["up"]),
        ('new winston.transports.File({ filename: "log/a.log" })', ["log", "log"]),
        ('const db = new sqlite3.Database("data/x.db")', ["data"]),
        ('module.exports = { connection: { filename: "./data/dev.sqlite3" } }', ["data"]),
        ('new Sequelize("sqlite:data/x.sqlite")', ["data"]),
        ('file.mv("up/" + file.name)', ["up"]),
    ],
)
def test_node_writes(text: str, found: list[str | None]) -> None:
    assert places(node(text)) == found


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("app.listen(80)", 80),
        ("const port = process.env.PORT || 3000; app.listen(port, () => {})", 3000),
        ("server.listen({ port: 8080 })", 8080),
        ("app.listen(port)", None),
    ],
)
def test_node_ports(text: str, port: int | None) -> None:
    assert [found.number for found in node(text).ports] == [port]


def test_typescript() -> None:
    assert places(node('import fs from "fs"; fs.mkdirSync(<string>"up" as string)', "a.ts")) == [None]
    assert places(node('import fs from "fs"; fs.mkdirSync("up" as string)', "a.ts")) == ["up"]


def test_node_takes_no_long_time() -> None:
    assert not node("a" + ".b()" * 20_000).writes


@pytest.mark.parametrize(
    ("language", "line", "found"),
    [
        ("go", 'f, err := os.Create("data/x")', ["data"]),
        ("go", "f, err := os.Create(path)", [None]),
        ("go", 'os.MkdirAll(filepath.Join(os.TempDir(), "x"), 0o755)', []),
        ("go", "f, err := os.OpenFile(path, os.O_RDONLY, 0)", []),
        ("go", '// os.Create("x")', []),
        ("go", 'db, err := sql.Open("sqlite3", "file:var/x.db?cache=shared")', ["var"]),
        ("go", 'db, err := sql.Open("sqlite3", ":memory:")', []),
        ("rust", 'let f = File::create("out/x")?;', ["out"]),
        ("java", 'Files.writeString(Path.of("out/x"), text);', ["out"]),
        ("java", 'new File("out/x").mkdirs();', ["out/x"]),
        ("java", "folder.mkdirs();", [None]),
        ("java", 'new FileOutputStream("out/x");', ["out"]),
        ("ruby", 'File.open("out/x", "w") do |f|', ["out"]),
        ("ruby", 'File.open("out/x") do |f|', []),
        ("php", "file_put_contents('out/x', $y);", ["out"]),
        ("dotnet", 'File.WriteAllText("out/x", text);', ["out"]),
    ],
)
def test_lines_of_other_languages(language: str, line: str, found: list[str | None]) -> None:
    endings = {"java": "x.java", "dotnet": "x.cs"}
    assert places(writes_text.read(line, endings.get(language, "x"), language)) == found


def test_settings_of_java_and_dotnet() -> None:
    properties = writes_text.read("logging.file.name=logs/a.log\nserver.port=80", "src/application.properties", "java")
    assert places(properties) == ["logs"]
    assert [port.number for port in properties.ports] == [80]
    assert places(writes_text.read('"Db": "Data Source=data/x.db"', "appsettings.json", "dotnet")) == ["data"]
    assert places(writes_text.read('"Db": "Data Source=data/x.db"', "package.json", "dotnet")) == []
