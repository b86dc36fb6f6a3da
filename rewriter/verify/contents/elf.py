"""What the dynamic loader is told by a program or library: read with pyelftools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment

# e_ident of every ELF file, and e_type of programs and shared libraries; see elf(5).
MAGIC = b"\x7fELF"
_TYPES = (2, 3)


@dataclass(frozen=True, slots=True)
class Linked:
    """A dynamically linked program or library: its loader ("" for a library), the libraries it asks for by name, and
    where it looks first. `inherited`: the folders are those of a DT_RPATH, which its libraries search as well."""

    interpreter: str = ""
    needed: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    inherited: bool = False


def loadable(beginning: bytes) -> bool:
    """Whether the file that begins so is a program or shared library, and no object file or core."""
    if not beginning.startswith(MAGIC) or len(beginning) < 18:
        return False
    return int.from_bytes(beginning[16:18], "big" if beginning[5] == 2 else "little") in _TYPES


def linked(data: IO[bytes]) -> Linked | None:
    """What the ELF file `data` (seekable) asks of the loader; None for a static program, and for a damaged file.

    Source: ld.so(8), "Dynamic string tokens" and the order of the search; DT_RUNPATH replaces DT_RPATH.
    """
    try:
        return _linked(ELFFile(data))
    except (ELFError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, OSError):
        return None  # a damaged file is none that can be loaded; pyelftools does not say so in one way


def _linked(file: ELFFile) -> Linked | None:
    interpreter = ""
    asked: dict[str, list[str]] = {"DT_NEEDED": [], "DT_RPATH": [], "DT_RUNPATH": []}
    for segment in file.iter_segments():
        match segment:
            case InterpSegment():
                interpreter = segment.get_interp_name()
            case DynamicSegment():
                for tag in segment.iter_tags():
                    if (name := tag.entry.d_tag) in asked:
                        asked[name].append(getattr(tag, name[3:].lower()))
    if not interpreter and not asked["DT_NEEDED"]:
        return None
    rpath = [] if asked["DT_RUNPATH"] else asked["DT_RPATH"]
    folders = tuple(folder for path in (*rpath, *asked["DT_RUNPATH"]) for folder in path.split(":") if folder)
    return Linked(interpreter, tuple(asked["DT_NEEDED"]), folders, bool(rpath))
