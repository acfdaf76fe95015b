"""Single source of names: only the engine's tables and the catalogue list them."""

from __future__ import annotations

import ast
from pathlib import Path

import ddpm_studio
from ddpm_studio.catalogue import KINDS

PACKAGE = Path(ddpm_studio.__file__).parent
TABLES = (PACKAGE / "engine" / "tables", PACKAGE / "catalogue")
#: Number of names of one kind from which they count as a list.
LIST = 3
#: Modules that may list names: other programs' names next to ours, or those of an old version.
ALLOWED = {
    "api/run.py": "methods of a run, each by its own name",
    "catalogue/data_formats.py": "the table of data formats",
    "cli/table.py": "commands; those that draw bear the names of the kinds of drawings",
    "gui/features/learn/prediction_chapter.py": "the three that the paper compares",
    "gui/features/learn/results_chapter.py": "the tools that draw the paper's figures",
    "interop/configs.py": "diffusers' names of the same things",
    "jobs/teaching/estimating.py": "the three that the paper compares, by one network",
    "runs/legacy_format.py": "the presets of 0.1.0 for ever",
}


def literals(source: str) -> set[str]:
    """Return the string literals of a module, except docstrings and ``__all__``."""
    tree = ast.parse(source)
    left_out = {
        id(text)
        for node in ast.walk(tree)
        # Docstrings, and the names that a module exports.
        if is_text(node) or "__all__" in targets(node)
        for text in ast.walk(node)
        if isinstance(text, ast.Constant)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in left_out
    }


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a lone constant, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def targets(node: ast.AST) -> list[str]:
    """Return the names that a statement assigns to."""
    assigned = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in assigned if isinstance(target, ast.Name)]


def listed(source: str) -> dict[str, set[str]]:
    """Return the kinds whose names a module lists, each with the names found."""
    texts = literals(source)
    found = {kind: texts.intersection(table.builtin_names) for kind, table in KINDS.items()}
    return {kind: names for kind, names in found.items() if len(names) >= LIST}


def test_no_module_lists_names_again() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): kinds
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parent not in TABLES and (kinds := listed(path.read_text(encoding="utf-8")))
    }
    assert {name: kinds for name, kinds in found.items() if name not in ALLOWED} == {}


def test_what_is_allowed_is_needed() -> None:
    for name in ALLOWED:
        assert listed((PACKAGE / name).read_text(encoding="utf-8")), name


def test_the_test_sees_a_list() -> None:
    assert listed("a = ('ddpm', 'ddim', 'heun')") == {"sampler": {"ddpm", "ddim", "heun"}}
    assert listed('"""ddpm"""\na = ("ddim", "heun")') == {}
    assert listed('__all__ = ["ddpm", "ddim", "heun"]') == {}
