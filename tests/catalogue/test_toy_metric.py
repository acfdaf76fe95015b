"""Metric and feature space of a plug-in, in the terminal and in Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.jobs import evaluate_files
from ddpm_studio.requests import CompareRequest, PrepareOptions
from tests.cli.conftest import Terminal
from tests.jobs.conftest import finish


def test_the_terminal_compares_by_them(toy: Path, terminal: Terminal, tmp_path: Path) -> None:
    for name, level in (("real", 100), ("fake", 90)):
        pictures = np.full((6, 8, 8, 3), level, np.uint8)
        pictures[..., 0] += np.arange(6, dtype=np.uint8)[:, None, None]
        np.save(tmp_path / f"{name}.npy", pictures)
    words = ("--metric", "toy-gap", "--features", "toy-colour")
    said = terminal("evaluate", tmp_path / "fake.npy", tmp_path / "real.npy", "--json", *words)
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["features"] == "the mean colour"
    [figure] = told["figures"]
    assert (figure["name"], figure["title"]) == ("toy-gap", "Toy gap")
    assert figure["value"] == pytest.approx(10, abs=1.5)
    assert figure["floor"] < 2
    assert told["recipe"]["plugins"] == {
        "feature space toy-colour": "toy-plugin 1.0",
        "metric toy-gap": "toy-plugin 1.0",
    }
    every = finish(
        evaluate_files(
            CompareRequest(features="toy-colour"),
            [tmp_path / "fake.npy"],
            [tmp_path / "real.npy"],
            PrepareOptions(),
        )
    )[1]
    assert {"toy-gap", "frechet"} <= {one.name for one in every.figures}
