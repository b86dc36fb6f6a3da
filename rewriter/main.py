"""The entry point of the command `dockerslim`."""

from __future__ import annotations

import gc
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def main() -> None:
    """Run the command line. Our own `transforms` is loaded, whatever folder of that name PYTHONPATH may hold."""
    # Trees and caches live as long as the process; looking through them again and again frees next to nothing.
    gc.set_threshold(100_000, 50, 50)
    _load_transforms()
    from rewriter.cli import dockerslim

    dockerslim(prog_name="dockerslim")


def _load_transforms() -> None:
    folder = Path(__file__).parent.parent / "transforms"
    spec = spec_from_file_location("transforms", folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["transforms"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    main()
