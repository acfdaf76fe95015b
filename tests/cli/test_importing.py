"""``ddpm-studio import``: settings that the files of other programs do not contain."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm_studio.runs import RunFolder
from tests.cli.conftest import Terminal
from tests.interop.formats.test_openai import Published, made
from tests.interop.formats.test_paper_unet import Paper


@pytest.fixture(scope="module")
def openai(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("openai") / "ema_0.9999_5.pt"
    torch.save(made(Published(classes=3)), path)
    return path


def test_what_nothing_is_usual_for_is_asked_with_the_usual_rest(
    terminal: Terminal, openai: Path, tmp_path: Path
) -> None:
    said = terminal("import", openai, "--run", tmp_path / "run")
    assert said.code == 1
    assert "does not say its image size" in said.error
    asked = (
        "--image-size N --schedule linear --timesteps 1000 --no-rescale-timesteps --num-heads 4 "
        "--num-head-channels 0 --no-new-attention-order --parameterization eps --no-null-class"
    )
    assert asked in said.error
    assert not (tmp_path / "run").exists()
    # The options that the message lists can be typed as they are.
    words = asked.replace(" N ", " 16 ").split()
    assert terminal("import", openai, "--run", tmp_path / "run", *words).code == 0


def test_what_is_guessed_is_told_and_kept(terminal: Terminal, openai: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    said = terminal("import", openai, "--run", run, "--image-size", 16, "--num-heads", 2)
    assert said.code == 0
    assert said.out == f"{run}\n"
    assert "Taken as usual: --schedule linear" in said.err
    assert "--num-heads" not in said.err
    info = RunFolder.open(run).info
    assert info.imported["format"] == "openai"
    assert (info.imported["num_heads"], info.imported["timesteps"]) == (2, 1000)
    assert info.network["heads"] == 2
    assert info.origin == "OpenAI: ema_0.9999_5.pt"
    words = ["sample", run, "--count", 1, "--steps", 2, "--device", "cpu"]
    assert terminal(*words, "--class-label", 2, "--out", tmp_path / "a.png").code == 0
    guided = terminal(*words, "--class-label", 2, "--guidance", 2, "--out", tmp_path / "b.png")
    assert 'no "no class"' in guided.error


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--timesteps", "1"], "2"),
        (["--schedule", "nonsense"], "'linear'"),
        (["--format", "nonsense"], "'diffusers'"),
    ],
)
def test_wrong_answers_are_wrong_usage(
    words: list[str], cause: str, terminal: Terminal, openai: Path, tmp_path: Path
) -> None:
    said = terminal("import", openai, "--run", tmp_path / "run", *words)
    assert said.code == 2
    assert cause in said.error


def test_an_answer_that_nobody_asked_for_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    torch.save(Paper(mult=(1, 1), blocks=1).made(), tmp_path / "ema.ckpt")
    words = ["import", tmp_path / "ema.ckpt", "--run", tmp_path / "run"]
    said = terminal(*words, "--num-heads", 2)
    assert "--num-heads: ema.ckpt says this itself, or has no such thing" in said.error
    assert "It leaves open --image-size, --schedule" in said.error
    assert not (tmp_path / "run").exists()


def test_a_layout_that_is_named_wrongly_is_told(terminal: Terminal, tmp_path: Path) -> None:
    torch.save(Paper(mult=(1, 1), blocks=1).made(), tmp_path / "ema.ckpt")
    words = ["import", tmp_path / "ema.ckpt", "--run", tmp_path / "run"]
    said = terminal(*words, "--format", "openai")
    assert "can't be read as a model of OpenAI" in said.error


def test_samples_for_evaluations(terminal: Terminal, trained: Path, tmp_path: Path) -> None:
    words = ["sample", trained, "--count", 3, "--steps", 2, "--device", "cpu", "--seed", 4]
    said = terminal(*words, "--out", tmp_path / "a.npz", "--json")
    assert said.code == 0
    assert json.loads(said.out)["count"] == 3
    for name in ("folder", "a.zip"):
        assert terminal(*words, "--out", tmp_path / name).code == 0
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays.files == ["arr_0"]
        for index, picture in enumerate(arrays["arr_0"]):
            file = np.asarray(Image.open(tmp_path / "folder" / f"{index:05}.png"))
            assert np.array_equal(file.reshape(picture.shape), picture)
    assert terminal(*words, "--out", tmp_path / "folder").code == 1
    assert terminal(*words, "--all-classes", "--out", tmp_path / "b.npz").code == 1
    assert not (tmp_path / "b.npz").exists()
