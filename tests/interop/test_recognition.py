"""Recognition of model files and folders: missing, known, known but refused, unknown, damaged."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ddpm_studio.catalogue import MODEL_FORMATS
from ddpm_studio.catalogue.model_formats import may_be_model
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import open_recognised


def refusal(path: Path) -> str:
    with pytest.raises(StudioError) as told, open_recognised(path):
        pass
    return str(told.value)


@pytest.mark.parametrize(
    "name",
    ["google/ddpm-cifar10-32", "hf://google/ddpm-cifar10-32", "https://huggingface.co/a/b-32"],
)
def test_a_name_of_the_hub_is_told_as_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(Path(name))
    assert "Hugging Face Hub" in told
    assert "nothing is fetched" in told
    repository = "google/ddpm-cifar10-32" if "google" in name else "a/b-32"
    assert f"hf download {repository} --local-dir {repository.split('/')[1]}" in told


@pytest.mark.parametrize("name", ["there/is/none", "ckpt.pt", "runs/ckpt.pt", "/a/b", "../a"])
def test_a_path_that_is_not_there_is_told_as_one(name: str) -> None:
    told = refusal(Path(name))
    assert "There is no file or folder" in told
    assert "Hub" not in told


class Program:
    """Object that creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (Path("evil"),)


def w(*names: str) -> dict[str, torch.Tensor]:
    return {name: torch.zeros(2, 2) for name in names}


OTHERS: dict[str, object] = {
    "lucidrains": {
        "step": 3,
        "model": w("betas", "model.init_conv.weight", "model.downs.0.0.mlp.1.weight"),
        "opt": {"state": {}, "param_groups": []},
        "ema": w("ema_model.model.downs.0.0.mlp.1.weight"),
        "scaler": None,
        "version": "2.1.1",
    },
    "lucidrains, of the network alone": w("init_conv.weight", "downs.0.0.block1.proj.weight"),
    "k-diffusion": {
        "model": w("inner_model.proj_in.weight"),
        "model_ema": w("inner_model.proj_in.weight"),
        "opt": {},
        "sched": {},
        "ema_sched": {},
        "epoch": 1,
        "step": 2,
    },
    "score_sde": {
        "optimizer": {},
        "model": w("module.sigmas", "module.all_modules.0.weight"),
        "ema": {"decay": 0.999, "num_updates": 3, "shadow_params": [torch.zeros(2)]},
        "step": 1,
    },
    "latent diffusion": {
        "state_dict": w("model.diffusion_model.time_embed.0.weight", "first_stage_model.a"),
        "global_step": 3,
    },
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_programs_are_named_and_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = OTHERS[name]
    if isinstance(content, dict) and "step" in content:
        content["config"] = Program()
    torch.save(content, tmp_path / "a.pt")
    told = refusal(tmp_path / "a.pt")
    title = name.split(",")[0]
    assert (title if title != "lucidrains" else "denoising-diffusion-pytorch") in told
    assert "damaged" not in told
    assert not Path("evil").exists()


def test_a_pickle_of_nvlabs_is_named_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table = {"ema": Program(), "loss_fn": "torch_utils.persistence", "augment_pipe": None}
    (tmp_path / "edm.pkl").write_bytes(pickle.dumps(table))
    assert "EDM or StyleGAN" in refusal(tmp_path / "edm.pkl")
    assert not Path("evil").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("opt5.pt", {"state": {}, "param_groups": []}, "state of an optimiser"),
        ("a.pt", {"weights": torch.zeros(2), "x": 1}, "it holds weights, x"),
        ("a.bin", w("time_embedding.linear_1.weight"), "without their config.json"),
        ("a.pt", w("module._orig_mod.time_embedding.linear_1.weight"), "without their config.json"),
        (
            "a.ckpt",
            {"state_dict": w("model.time_embedding.linear_1.weight"), "epoch": 3},
            "without their config.json",
        ),
        ("a.pt", w("unet.down.to_q.lora_A.weight"), "a LoRA"),
        ("a.pt", {}, "holds nothing"),
        ("a.pt", torch.zeros(3), "no table"),
        ("a.pt", [1, 2], "no table"),
        ("a.pt", Program(), "no table"),
        ("a.pt", torch.nn.Conv2d(3, 3, 3), "a pickled Conv2d, whose program is not run"),
        ("64x64_classifier.pt", w("time_embed.0.weight", "input_blocks.0.0.weight"), "classifier"),
    ],
)
def test_whole_and_unknown_is_not_damaged(
    name: str, content: object, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / name)
    told = refusal(tmp_path / name)
    assert words in told
    assert "damaged" not in told
    assert not Path("evil").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.onnx", "ONNX"),
        ("a.h5", "HDF5"),
        ("model.ckpt-790000.data-00000-of-00001", "TensorFlow"),
        ("model.ckpt-790000.index", "TensorFlow"),
        ("a.zip", "archive"),
        ("a.pb", "TensorFlow"),
        ("a.npz", "JAX"),
        ("a.png", "a picture, and no model"),
        ("__0_0.distcp", "torch.distributed"),
        ("a.txt", "no checkpoint of a kind"),
        ("a.pkl", "a Python pickle"),
        ("a.yaml", "holds settings, and no weights"),
    ],
)
def test_what_is_known_by_its_name(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"anything")
    told = refusal(tmp_path / name)
    assert words in told
    assert "damaged" not in told


def test_a_checkpoint_cut_short_is_damaged(tmp_path: Path) -> None:
    torch.save(w("a", "b"), tmp_path / "a.pt")
    whole = (tmp_path / "a.pt").read_bytes()
    (tmp_path / "a.pt").write_bytes(whole[: len(whole) // 2])
    assert "begins as a checkpoint and can't be read" in refusal(tmp_path / "a.pt")
    save_file(w("a"), tmp_path / "a.safetensors")
    whole = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(whole[:-4])
    assert "can't be read" in refusal(tmp_path / "a.safetensors")


def test_folders_that_are_none(tmp_path: Path) -> None:
    assert "not a diffusers model, nor" in refusal(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    assert "a run of DDPM Studio already" in refusal(tmp_path)
    spread = tmp_path / "spread"
    spread.mkdir()
    (spread / "__0_0.distcp").touch()
    assert "spread over several files" in refusal(spread)
    deep = tmp_path / "deep"
    (deep / "global_step5").mkdir(parents=True)
    (deep / "global_step5" / "mp_rank_00_model_states.pt").touch()
    (deep / "latest").write_text("global_step5")
    assert "DeepSpeed" in refusal(deep)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.keras", "Only models of PyTorch can be read"),
        ("a.npz", "Only models of PyTorch can be read"),
        ("a.zip", "Unpack it"),
        ("a.pth", "Unpack it"),
    ],
)
def test_archives_of_others_are_not_damaged(name: str, remedy: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("config.json", "{}")
    told = refusal(tmp_path / name)
    assert remedy in told
    assert "begins as a checkpoint" not in told


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["pytorch_lora_weights.safetensors"], "holds a LoRA"),
        (["adapter_config.json", "adapter_model.bin"], "holds a LoRA"),
        (["learned_embeds.bin"], "textual inversion"),
        (["saved_model.pb", "variables/variables.index"], "TensorFlow (SavedModel)"),
        (["checkpoint", "x.index", "x.data-00000-of-00001"], "a checkpoint of TensorFlow"),
        (["checkpoint_10/_METADATA", "checkpoint_10/manifest.ocdbt"], "JAX (Orbax)"),
        (["model.onnx"], "ONNX"),
        (["scheduler_config.json"], "a scheduler, and no network"),
        (["optimizer.bin", "pytorch_model.bin"], "Choose one of the files"),
        (["a.pt", "logs/x"], "holds a.pt, and no config.json"),
    ],
)
def test_folders_of_other_programs_are_named(names: list[str], words: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text("{}")
    told = refusal(tmp_path / "in")
    assert words in told
    assert "damaged" not in told


def test_a_model_of_transformers_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").write_text("x")
    assert "a model of the library transformers (bert)" in refusal(tmp_path)


def test_each_layout_has_code_and_says_so_where_it_is_refused() -> None:
    for info in MODEL_FORMATS.values():
        form = info.load()()
        assert hasattr(form, "reason") == ("refused" in info.help), info.name


@pytest.mark.parametrize(
    ("made", "is_one"),
    [
        ("model_index.json", True),
        ("unet/config.json", True),
        ("checkpoint-500/unet_ema/config.json", True),
        ("a.ckpt", True),
        ("A.PT", True),
        ("a.png", False),
        ("checkpoint-500/a.png", False),
        ("folder/config.json", False),
    ],
)
def test_what_looks_like_a_model_is_not_taken_for_pictures(
    made: str, is_one: bool, tmp_path: Path
) -> None:
    (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / made).write_text("{}")
    given = tmp_path if made.endswith(".json") or "/" in made else tmp_path / made
    assert may_be_model(given) == is_one
    assert not may_be_model(tmp_path / "none.pt")
