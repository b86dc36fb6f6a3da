"""Images in a file: small ones, written here as BuildKit writes them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rewriter.verify.engine import Layer
from rewriter.verify.engines.archive import Archive
from rewriter.verify.trouble import Trouble

CONFIG = {
    "User": "10001",
    "WorkingDir": "/app",
    "Env": ["PATH=/usr/bin", "EMPTY="],
    "Cmd": ["/app/run"],
    "ExposedPorts": {"80/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "/app/run", "--check"]},
    "Shell": ["/bin/sh", "-ec"],
}


def folder(name: str, mode: int = 0o755) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    return info, b""


def file(name: str, content: bytes = b"", **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return file(name, type=tarfile.LNKTYPE, linkname=target)


def written(
    path: Path,
    layers: Sequence[Sequence[tuple[tarfile.TarInfo, bytes]]],
    history: Sequence[Mapping[str, Any]] = (),
    *,
    compressed: bool = True,
) -> Archive:
    """Write an archive with these layers, from the base up."""
    blobs = [_tar(members) for members in layers]
    stored = [gzip.compress(blob, mtime=0) if compressed else blob for blob in blobs]
    config = json.dumps({"config": CONFIG, "history": list(history)}).encode()
    names = [f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}" for blob in (*stored, config)]
    manifest = json.dumps([{"Config": names[-1], "RepoTags": ["a:b"], "Layers": names[:-1]}]).encode()
    contents = dict(zip(names, (*stored, config), strict=True)) | {"manifest.json": manifest}
    path.write_bytes(_tar([file(name, content) for name, content in contents.items()]))
    return Archive(path)


def _tar(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def seen(archive: Archive) -> dict[str, bytes | str]:
    """What lies at each path: the content of a file, also of a hard link, else the kind and where a link points to."""
    found: dict[str, bytes | str] = {}
    with archive.files() as files:
        for member in files:
            content = files.extractfile(member) if member.isreg() else None
            if content is not None:
                found[member.name] = content.read()
            elif member.islnk():
                found[member.name] = found[member.linkname]
            else:
                found[member.name] = "folder" if member.isdir() else f"-> {member.linkname}"
    return found


def test_an_image_has_its_layers_with_their_steps_and_both_sizes(tmp_path: Path) -> None:
    layers = [[file("a", b"0" * 5000)], [folder("d"), file("d/b", b"1" * 100)]]
    history = [
        {"created_by": "ADD rootfs.tar / # buildkit"},
        {"created_by": "ENV A=b", "empty_layer": True},
        {"created_by": "RUN /bin/sh -c mkdir d &&\t echo b > d/b # buildkit"},
    ]
    image = written(tmp_path / "i.tar", layers, history).image("a:b")
    sizes = [len(_tar(members)) for members in layers]
    assert image.tag == "a:b"
    assert image.layers == (Layer("ADD rootfs.tar /", sizes[0]), Layer("RUN mkdir d && echo b > d/b", sizes[1]))
    assert image.size == sum(sizes)
    assert image.compressed == sum(len(gzip.compress(_tar(members), mtime=0)) for members in layers)
    assert image.id.startswith("sha256:")


def test_a_layer_that_is_there_twice_is_pulled_once(tmp_path: Path) -> None:
    layer = [file("a", b"0" * 5000)]
    image = written(tmp_path / "i.tar", [layer, layer]).image("a:b")
    assert image.size == 2 * len(_tar(layer))
    assert image.compressed == len(gzip.compress(_tar(layer), mtime=0))


def test_what_a_pull_transfers_is_not_known_of_layers_without_compression(tmp_path: Path) -> None:
    image = written(tmp_path / "i.tar", [[file("a", b"0")]], compressed=False).image("a:b")
    assert image.compressed is None
    assert image.size == len(_tar([file("a", b"0")]))


def test_the_settings_are_those_of_the_configuration(tmp_path: Path) -> None:
    settings = written(tmp_path / "i.tar", []).image("a:b").settings
    assert (settings.user, settings.workdir, settings.cmd) == ("10001", "/app", ("/app/run",))
    assert settings.env == {"PATH": "/usr/bin", "EMPTY": ""}
    assert settings.ports == {"80/tcp"}
    assert settings.healthcheck == ("CMD", "/app/run", "--check")
    assert settings.shell == ("/bin/sh", "-ec")


def test_an_image_without_layers_has_no_files(tmp_path: Path) -> None:
    archive = written(tmp_path / "i.tar", [])
    assert seen(archive) == {}
    assert archive.image("a:b").size == 0


def test_layers_are_laid_over_one_another(tmp_path: Path) -> None:
    base = [folder("etc/"), file("./etc/a", b"old"), file("etc/b", b"b"), file("gone", b"x"), file("etc/l", b"l")]
    above = [
        folder("etc"),
        file("etc/a", b"new"),
        file(".wh.gone"),
        file("etc/l", type=tarfile.SYMTYPE, linkname="/etc/a"),
        file("ü x", b"u"),
    ]
    archive = written(tmp_path / "i.tar", [base, above])
    assert seen(archive) == {"etc": "folder", "etc/a": b"new", "etc/b": b"b", "etc/l": "-> /etc/a", "ü x": b"u"}


@pytest.mark.parametrize(
    "marks",
    [
        [folder("d"), file("d/.wh..wh..opq"), file("d/new", b"n")],
        [folder("d"), file("d/new", b"n"), file("d/.wh..wh..opq")],
        [file(".wh.d"), folder("d"), file("d/new", b"n")],
        [folder("d"), file("d/.wh.a"), file("d/.wh.s"), file("d/new", b"n")],
    ],
)
def test_a_folder_that_was_emptied_keeps_what_came_after(
    tmp_path: Path, marks: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    base = [folder("d"), file("d/a", b"a"), folder("d/s"), file("d/s/t", b"t"), file("da", b"da")]
    archive = written(tmp_path / "i.tar", [base, marks])
    assert seen(archive) == {"d": "folder", "d/new": b"n", "da": b"da"}


def test_the_root_can_be_emptied(tmp_path: Path) -> None:
    archive = written(tmp_path / "i.tar", [[folder("d"), file("d/a")], [file(".wh..wh..opq"), file("b", b"b")]])
    assert seen(archive) == {"b": b"b"}


def test_a_folder_that_becomes_a_file_is_empty_and_a_file_may_become_a_folder(tmp_path: Path) -> None:
    base = [folder("d"), file("d/a", b"a"), file("e", b"e")]
    above = [file("d", b"d"), folder("e"), file("e/f", b"f")]
    assert seen(written(tmp_path / "i.tar", [base, above])) == {"d": b"d", "e": "folder", "e/f": b"f"}


def test_a_hard_link_keeps_its_content_when_the_first_name_goes(tmp_path: Path) -> None:
    base = [file("a", b"both"), link("b", "a"), link("c", "./a")]
    above = [file(".wh.a")]
    again = [file("a", b"another")]
    assert seen(written(tmp_path / "i.tar", [base, above])) == {"b": b"both", "c": b"both"}
    assert seen(written(tmp_path / "j.tar", [base, again])) == {"a": b"another", "b": b"both", "c": b"both"}
    assert seen(written(tmp_path / "k.tar", [base, [file("b", b"own")]])) == {"a": b"both", "b": b"own", "c": b"both"}


def test_owner_mode_and_attributes_are_those_of_the_last_layer(tmp_path: Path) -> None:
    base = [folder("d"), file("d/a", b"a", uid=1, gid=2, mode=0o600)]
    capability = {"SCHILY.xattr.security.capability": "c", "path": "d/a"}
    above = [folder("d", 0o700), file("d/a", b"a", uid=3, gid=4, mode=0o4755, pax_headers=capability)]
    with written(tmp_path / "i.tar", [base, above]).files() as files:
        found = {member.name: member for member in files}
    assert found["d"].mode == 0o700
    assert (found["d/a"].uid, found["d/a"].gid, found["d/a"].mode) == (3, 4, 0o4755)
    assert found["d/a"].pax_headers["SCHILY.xattr.security.capability"] == "c"


def test_the_stream_may_be_left_before_its_end(tmp_path: Path) -> None:
    archive = written(tmp_path / "i.tar", [[file(f"a{number}", bytes(100_000)) for number in range(50)]])
    with archive.files() as files:
        first = files.next()
    assert first is not None
    assert first.name == "a0"
    assert len(seen(archive)) == 50


@pytest.mark.parametrize("content", [b"", b"no archive", _tar([file("manifest.json", b"[]")]), _tar([file("a")])])
def test_a_file_that_is_no_image_is_trouble(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "i.tar"
    path.write_bytes(content)
    with pytest.raises(Trouble, match="cannot be read"):
        Archive(path).image("a:b")


def test_an_archive_that_was_cut_off_is_trouble(tmp_path: Path) -> None:
    archive = written(tmp_path / "i.tar", [[file("a", bytes(range(256)) * 400)]])
    archive.path.write_bytes(archive.path.read_bytes()[:700])
    with pytest.raises(Trouble, match="cannot be read"):
        archive.image("a:b")
