"""Malformed checkpoints of other programs, and files that pass for such checkpoints."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from tests.hostile import foreign, seeds
from tests.hostile.bad_models import Runs, bad_safetensors, saved, torch_zip
from tests.hostile.cases import Case, Expect, cuts, damaged, file_case

_READER = "model"
_NAMES = {"openai": "out.2.weight", "ho": "conv_out.weight", "pytorch-ddpm": "tail.2.weight"}


def cases() -> Iterator[Case]:
    """Yield all malformed checkpoints."""
    for kind in foreign.KINDS:
        # An import has to ask for its picture size.
        expect: Expect = "refused" if kind == "openai" else "harmless"
        yield _case(f"{kind} whole", foreign.saved(kind), expect)
        yield _case(f"{kind} whole, old", foreign.saved(kind, old=True), expect)
        for place, cut in cuts(foreign.saved(kind), 4):
            yield _case(f"{kind} cut at {place}", cut)
        for place, cut in cuts(foreign.saved(kind, old=True), 4):
            yield _case(f"{kind} old cut at {place}", cut)
        for number, bad in damaged(foreign.saved(kind), 8):
            yield _case(f"{kind} damaged {number}", bad, "any")
        for number, bad in damaged(foreign.saved(kind, old=True), 8):
            yield _case(f"{kind} old damaged {number}", bad, "any")
        for number, bad in damaged(foreign.program(kind), 8):
            yield _case(f"{kind} program damaged {number}", foreign.with_program(kind, bad), "any")
    for kind, name in _NAMES.items():
        yield from _weights(kind, name)
    yield from _trees()
    yield from _others()
    yield from _folders()


def _case(name: str, content: bytes | Callable[[], bytes], expect: Expect = "refused") -> Case:
    return file_case(f"model {name}", _READER, "a.pt", content, expect)


def _weights(kind: str, name: str) -> Iterator[Case]:
    whole = foreign.tree(kind)
    table = whole["ema_model"] if kind == "pytorch-ddpm" else whole
    changes: dict[str, Any] = {
        "without a weight": None,
        "of NaN": torch.full_like(table[name], torch.nan),
        "of whole numbers": torch.zeros_like(table[name], dtype=torch.int64),
        "of one number": torch.tensor(1.0),
        "of nothing": torch.zeros(0, 0, 3, 3),
        "of a list": [1, 2],
        "of nine dimensions": torch.zeros(1, 1, 1, 1, 1, 1, 1, 1, 1),
        "of many channels": torch.zeros(4096, 32, 3, 3),
    }
    for what, value in changes.items():
        weights = {key: one for key, one in table.items() if key != name or value is not None}
        if value is not None:
            weights[name] = value
        content = {**whole, "ema_model": weights} if kind == "pytorch-ddpm" else weights
        yield _case(f"{kind} {what}", saved(content))
    more = {f"{key}{'9' * 30}": one for key, one in table.items()}
    yield _case(f"{kind} with long numbers", saved({**table, **more}))
    deep = {f"down.{n}.block.0.conv1.weight": torch.zeros(1) for n in range(5000)}
    deep |= {f"output_blocks.{n}.0.x": torch.zeros(1) for n in range(5000)}
    deep |= {f"downblocks.{n}.main.weight": torch.zeros(1) for n in range(5000)}
    yield _case(f"{kind} of five thousand levels", lambda: saved({**table, **deep}))


def _trees() -> Iterator[Case]:
    itself: list[Any] = []
    itself.append(itself)
    trees: dict[str, Any] = {
        "a program": Runs(),
        "a program beside weights": {"net_model": foreign.tree("ho"), "x": Runs()},
        "a list that holds itself": itself,
        "a tensor": torch.zeros(3),
        "nothing": None,
        "an empty table": {},
        "an empty list": [],
        "names of escapes": {"\x1b[2J\n": 1, "a" * 100_000: 2},
        "numbers for names": {k: torch.zeros(1) for k in range(100)},
        "an optimiser": {"state": {}, "param_groups": []},
    }
    for what, value in trees.items():
        yield _case(f"of {what}", saved(value))
        if what != "a program":
            content = saved(value, _use_new_zipfile_serialization=False)
            yield _case(f"of {what}, old", content)
    deep = b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
    yield _case("of a deep list", torch_zip(deep))
    old = foreign.saved("ho", old=True)
    head = old[:15]
    for what, rest in {
        "nothing": b"",
        "another number": b"\x80\x02K\x01.",
        "marks": b"(" * 1_000_000 + b".",
        "three numbers": b"\x80\x02M\xe9\x03." + b"K\x01." * 3,
        "a program": b"\x80\x02M\xe9\x03." + pickle.dumps({}, 2) + pickle.dumps(Runs(), 2),
    }.items():
        yield _case(f"old, behind its first number {what}", head + rest)
    counts = old.replace(b"M\x00\x01", b"J\xff\xff\xff\x7f")
    yield _case("old, of other counts", counts, "any")


def _others() -> Iterator[Case]:
    for what, content in bad_safetensors().items():
        name = f"model safetensors of {what}"
        yield file_case(name, _READER, "a.safetensors", content, "refused")
    for suffix in (".onnx", ".h5", ".zip", ".pkl", ".ckpt", ".txt", ".index", ""):
        name = f"model named a{suffix} of nothing"
        yield file_case(name, _READER, f"a{suffix}", b"", "refused")
        rubbish = bytes(range(256)) * 300
        yield file_case(
            f"model named a{suffix} of rubbish", _READER, f"a{suffix}", rubbish, "refused"
        )
    edm = pickle.dumps({"ema": "torch_utils.persistence"})
    yield file_case("model of NVlabs", _READER, "edm.pkl", edm, "refused")

    def pipe(folder: Path) -> Path:
        os.mkfifo(folder / "a.pt")
        return folder / "a.pt"

    yield Case("model that is a pipe", _READER, pipe)
    yield Case("model that is not there", _READER, lambda folder: folder / "a.pt")
    yield Case("model that is a device", _READER, lambda _: Path("/dev/zero"))
    yield Case("model of the Hub", _READER, lambda _: Path("google/ddpm-cifar10-32"))
    yield Case("model of a long name", _READER, lambda folder: folder / ("x" * 300))


def _folders() -> Iterator[Case]:
    def index(text: str) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            model = seeds.make_diffusers(folder / "model")
            weights = model / "unet" / "diffusion_pytorch_model.safetensors"
            weights.with_name("diffusion_pytorch_model.safetensors.index.json").write_text(text)
            weights.rename(weights.with_name("diffusion_pytorch_model-00001-of-00001.safetensors"))
            return model

        return make

    for what, text in {
        "nothing": "",
        "a list": "[]",
        "no map": "{}",
        "a list for a map": '{"weight_map": [1]}',
        "numbers": '{"weight_map": {"a": 1}}',
        "another folder": '{"weight_map": {"a": "../x.safetensors"}}',
        "a place": '{"weight_map": {"a": "/etc/passwd"}}',
        "itself": '{"weight_map": {"a": "diffusion_pytorch_model.safetensors.index.json"}}',
        "what is not there": '{"weight_map": {"a": "b.safetensors"}}',
        "a long name": '{"weight_map": {"a": "%s.safetensors"}}' % ("x" * 5000),
        "NUL": '{"weight_map": {"a": "\\u0000.safetensors"}}',
        "half characters": '{"weight_map": {"a": "\\ud800.safetensors"}}',
    }.items():
        yield Case(f"model with shards of {what}", _READER, index(text))

    def pipeline(text: str) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            model = seeds.make_diffusers(folder / "model")
            (model / "model_index.json").write_text(text)
            return model

        return make

    for what, text in {
        "nothing": "",
        "a list": "[1]",
        "a VAE": '{"_class_name": "LDMPipeline", "vqvae": ["diffusers", "VQModel"]}',
        "escapes": '{"_class_name": "\\u001b[2J", "\\u001b": ["a", "b"]}',
    }.items():
        yield Case(f"model with an index of {what}", _READER, pipeline(text))
    yield Case("model with an index of no parts", _READER, pipeline('{"a": []}'), "any")

    def itself(folder: Path) -> Path:
        (folder / "checkpoint-1").symlink_to(folder)
        (folder / "unet").symlink_to(folder)
        return folder

    yield Case("model folder that holds itself", _READER, itself)
