"""Where the code of a server shows an address that says whether it works."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter.project.context import Project
from rewriter.project.health import route


@pytest.mark.parametrize(
    ("language", "name", "text", "expected"),
    [
        (
            "python",
            "a.py",
            'import flask\napp = flask.Flask("a")\napp.add_url_rule("/api/health", view_func=f)\n',
            "/api/health",
        ),
        ("python", "a.py", 'app = FastAPI()\n@app.get("/ping")\n@app.get("/healthz")\ndef f(): ...\n', "/healthz"),
        ("python", "a.py", 'app = APIRouter()\n@app.get("/health")\ndef f(): ...\n', None),
        ("python", "a.py", 'app = FastAPI()\n@app.get(f"/{x}/health")\ndef f(): ...\n', None),
        ("python", "a.py", 'app = FastAPI()\n@app.get("/health"\n', None),
        ("node", "a.ts", 'const app: Express = express();\napp.get("/livez", ok);\n', "/livez"),
        ("node", "a.js", 'const app = require("fastify")({ logger: true });\napp.get("/health", ok);\n', "/health"),
        ("node", "a.js", 'const app = new Hono();\napp.get("/health", ok);\n', "/health"),
        ("node", "a.js", 'const app = express();\napp.get("/health");\n', None),
        ("node", "a.js", 'if (req.url === "/healthz") res.end();\n', "/healthz"),
        ("node", "a.js", 'fetch("/health");\n', None),
        ("go", "a.go", 'func main() {\n\tr := gin.Default()\n\tr.GET("/health", ok)\n}\n', "/health"),
        ("go", "a.go", 'func f(r *gin.RouterGroup) {\n\tr.GET("/health", ok)\n}\n', None),
        ("go", "a.go", '\t// http.HandleFunc("/health", ok)\n', None),
        ("java", "build.gradle", "'b:spring-boot-starter-web'\n'b:spring-boot-starter-actuator'\n", "/actuator/health"),
        ("java", "build.gradle", "'b:spring-boot-starter-actuator'\n", None),
        ("ruby", "config/routes.rb", 'R.draw do\n  get "up" => "rails/health#show", as: :up\nend\n', "/up"),
    ],
)
def test_route(tmp_path: Path, language: str, name: str, text: str, expected: str | None) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    found = route(Project(tmp_path), ["."], language)
    assert (found and found.path) == expected


def test_tests_and_other_folders_do_not_count(tmp_path: Path) -> None:
    for name in ("tests/a.go", "web/a.go", "node_modules/a.go"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text('http.HandleFunc("/health", ok)\n')
    assert route(Project(tmp_path), ["tests", "node_modules"], "go") is None
    found = route(Project(tmp_path), ["web"], "go")
    assert found is not None
    assert str(found.evidence) == "web/a.go:1: answers GET /health"
