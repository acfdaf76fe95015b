"""Safetensors written in pieces: the bytes are those of the safetensors library."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from ddpm_studio.runs.atomic import write_file
from ddpm_studio.runs.tensors import safetensors_chunks

KINDS = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32)


def test_the_bytes_are_those_of_the_library() -> None:
    tensors = {
        "b.weight": torch.randn(3, 4, 2, 2).to(memory_format=torch.channels_last),
        "a": torch.tensor(7.5),
        "z": torch.randn(6, 5).T,
    }
    same = {name: tensor.contiguous() for name, tensor in tensors.items()}
    assert b"".join(safetensors_chunks(tensors)) == save(same)


@pytest.mark.parametrize("kind", [*KINDS, torch.int8, torch.uint8, torch.bool, torch.int16])
def test_each_kind_of_number_comes_back(tmp_path: Path, kind: torch.dtype) -> None:
    tensors = {
        "x": torch.randint(0, 2, (3, 5)).to(kind),
        "none": torch.zeros(0, 4, dtype=kind),
        "ε": torch.arange(3.0),
    }
    write_file(tmp_path / "t", safetensors_chunks(tensors))
    read = load_file(tmp_path / "t")
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor)
