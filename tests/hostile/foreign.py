"""Valid checkpoints of other programs, as small as their layouts allow."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import torch

from tests.interop.formats.test_openai import Published
from tests.interop.formats.test_openai import made as openai_weights
from tests.interop.formats.test_paper_unet import Paper
from tests.interop.formats.test_pytorch_ddpm import Theirs, checkpoint

KINDS = ("openai", "ho", "ermon", "pytorch-ddpm")
#: Picture side for files that do not contain it; other missing answers are the usual ones.
SIDE = 16


@cache
def tree(kind: str) -> Any:
    """Return the object that a checkpoint of this kind contains."""
    if kind == "openai":
        return openai_weights(Published(mult=(1,), attention=(), classes=3))
    if kind == "pytorch-ddpm":
        net = Theirs(mult=(1,), blocks=1, attention=(), T=20)
        return checkpoint(net, net, x_T=torch.zeros(1, 3, SIDE, SIDE))
    weights = Paper(mult=(1,), blocks=1, attention=(0,)).made()
    if kind == "ho":
        return weights
    named = {f"module.{name}": value for name, value in weights.items()}
    return [named, {"state": {}, "param_groups": [{"lr": 1e-3, "params": [0]}]}, 1, 2, weights]


@cache
def saved(kind: str, old: bool = False) -> bytes:
    """Return a checkpoint file; ``old``: in torch's layout before 2020, which has no checksums."""
    stream = io.BytesIO()
    torch.save(tree(kind), stream, _use_new_zipfile_serialization=not old)
    return stream.getvalue()


@cache
def program(kind: str) -> bytes:
    """Return the pickle in a checkpoint file."""
    with zipfile.ZipFile(io.BytesIO(saved(kind))) as archive:
        return archive.read("archive/data.pkl")


def with_program(kind: str, pickle: bytes) -> bytes:
    """Return a checkpoint file with another pickle, with valid checksums."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(kind))) as whole, zipfile.ZipFile(stream, "w") as made:
        for name in whole.namelist():
            inside = pickle if name.endswith("data.pkl") else whole.read(name)
            made.writestr(zipfile.ZipInfo(name), inside)
    return stream.getvalue()


def read(path: Path) -> object:
    """Read a checkpoint as an import does, with the usual answers to what it leaves open."""
    from ddpm_studio.interop import open_recognised

    with open_recognised(path) as found:
        answers = {key: SIDE if key == "image_size" else one for key, one in found.defaults.items()}
        return found.read(answers)
