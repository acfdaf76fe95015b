"""Simulation of power cuts: a recorder of system calls, and a model of the disk's state after them.

The model is harsher than a journalling file system: unflushed (not fsynced) data may be missing,
truncated or zero, and any of the unflushed changes of names may be lost independently.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ddpm_studio.runs import atomic


@dataclass(frozen=True)
class Op:
    """A recorded system call; ``kind`` is its effect, such as "create", "write" or "sync"."""

    kind: str
    path: str
    file: int = -1
    to: str = ""
    data: bytes = b""


@dataclass
class Recorder:
    """Recording stand-in for ``os`` and ``shutil`` in :mod:`ddpm_studio.runs.atomic`."""

    root: Path
    ops: list[Op] = field(default_factory=list)
    _files: dict[int, int] = field(default_factory=dict)
    _folders: dict[int, str] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _name(self, path: str | os.PathLike[str]) -> str:
        return os.path.relpath(path, self.root)

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        there = path.exists()
        before = b"" if flags & os.O_TRUNC or not path.is_file() else path.read_bytes()
        descriptor = os.open(path, flags, mode)
        if path.is_dir():
            self._folders[descriptor] = self._name(path)
            return descriptor
        assert not there or flags & os.O_APPEND, "a file is never overwritten in place"
        self._files[descriptor] = next(self._count)
        kind = "reopen" if there else "create"
        self.ops.append(Op(kind, self._name(path), self._files[descriptor], data=before))
        return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        # At most 300 bytes at once, so that cuts fall within files too.
        count = os.write(descriptor, data[: max(1, min(len(data), 300))])
        written = bytes(data[:count])
        self.ops.append(Op("write", "", self._files[descriptor], data=written))
        return count

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)
        if descriptor in self._folders:
            self.ops.append(Op("sync_folder", self._folders[descriptor]))
        else:
            self.ops.append(Op("sync", "", self._files[descriptor]))

    def close(self, descriptor: int) -> None:
        os.close(descriptor)
        self._files.pop(descriptor, None)
        self._folders.pop(descriptor, None)

    def mkdir(self, path: Path) -> None:
        path.mkdir()
        self.ops.append(Op("make", self._name(path)))

    def rename(self, path: Path, to: Path) -> None:
        path.rename(to)
        self.ops.append(Op("rename", self._name(path), to=self._name(to)))

    def replace(self, path: Path, to: Path) -> None:
        path.replace(to)
        self.ops.append(Op("rename", self._name(path), to=self._name(to)))

    def rmtree(self, path: Path, ignore_errors: bool = False) -> None:
        there = path.exists()
        shutil.rmtree(path, ignore_errors=ignore_errors)
        if there:
            self.ops.append(Op("remove", self._name(path)))


Tree = dict[str, bytes | None]
"""Content by path; None for a folder."""


def read_tree(root: Path) -> Tree:
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


def write_tree(root: Path, tree: Tree) -> None:
    for name, content in sorted(tree.items()):
        path = root / name
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def record(root: Path, work: Callable[[], None]) -> tuple[Tree, list[Op]]:
    """Run ``work`` with recorded system calls; return the tree before it, and the calls."""
    before = read_tree(root)
    recorder = Recorder(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atomic, "os", recorder)
        patch.setattr(atomic, "shutil", recorder)
        work()
    return before, recorder.ops


_NAMING = ("make", "create", "rename", "remove")


def after_cut(before: Tree, ops: list[Op], subsets: int = 0) -> Iterator[Tree]:
    """Yield the trees that may be found after a power cut at the end of ``ops``.

    Unflushed changes of names are lost from any point on, or one of them alone.

    Args:
        before: the tree on the disk before the calls.
        ops: the calls that returned.
        subsets: number of the latest unflushed changes of names of which every subset is tried
            as well.
    """
    durable = _flushed_names(ops)
    pending = [k for k, op in enumerate(ops) if op.kind in _NAMING and k not in durable]
    chosen: set[tuple[int, ...]] = {tuple(pending[:k]) for k in range(len(pending) + 1)}
    chosen |= {(*pending[:k], *pending[k + 1 :]) for k in range(len(pending))}
    if subsets:
        rest, latest = pending[:-subsets], pending[-subsets:]
        for count in range(len(latest) + 1):
            chosen |= {(*rest, *some) for some in itertools.combinations(latest, count)}
    seen = set()
    for names in sorted(chosen):
        for loss in ("all", "none", "half", "zeros"):
            tree = _replay(before, ops, durable | set(names), loss)
            key = tuple(sorted(tree.items()))
            if key not in seen:
                seen.add(key)
                yield tree


def _flushed_names(ops: list[Op]) -> set[int]:
    durable: set[int] = set()
    for k, op in enumerate(ops):
        if op.kind == "sync_folder":
            for j, earlier in enumerate(ops[:k]):
                parents = {_parent(path) for path in (earlier.path, earlier.to) if path}
                if earlier.kind in _NAMING and op.path in parents:
                    durable.add(j)
    return durable


def _replay(before: Tree, ops: list[Op], applied: set[int], loss: str) -> Tree:
    contents = _contents(ops, loss)
    tree: dict[str, bytes | int | None] = dict(before)
    for k, op in enumerate(ops):
        if op.kind == "reopen" and op.path in tree:
            tree[op.path] = op.file
        if k not in applied:
            continue
        parent = _parent(op.to or op.path)
        if parent != "." and parent not in tree:
            continue
        if op.kind == "make":
            tree[op.path] = None
        elif op.kind == "create":
            tree[op.path] = op.file
        elif op.kind == "remove":
            for name in _below(tree, op.path):
                del tree[name]
        elif op.path in tree:
            for name in _below(tree, op.to):
                del tree[name]
            for name in _below(tree, op.path):
                tree[op.to + name[len(op.path) :]] = tree.pop(name)
    return {
        name: contents[content] if isinstance(content, int) else content
        for name, content in tree.items()
    }


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "."


def _below(tree: dict[str, Any], path: str) -> list[str]:
    return [name for name in tree if name == path or name.startswith(path + "/")]


def _contents(ops: list[Op], loss: str) -> dict[int, bytes]:
    """Return the content of each file by its number, after a loss of unflushed data.

    Args:
        ops: the calls that returned.
        loss: the part of the unflushed data that is lost: "all", "none", "half", or "zeros" if it
            reads as zeros.
    """
    written: dict[int, bytes] = {}
    flushed: dict[int, bytes] = {}
    for op in ops:
        if op.kind in ("create", "reopen"):
            written[op.file] = flushed[op.file] = op.data
        elif op.kind == "write":
            written[op.file] += op.data
        elif op.kind == "sync":
            flushed[op.file] = written[op.file]
    kept = {}
    for file, content in written.items():
        safe = flushed[file]
        rest = content[len(safe) :]
        left = {"all": b"", "none": rest, "half": rest[: len(rest) // 2], "zeros": bytes(len(rest))}
        kept[file] = safe + left[loss]
    return kept
