"""Files of ``torch.save``, read without unpickling: their tensors equal those saved."""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ddpm_studio.pickles.torch_file import Unknown, load_torch_file, open_torch_file
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


def test_a_file_of_before_2020_is_read(tmp_path: Path) -> None:
    saved = {"a": torch.randn(3, 4).t(), "b": torch.randn(9).half()[2:5], "c": torch.tensor(3.0)}
    torch.save(saved, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    loaded = load_torch_file(tmp_path / "a.pt")
    assert all(torch.equal(loaded[name], value) for name, value in saved.items())


class Own:
    def __init__(self) -> None:
        self.number = 3

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, ("evil",)


@pytest.mark.parametrize("new", [True, False])
def test_a_tree_is_read_and_what_it_would_run_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    optimizer = torch.optim.Adam([weight])
    weight.sum().backward()
    optimizer.step()
    tree = {
        "state": [optimizer.state_dict(), {"w": weight}, 1.5, None, True, -(2**70)],
        "else": Own(),
        "named": collections.defaultdict(list, a=[1]),
        7: (torch.tensor([1, 2]), "text", b"bytes", {1, 2}),
    }
    torch.save(tree, tmp_path / "a.pt", _use_new_zipfile_serialization=new)
    with open_torch_file(tmp_path / "a.pt") as file:
        read: Any = file.tree
        assert list(read) == ["state", "else", "named", 7]
        state, held, *others = read["state"]
        assert others == [1.5, None, True, -(2**70)]
        assert state["param_groups"][0]["lr"] == 1e-3
        assert torch.equal(file.load(held["w"]), weight)
        moment = optimizer.state_dict()["state"][0]["exp_avg"]
        assert torch.equal(file.load(state["state"][0]["exp_avg"]), moment)
        assert isinstance(read["else"], Unknown)
        assert read["named"] == {"a": [1]}
        whole, text, data, both = read[7]
        assert torch.equal(file.load(whole), torch.tensor([1, 2]))
        assert (text, data, list(both)) == ("text", b"bytes", [1, 2])
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


@pytest.mark.parametrize("cut", [1, 20, 200, 600])
def test_an_old_file_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    torch.save({"a": torch.zeros(99)}, tmp_path / "a", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "a").read_bytes()
    assert len(whole) > 600
    (tmp_path / "a").write_bytes(whole[:-cut])
    with pytest.raises(ValueError, match=r"\w"):
        load_torch_file(tmp_path / "a")
