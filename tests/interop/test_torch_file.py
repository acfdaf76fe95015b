"""Files of torch.save read without unpickling, held against what was saved."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from ddpm_studio.interop.torch_file import load_torch_file
from tests.hostile import seeds


@pytest.mark.parametrize(
    "saved",
    [
        seeds.weights(),
        dict(seeds.weights()),
        {name: value.half() for name, value in seeds.weights().items()},
        {name: value.bfloat16() for name, value in seeds.weights().items()},
        {"a": torch.randn(3, 4).t(), "b": torch.tensor(3.0), "c": torch.randn(9)[2:5]},
        {"a": torch.nn.Parameter(torch.ones(2)), "empty": torch.zeros(0)},
    ],
)
def test_weights_come_back_as_they_were(tmp_path: Path, saved: dict[str, Tensor]) -> None:
    torch.save(saved, tmp_path / "a.bin")
    loaded = load_torch_file(tmp_path / "a.bin")
    assert loaded.keys() == saved.keys()
    for name, value in saved.items():
        assert loaded[name].dtype == value.dtype
        assert torch.equal(loaded[name], value)


@pytest.mark.parametrize(
    "saved",
    [
        [torch.zeros(2)],
        {"a": 1},
        {("a",): torch.zeros(2)},
        {"a": torch.eye(2).to_sparse()},
        {"a": torch.zeros(2, dtype=torch.int8)},
        {"a": {"b": torch.zeros(2)}},
        Path("/"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, saved: object) -> None:
    torch.save(saved, tmp_path / "a.bin")
    with pytest.raises(ValueError, match=r"\w"):
        load_torch_file(tmp_path / "a.bin")
