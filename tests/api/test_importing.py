"""Python API: importing models of other programs, and writing samples for evaluations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import ddpm_studio as ds
from tests.interop.formats.test_paper_unet import Paper


def test_a_checkpoint_becomes_a_run_that_writes_samples(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torch.save(Paper(mult=(1, 1), blocks=1).made(), tmp_path / "ema.ckpt")
    with pytest.raises(TypeError, match="heads"):
        ds.import_model(tmp_path / "ema.ckpt", run=tmp_path / "run", heads=3)
    run = ds.import_model(tmp_path / "ema.ckpt", run=tmp_path / "run", image_size=16, timesteps=20)
    assert "Taken as usual: schedule linear, parameterization eps." in caplog.text
    assert run.info.process.timesteps == 20
    path = run.sample_to(tmp_path / "a.npz", 3, steps=2, device="cpu", seed=5)
    again = run.sample(3, steps=2, device="cpu", seed=5)
    with np.load(path) as arrays:
        assert np.array_equal(arrays["arr_0"], again.pictures)
    assert np.array_equal(np.load(again.save(tmp_path / "b.npz"))["arr_0"], again.pictures)
    with pytest.raises(ds.StudioError, match=r"\.npz or \.zip"):
        run.sample_to(tmp_path / "a.gif", 3)
    with pytest.raises(TypeError, match="size"):
        run.sample_to(tmp_path / "c.npz", 3, size=9)
    with pytest.raises(TypeError, match="'columns'"):
        run.sample_to(tmp_path / "c.zip", 3, columns=3)
