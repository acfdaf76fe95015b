"""CUDA graphs of a network: when one is recorded (test_cuda.py covers what a GPU then does)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ddpm_studio.engine.device import cuda_graph
from ddpm_studio.engine.device.cuda_graph import GraphedDenoiser


class _Recordings:
    """Fake CUDA graphs: notes the batch sizes that are recorded, launched and replayed."""

    def __init__(self) -> None:
        self.recorded: list[int] = []
        self.replayed: list[int] = []
        self.launched: list[int] = []

    def launch(self, x: Any, t: Any) -> Any:
        self.launched.append(x.shape[0])
        return x

    def record(self, function: Any, inputs: tuple[Any, ...]) -> Any:
        self.recorded.append(inputs[0].shape[0])

        def replay(x: Any, t: Any) -> tuple[Any]:
            assert x.shape == inputs[0].shape
            self.replayed.append(x.shape[0])
            return (x,)

        return replay


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> _Recordings:
    recordings = _Recordings()
    monkeypatch.setattr(cuda_graph, "capture_graph", recordings.record)
    return recordings


def _draw(replayed: GraphedDenoiser, *sizes: int) -> None:
    for size in sizes:
        x: Any = SimpleNamespace(device=SimpleNamespace(type="cuda"), shape=(size, 3, 8, 8))
        assert replayed(x, x) is x


def test_the_third_batch_of_one_size_is_recorded(gpu: _Recordings) -> None:
    _draw(GraphedDenoiser(gpu.launch), 4, 4, 4, 4)
    assert (gpu.launched, gpu.recorded, gpu.replayed) == ([4, 4], [4], [4, 4])


def test_a_last_piece_that_is_smaller_leaves_the_recording_of_the_others(gpu: _Recordings) -> None:
    _draw(GraphedDenoiser(gpu.launch), *(3 * [4, 4, 4, 1]))
    assert gpu.recorded == [4]
    assert gpu.launched == [4, 4, 1, 1, 1]


def test_what_was_forgotten_is_launched_until_it_is_recorded_anew(gpu: _Recordings) -> None:
    replayed = GraphedDenoiser(gpu.launch)
    _draw(replayed, 4, 4, 4)
    replayed.release_graphs()
    _draw(replayed, 4, 4, 4, 4)
    assert (gpu.launched, gpu.recorded, gpu.replayed) == ([4, 4] * 2, [4, 4], [4, 4, 4])


def test_another_size_that_stays_is_recorded_anew(gpu: _Recordings) -> None:
    _draw(GraphedDenoiser(gpu.launch), 4, 4, 4, 2, 2, 2, 2)
    assert gpu.recorded == [4, 2]
    assert gpu.replayed == [4, 2, 2]
