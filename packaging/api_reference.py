"""Build the API reference from the docstrings, as web pages.

::

    python packaging/api_reference.py [FOLDER]

writes them into ``build/api`` or the given folder; ``index.html`` links to all. Every warning of
pdoc is an error, and so is a docstring's reference to a name of the project that does not exist.
"""

from __future__ import annotations

import argparse
import inspect
import os
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pdoc
from pdoc.doc import Doc, Module, Namespace

import ddpm_studio

#: Packages of the window and the terminal: programs to run, not to import.
LEFT_OUT = frozenset(("gui", "cli", "backend", "display"))
#: Patterns of pdoc's false warnings.
_NO_FAULTS = (
    # A package lists its modules, which are given one by one as well.
    r"The module specification ",
    # Types that pydantic and Pillow define for type checkers only; and array[int] in Python 3.11.
    r"Error parsing type annotation array\[int\] ",
    r"Error parsing type annotation JsonDict ",
    r".* core\.ImagingCore ",
    # The type of an inherited dataclass field, which pdoc looks up in the subclass's module.
    r"Error parsing type annotation .+ for \S+\.__init__\. ",
)
_REFERENCE = re.compile(r":(?:mod|func|class|meth|data|attr|exc):`~?\.?(ddpm_studio\.[\w.]+)`")


def modules() -> Iterator[str]:
    """Yield the names of the modules that other programs may import."""
    yield ddpm_studio.__name__
    for found in pkgutil.walk_packages(ddpm_studio.__path__, f"{ddpm_studio.__name__}."):
        if found.name.split(".")[1] not in LEFT_OUT:
            yield found.name


def stale_references(names: Iterator[tuple[str, str]]) -> list[str]:
    """Return "name: target" for each reference to a name that does not exist.

    Args:
        names: pairs of a qualified name and its docstring.
    """
    return [
        f"{where}: {target}"
        for where, text in names
        for target in _REFERENCE.findall(text)
        if not _is_there(target)
    ]


def docstrings(of: Doc[object]) -> Iterator[tuple[str, str]]:
    """Yield the qualified name and docstring of a module and of all its documented members."""
    yield of.fullname, of.docstring
    if isinstance(of, Namespace):
        for member in of.own_members:
            if not isinstance(member, Module):
                yield from docstrings(member)


def build(folder: Path) -> list[str]:
    """Write the pages; return pdoc's warnings and the dangling references."""
    # Packages start processes when they are imported, for instance to detect the processor.
    os.environ["PDOC_ALLOW_EXEC"] = "1"
    pdoc.render.configure(docformat="google", search=True)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for text in _NO_FAULTS:
            warnings.filterwarnings("ignore", text)
        names = list(modules())
        pdoc.pdoc(*names, output_directory=folder)
        found = (pair for name in names for pair in docstrings(Module.from_name(name)))
        stale = stale_references(found)
    return [*(str(one.message) for one in told), *stale]


def _is_there(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return _is_field(name)
    return True


def _is_field(name: str) -> bool:
    """Whether a name is an annotated field of a class, without a value in the class."""
    owner, _, field = name.rpartition(".")
    try:
        holder = pkgutil.resolve_name(owner)
    except (ImportError, AttributeError):
        return False
    return inspect.isclass(holder) and any(
        field in vars(base).get("__annotations__", {}) for base in holder.__mro__
    )


def main() -> None:
    """Build the reference; print its path, or exit with the list of errors."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("build/api"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    if wrong := build(folder):
        sys.exit("error: the docstrings are not in order:\n" + "\n".join(wrong))
    print(f"DDPM Studio {ddpm_studio.__version__}: {folder / 'index.html'}")


if __name__ == "__main__":
    main()
