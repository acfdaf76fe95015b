"""Malformed run folders, checkpoints, latents and diffusers folders."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

from tests.hostile import seeds
from tests.hostile.cases import Case, Expect, cuts, damaged, file_case

#: Wrong values for any field of a JSON file.
WRONG: dict[str, Any] = {
    "null": None,
    "text": "x",
    "list": [1, [2, [3]]],
    "object": {"a": {}},
    "true": True,
    "zero": 0,
    "negative": -1,
    "huge": 10**30,
    "large": 10**9,
    "fraction": 1.5,
    "far": 1e308,
}
_BAD_JSON = {
    "nothing": b"",
    "text": b"hello",
    "a list": b"[1, 2]",
    "nested": b"[" * 200_000,
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "cut short": b'{"a": 1, "b',
    "NaN": b'{"a": NaN}',
    "twice": b'{"a": 1, "a": 2}',
    "digits": b'{"a": ' + b"9" * 100_000 + b"}",
    "bad letters": b'{"\xff\xfe": 1}',
    "half characters": b'{"\\ud800": "\\udfff"}',
    "NUL": b"\0" * 1000,
    "20 MB": b'{"a": "' + b"x" * (20 << 20) + b'"}',
}
_RUN_READERS = ("info", "open run", "sample")


def cases() -> Iterator[Case]:
    """Yield all malformed models."""
    yield from _run_json()
    yield from _metrics()
    yield from _checkpoints()
    yield from _latents()
    yield from _diffusers()


def safetensors(header: object | bytes, body: bytes = b"", length: int | None = None) -> bytes:
    """Return a safetensors file with this header; ``length`` overrides the header's true length."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def bad_safetensors() -> dict[str, bytes | Callable[[], bytes]]:
    """Return malformed safetensors files by what is wrong with them."""
    one = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    return {
        "nothing": b"",
        "a length alone": struct.pack("<Q", 8),
        "a length of 2^64": safetensors({"a": one}, bytes(8), 2**64 - 1),
        "a length of 100 MB": safetensors({"a": one}, bytes(8), 100_000_000),
        "a header of 90 MB": lambda: safetensors(b'{"a":"' + b"x" * (90 << 20) + b'"}'),
        "nested": safetensors(b"[" * 100_000),
        "no object": safetensors([1, 2]),
        "overlap": safetensors({"a": one, "b": {**one, "data_offsets": [4, 12]}}, bytes(12)),
        "gap": safetensors({"a": one, "b": {**one, "data_offsets": [16, 24]}}, bytes(24)),
        "offsets backwards": safetensors({"a": {**one, "data_offsets": [8, 0]}}, bytes(8)),
        "offsets outside": safetensors({"a": {**one, "data_offsets": [0, 8 << 40]}}, bytes(8)),
        "negative shape": safetensors({"a": {**one, "shape": [-2]}}, bytes(8)),
        "huge shape": safetensors({"a": {**one, "shape": [2**62, 2**62]}}, bytes(8)),
        "shape that overflows": safetensors({"a": {**one, "shape": [2**32, 2**32, 0]}}, bytes(8)),
        "unknown type": safetensors({"a": {**one, "dtype": "F99"}}, bytes(8)),
        "bytes left over": safetensors({"a": one}, bytes(99)),
        "twice": safetensors(
            b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
            b'"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
            bytes(8),
        ),
        "notes that are no texts": safetensors({"__metadata__": {"a": 1}, "a": one}, bytes(8)),
        "a pickle": pickle.dumps({"a": 1}),
        "whole numbers": safetensors({"a": {**one, "dtype": "I32"}}, bytes(8)),
        "another name": safetensors({"a": one}, bytes(8)),
        "a hundred thousand tensors": lambda: safetensors(
            {
                f"t{k}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
                for k in range(100_000)
            }
        ),
    }


def _run_case(
    name: str, reader: str, harm: Callable[[Path], object], expect: Expect = "refused"
) -> Case:
    def make(folder: Path) -> Path:
        run = seeds.make_run(folder / "run")
        harm(run)
        return run

    return Case(f"{name} for {reader}", reader, make, expect)


def _edit(path: str, *keys: str, value: Any) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        content = json.loads((folder / path).read_text())
        inner = content
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        (folder / path).write_text(json.dumps(content))

    return harm


def _write(path: str, content: bytes | Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda folder: (folder / path).write_bytes(
        content if isinstance(content, bytes) else content()
    )


def _without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def _run_json() -> Iterator[Case]:
    for what, content in _BAD_JSON.items():
        yield _run_case(f"run.json of {what}", "info", _write("run.json", content))
    fields = list(seeds.CONFIG.to_dict())
    harmless = {("dropout", "zero"), ("num_classes", "null"), ("learned_variance", "true")}
    for number, field in enumerate(fields):
        for what, value in WRONG.items():
            reader = _RUN_READERS[(number + len(what)) % 3]
            # Some of these describe another network, which the weights do not fit then; a run of an
            # unknown kind, which a plug-in may provide, is opened without its network.
            foreign_kind = (field, what, reader) == ("kind", "text", "open run")
            possible = (field, what) in harmless or what in _POSSIBLE or foreign_kind
            expect: Expect = "any" if possible else "refused"
            harm = _edit("run.json", "network", field, value=value)
            yield _run_case(f"run.json network {field} {what}", reader, harm, expect)
    networks: dict[str, dict[str, Any]] = {
        "ten thousand levels": {"channel_mult": [1] * 10_000, "image_size": 2**40},
        "wide as can be": {"base_channels": 4096, "channel_mult": [64, 64]},
        "a million classes": {"num_classes": 1_000_000, "base_channels": 4096},
        "a level of none": {"channel_mult": [0, 1]},
        "unknown": {"layers": 3},
        "no levels": {"channel_mult": []},
        "groups that do not go": {"norm_groups": 3},
        "deep as can be": {"blocks_per_level": 16, "channel_mult": [1] * 12, "image_size": 2048},
    }
    for what, fields_ in networks.items():
        for reader in ("info", "sample"):
            harm = _edit("run.json", "network", value={**seeds.CONFIG.to_dict(), **fields_})
            possible = reader == "info" and what.startswith(("wide", "a million", "deep"))
            yield _run_case(f"run.json {what}", reader, harm, "any" if possible else "refused")
    for field in ("schedule", "timesteps", "parameterization", "variance", "betas"):
        for what, value in WRONG.items():
            harm = _edit("run.json", "process", field, value=value)
            yield _run_case(f"run.json {field} {what}", "info", harm, "any")
    betas = {
        "of NaN": [float("nan")] * 20,
        "of one": [1.0] * 20,
        "too few": [0.1],
        "negative": [-1] * 20,
    }
    for what, value in betas.items():
        process = {"schedule": "betas", "timesteps": 20, "betas": value}
        harm = _edit("run.json", "process", value=process)
        yield _run_case(f"run.json betas {what}", "sample", harm)
    for key in ("network", "process", "format_version"):
        for what in ("null", "text", "list"):
            harm = _edit("run.json", key, value=WRONG[what])
            yield _run_case(f"run.json {key} {what}", "open run", harm)
    for key in ("created", "origin"):
        harm = _edit("run.json", key, value="\x1b[2J\n" * 1000)
        yield _run_case(f"run.json {key} of escapes", "info", harm, "harmless")

    def pipe(run: Path) -> None:
        (run / "run.json").unlink()
        os.mkfifo(run / "run.json")

    yield _run_case("run.json that is a pipe", "info", pipe)
    yield _run_case("run.json that is missing", "info", lambda run: (run / "run.json").unlink())


_POSSIBLE = {"zero", "true", "huge", "large", "fraction", "null", "negative", "far"}


def _metrics() -> Iterator[Case]:
    lines = {
        "nested": b"[" * 200_000,
        "nested objects": b'{"step":' * 100_000,
        "one line of 50 MB": b'{"step": 1, "a": "' + b"x" * (50 << 20),
        "rubbish": bytes(range(256)) * 100,
        "NaN": b'{"step": 1, "loss": NaN}\n',
        "a text for a loss": b'{"step": 1, "loss": "low"}\n',
        "a list for a loss": b'{"step": 1, "loss": [1]}\n',
        "an object for a loss": b'{"step": 1, "loss": {}}\n',
        "a far loss": b'{"step": 1, "loss": 1e400}\n',
        "a huge loss": b'{"step": 1, "loss": ' + b"9" * 400 + b"}\n",
        "a huge step": b'{"step": ' + b"9" * 40 + b', "loss": 1}\n',
        "a negative step": b'{"step": -5, "loss": 1}\n',
        "a true step": b'{"step": true, "loss": 1}\n',
        "bins of text": b'{"step": 1, "loss": 1, "loss_by_t": "0123456789"}\n',
        "bins of lists": b'{"step": 1, "loss": 1, "loss_by_t": [[1],[2],3,4,5,6,7,8,9,0]}\n',
        "bins of nothing": b'{"step": 1, "loss": 1, "loss_by_t": 7}\n',
        "a million bins": b'{"step": 1, "loss": 1, "loss_by_t": [' + b"1," * 999_999 + b"1]}\n",
        "steps backwards": b'{"step": 9, "loss": 1}\n{"step": 2, "loss": 1}\n',
        "half a million lines": b'{"step": 1, "loss": 1}\n' * 500_000,
    }
    for what, content in lines.items():
        for reader in ("info", "open run"):
            harm = _write("metrics.jsonl", content)
            yield _run_case(f"metrics of {what}", reader, harm, "harmless")

    def folder(run: Path) -> None:
        (run / "metrics.jsonl").unlink()
        (run / "metrics.jsonl").mkdir()

    yield _run_case("metrics that are a folder", "open run", folder, "harmless")


def _with_checksum(run: Path) -> None:
    """Recompute the checksums in each ``state.json`` from the current contents of the files."""
    for state in run.glob("checkpoints/*/state.json"):
        content = json.loads(state.read_text())
        for name in content["checksums"]:
            data = (state.parent / name).read_bytes()
            content["checksums"][name] = blake2b(data, digest_size=16).hexdigest()
        state.write_text(json.dumps(content))


def _checkpoints() -> Iterator[Case]:
    step = "checkpoints/step-00000003"
    for what, content in _BAD_JSON.items():
        yield _run_case(f"state.json of {what}", "sample", _write(f"{step}/state.json", content))
    for key, value in {"step": 4, "checksums": [1], "checksums of text": "x"}.items():
        harm = _edit(f"{step}/state.json", key.split()[0], value=value)
        yield _run_case(f"state.json with {key} {value}", "sample", harm)
    for what, table in bad_safetensors().items():
        path = f"{step}/ema.safetensors"
        yield _run_case(f"checkpoint of {what}", "sample", _write(path, table))

        def vouched(run: Path, table: bytes | Callable[[], bytes] = table) -> None:
            _write(f"{step}/ema.safetensors", table)(run)
            _with_checksum(run)

        yield _run_case(f"checkpoint of {what}, vouched for", "sample", vouched)

    def sparse(run: Path) -> None:
        shape = {"dtype": "F32", "shape": [1 << 30], "data_offsets": [0, 4 << 30]}
        path = run / step / "ema.safetensors"
        path.write_bytes(safetensors({"a": shape}))
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size + (4 << 30))

    yield _run_case("checkpoint of 4 GB of nothing", "sample", sparse)

    def not_finite(run: Path) -> None:
        from safetensors.torch import save_file

        weights = {k: torch.full_like(v, float("nan")) for k, v in seeds.weights().items()}
        save_file(weights, run / step / "ema.safetensors")
        _with_checksum(run)

    yield _run_case("checkpoint of NaN", "sample", not_finite)

    def pipe(run: Path) -> None:
        (run / step / "ema.safetensors").unlink()
        os.mkfifo(run / step / "ema.safetensors")

    yield _run_case("checkpoint that is a pipe", "sample", pipe)


def _latents() -> Iterator[Case]:
    yield file_case("latent of another model", "latent", "l.safetensors", seeds.latent(), "refused")
    for what, content in bad_safetensors().items():
        yield file_case(f"latent of {what}", "latent", "l.safetensors", content, "refused")
    whole = seeds.latent()
    for place, cut in cuts(whole, 6):
        yield file_case(f"latent cut at {place}", "latent", "l.safetensors", cut, "refused")
    for number, bad in damaged(whole, 12, 2):
        yield file_case(f"latent damaged {number}", "latent", "l.safetensors", bad, "refused")
    (length,) = struct.unpack("<Q", whole[:8])
    header, body = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    for key in ("format", "t", "timesteps", "model"):
        for value in ("", "x", "-1", "9" * 5000, "1.5", "\x1b[2J"):
            bad_header = json.loads(json.dumps(header))
            bad_header["__metadata__"][key] = value
            content = safetensors(bad_header, body)
            name = f"latent {key} {value[:8]!r}"
            yield file_case(name, "latent", "l.safetensors", content, "refused")
    for shape in ([192], [1, 3, 64], [3, 1, 8, 8], [1, 1, 192, 1], [1, 0, 8, 8]):
        bad_header = json.loads(json.dumps(header))
        bad_header["x_t"]["shape"] = shape
        content = safetensors(bad_header, body)
        yield file_case(f"latent of shape {shape}", "latent", "l.safetensors", content, "refused")

    def pipe(folder: Path) -> Path:
        os.mkfifo(folder / "l.safetensors")
        return folder / "l.safetensors"

    yield Case("latent that is a pipe", "latent", pipe)
    yield Case("latent that is a folder", "latent", lambda folder: folder)


def _model_case(
    name: str, harm: Callable[[Path], object], expect: Expect = "refused", packed: bool = False
) -> Case:
    def make(folder: Path) -> Path:
        model = seeds.make_diffusers(folder / "model", packed)
        harm(model)
        return model

    return Case(name, "diffusers", make, expect)


def _diffusers() -> Iterator[Case]:
    unet, scheduler = "unet/config.json", "scheduler/scheduler_config.json"
    for what, content in _BAD_JSON.items():
        yield _model_case(f"diffusers config of {what}", _write(unet, content))
        expect: Expect = "harmless" if what == "half characters" else "refused"
        yield _model_case(f"diffusers scheduler of {what}", _write(scheduler, content), expect)
    for field in (
        *("block_out_channels", "layers_per_block", "sample_size", "in_channels", "out_channels"),
        *(
            "norm_num_groups",
            "attention_head_dim",
            "down_block_types",
            "num_class_embeds",
            "dropout",
        ),
    ):
        for what, value in WRONG.items():
            harm = _edit(unet, field, value=value)
            yield _model_case(f"diffusers {field} {what}", harm, "any")
    for field in (
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
    ):
        for what, value in WRONG.items():
            harm = _edit(scheduler, field, value=value)
            yield _model_case(f"diffusers {field} {what}", harm, "any")
    networks: dict[str, dict[str, Any]] = {
        "of a million blocks": {"layers_per_block": 10**6},
        "of huge widths": {"block_out_channels": [10**9, 10**9]},
        "of ten thousand levels": {"block_out_channels": [4] * 10_000},
        "of a huge side": {"sample_size": 2**62},
        "of a billion classes": {"num_class_embeds": 10**9},
    }
    for what, fields in networks.items():

        def harm(model: Path, fields: dict[str, Any] = fields) -> None:
            for key, value in fields.items():
                _edit(unet, key, value=value)(model)

        yield _model_case(f"diffusers network {what}", harm)
    weights = "unet/diffusion_pytorch_model.safetensors"
    for what, table in bad_safetensors().items():
        yield _model_case(f"diffusers weights of {what}", _write(weights, table))
    for what, table in _bad_pickles().items():
        path = weights.replace(".safetensors", ".bin")
        yield _model_case(f"diffusers pickle of {what}", _write(path, table), packed=True)
    for name in (unet, scheduler, weights):
        yield _model_case(f"diffusers without {name}", _without(name))
    yield _model_case("diffusers whole", lambda model: None, "harmless")
    yield _model_case("diffusers whole, of torch", lambda model: None, "harmless", packed=True)


class Runs:
    """Object whose pickle runs a command when it is loaded."""

    def __init__(self, *words: object) -> None:
        self.words = words

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.system, ("touch /tmp/ddpm-studio-was-here",)


def saved(value: object, **how: Any) -> bytes:
    """Return the bytes of a file that ``torch.save`` writes."""
    stream = io.BytesIO()
    torch.save(value, stream, **how)
    return stream.getvalue()


def torch_zip(program: bytes, **files: bytes) -> bytes:
    """Return a zip file as torch writes it, with ``program`` as its pickle."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        for name, data in files.items():
            archive.writestr(f"archive/data/{name}", data)
    return stream.getvalue()


def _bad_pickles() -> dict[str, bytes | Callable[[], bytes]]:
    whole = saved(seeds.weights())
    # A tuple of a tuple of … as a key: hashing it takes 2^40 steps.
    bomb = b"\x80\x02}" + b")" + b"q\x000h\0h\0\x86q\0" * 40 + b"K\x01s."
    found: dict[str, bytes | Callable[[], bytes]] = {
        "a program": saved({"a": Runs()}),
        "a program alone": pickle.dumps(Runs()),
        "a program in a table": torch_zip(pickle.dumps(Runs(), 2)),
        "a key that takes for ever": torch_zip(bomb),
        "bytes of 8 GB": torch_zip(b"\x80\x02c__builtin__\nbytearray\n\x8a\x05\0\0\0\0\x02\x85R."),
        "numbers": saved({"a": 1}),
        "a list": saved([torch.zeros(2)]),
        "sparse numbers": saved({"a": torch.eye(2).to_sparse()}),
        "old layout": saved(seeds.weights(), _use_new_zipfile_serialization=False),
        "nothing": b"",
        "an empty zip": torch_zip(b""),
        "only an end": torch_zip(b"."),
        "rubbish": torch_zip(bytes(range(256))),
        "marks": torch_zip(b"(" * 2_000_000 + b"."),
        "notes without end": torch_zip(b"\x80\x02" + b"N0" * 2_000_000),
        "get of nothing": torch_zip(b"h\x09."),
        "pop of nothing": torch_zip(b"R."),
        "a number of 16 MB": lambda: torch_zip(
            b"\x8b" + struct.pack("<i", 16 << 20) + bytes(16 << 20)
        ),
        "a text that never ends": torch_zip(b"V" + b"x" * 1_000_000),
        "another network": saved({"a": torch.zeros(2)}),
    }
    for place, cut in cuts(whole, 4):
        found[f"a file cut at {place}"] = cut
    return found
