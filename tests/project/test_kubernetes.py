"""What Kubernetes manifests say about the containers of a Dockerfile's image."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewriter import Level, Options, Project, rewrite
from rewriter.project import kubernetes

POD = """\
spec:
  containers:
    - name: web
      image: example.org/shop/till:1.4
      livenessProbe:
        exec:
          command: ["curl", "-f", "http://localhost:8000/"]
      readinessProbe:
        exec:
          command:
            - /bin/sh
            - -c
            - wget -q localhost
      volumeMounts:
        - mountPath: "/data"
          name: data
  volumes:
    - name: data
      persistentVolumeClaim: {claimName: data}
"""


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.fixture
def till(tmp_path: Path) -> Project:
    """The service `till` of a repository of several."""
    put(tmp_path, ".git/HEAD", "")
    put(tmp_path, "k8s/till.yaml", POD)
    put(tmp_path, "k8s/other.yaml", POD.replace("till", "other"))
    put(tmp_path, "docs/till.yaml", POD)
    (tmp_path / "till").mkdir()
    return Project(tmp_path / "till")


def test_probes(till: Project) -> None:
    assert [(words, str(fact).partition(": ")[0]) for words, fact in kubernetes.probes(till)] == [
        ("curl -f http://localhost:8000/", "../k8s/till.yaml:7"),
        ("/bin/sh -c wget -q localhost", "../k8s/till.yaml:10"),
    ]


def test_mounts(till: Project, tmp_path: Path) -> None:
    assert [path for path, _ in kubernetes.mounts(till)] == ["/data"]
    put(tmp_path, "k8s/till.yaml", POD + "  securityContext:\n    fsGroup: 10001\n")
    assert list(kubernetes.mounts(Project(tmp_path / "till"))) == []
    put(tmp_path, "k8s/till.yaml", POD.replace("persistentVolumeClaim", "configMap"))
    assert list(kubernetes.mounts(Project(tmp_path / "till"))) == []


def test_image_that_helm_names(tmp_path: Path) -> None:
    put(tmp_path, ".git/HEAD", "")
    put(tmp_path, "charts/app/templates/web.yaml", POD.replace("example.org/shop/till:1.4", "{{ .Values.image }}"))
    assert len(list(kubernetes.probes(Project(tmp_path)))) == 2
    put(tmp_path, "charts/app/templates/web.yaml", POD.replace("example.org/shop/till:1.4", "redis:7"))
    assert list(kubernetes.probes(Project(tmp_path))) == []


def test_what_is_made_of_it(till: Project, tmp_path: Path) -> None:
    """The slim image gets what the probes run, and the volume keeps the program root's."""
    put(tmp_path, "till/app.py", "import http.server\nhttp.server.HTTPServer(('', 8000), None).serve_forever()\n")
    put(tmp_path, "till/requirements.txt", "flask==3.0.3\n")
    text = (
        "FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
        'COPY app.py .\nEXPOSE 8000\nCMD ["python", "app.py"]\n'
    )
    result = rewrite(text, Project(tmp_path / "till"), Options(level=Level.STANDARD)).after.text
    assert "FROM python:3.12-slim\n" in result
    assert " curl " in result
    assert " wget " in result
    assert "USER" not in result
