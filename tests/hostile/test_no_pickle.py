"""No unsafe loading: no module unpickles, evaluates or executes the contents of files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import ddpm_studio

_MODULES = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib", "cloudpickle"}
_CALLS = {"eval", "exec", "torch.load", "np.load", "numpy.load", "read_pickle", "np.fromfile"}


def _offences(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name.split(".")[0] in _MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in _MODULES:
                yield module
            case ast.Call(func=function):
                called = ast.unparse(function)
                safe = any(
                    k.arg == "allow_pickle" and ast.unparse(k.value) == "False"
                    for k in node.keywords
                )
                if called in _CALLS and not safe:
                    yield called
                if any(k.arg == "shell" and ast.unparse(k.value) != "False" for k in node.keywords):
                    yield f"{called}(shell=True)"


def test_no_module_unpickles() -> None:
    found = {
        f"{path.name}:{offence}"
        for path in Path(ddpm_studio.__file__).parent.rglob("*.py")
        for offence in _offences(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_an_offence_would_be_seen() -> None:
    code = "import pickle\nnp.load(f)\nnp.load(f, allow_pickle=False)\nrun(x, shell=True)"
    assert list(_offences(ast.parse(code))) == ["pickle", "np.load", "run(shell=True)"]
