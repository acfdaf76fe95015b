"""Model source: an open file or folder that may be a model; nothing in it is executed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ddpm_studio.pickles.torch_file import TensorRef, TorchFile, is_torch_file, open_torch_file
from ddpm_studio.placeholders import HEAD_BYTES, detect_placeholder
from ddpm_studio.strict_json import require_file

Leaf = TensorRef | Tensor
StateDict = Mapping[str, Leaf]
_Leaf = TypeVar("_Leaf")

_HEAD_BYTES = 1 << 16
# No published checkpoint of this family, with its optimiser state, is half as large.
_MAX_BYTES = 32 << 30
# Prefixes that DistributedDataParallel and torch.compile add to parameter names.
_PREFIXES = ("module.", "_orig_mod.")
_WRAPPERS = (
    *("ema", "model_ema", "ema_model", "state_dict", "model_state_dict", "model", "net", "module"),
)
_FILES = {".pt", ".pth", ".ckpt", ".pkl", ".bin", ".safetensors", ".zip", ".json"}
# A name such as google/ddpm-cifar10-32, as the Hub allows them.
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_HUB_URL = re.compile(r"^(?:hf:/{1,2}|https?:/{1,2}(?:www\.)?(?:huggingface\.co|hf\.co)/)")


def _identity(leaf: Leaf) -> Tensor:
    if isinstance(leaf, TensorRef):
        raise TypeError("the numbers of a view lie in a file")
    return leaf


@dataclass(frozen=True)
class Source:
    """A file or folder in the form in which model formats examine it.

    Args:
        path: path of the file or folder.
        head: the first bytes of a file; empty for a folder.
        tree: the parsed contents of a PyTorch or safetensors file; None for anything else.
        problem: why a file with the signature or suffix of one of these can't be read; else empty.
        load: reads a leaf of the tree as a tensor.
    """

    path: Path
    head: bytes = b""
    tree: object = None
    problem: str = ""
    load: Callable[[Leaf], Tensor] = _identity

    @property
    def is_folder(self) -> bool:
        """Whether the source is a folder."""
        return not self.head and self.path.is_dir()

    @property
    def items(self) -> Mapping[Any, Any]:
        """The tree if it is a dict, else an empty one."""
        return self.tree if isinstance(self.tree, dict) else {}

    def tensors(self, table: StateDict) -> dict[str, Tensor]:
        """Read the tensors of a table.

        Raises:
            OSError: the file can't be read.
            ValueError: the file is damaged.
        """
        return {name: self.load(leaf) for name, leaf in table.items()}


def is_state_dict(value: object) -> TypeGuard[StateDict]:
    """Whether a value is a non-empty dict of tensors by name, such as a ``state_dict``."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(n, str) and isinstance(leaf, Leaf) for n, leaf in value.items())
    )


def strip_prefixes(table: Mapping[str, _Leaf]) -> Mapping[str, _Leaf]:
    """Return a state dict without the name prefixes of DataParallel and torch.compile."""
    prefix = next(
        (candidate for candidate in _PREFIXES if all(name.startswith(candidate) for name in table)),
        None,
    )
    if not table or prefix is None:
        return table
    return strip_prefixes({name.removeprefix(prefix): leaf for name, leaf in table.items()})


def find_state_dict(source: Source) -> StateDict:
    """Return the state dict of a file: the tree itself, or the value of a usual key.

    Of several the EMA weights are preferred. Empty if there is none.
    """
    if is_state_dict(source.tree):
        return strip_prefixes(source.tree)
    tables = (source.items.get(name) for name in _WRAPPERS)
    return strip_prefixes(next((table for table in tables if is_state_dict(table)), {}))


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Context manager that opens a file or folder; tensors can be read while it is open.

    Raises:
        OSError: the path can't be read.
        ValueError: the path is neither a file nor a folder, or far too large.
        StudioError: the file is a placeholder, such as a Git LFS pointer.
    """
    if path.is_dir():
        yield Source(path)
        return
    size = require_file(path).st_size
    if size > _MAX_BYTES:
        raise ValueError("it is far larger than any such model")
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if (placeholder := detect_placeholder(head[:HEAD_BYTES], size)) is not None:
        raise placeholder.error(str(path))
    if path.suffix == ".safetensors":
        yield _safetensors(path, head)
        return
    if not is_torch_file(path):
        yield Source(path, head or b" ")
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_torch_file(path))
        except ValueError as error:
            source = Source(path, head, problem=str(error))
        else:
            source = Source(path, head, file.tree, load=partial(_read, file))
        yield source


def hub_name(path: Path) -> str:
    """Return the Hugging Face Hub name that a path may stand for; empty if none."""
    text = path.as_posix()
    name = _HUB_URL.sub("", text)
    if name != text:
        return "/".join(name.split("/")[:2])
    is_name = _HUB_NAME.fullmatch(name) and path.suffix.lower() not in _FILES
    return name if is_name else ""


def _read(file: TorchFile, leaf: Leaf) -> Tensor:
    return file.load(leaf) if isinstance(leaf, TensorRef) else leaf


def _safetensors(path: Path, head: bytes) -> Source:
    try:
        # No memory map: a file truncated on a network disk would kill the process.
        return Source(path, head or b" ", load_file(path, backend="pread"))
    except (SafetensorError, ValueError) as error:
        return Source(path, head or b" ", problem=str(error))
