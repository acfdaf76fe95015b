"""OpenAI's timestep respacing against an independent version of its rule and known sets."""

from __future__ import annotations

import itertools

import pytest
import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.samplers import SAMPLERS, grid
from ddpm_studio.engine.samplers.run_sampler import run_sampler, timestep_grid
from tests.engine.gaussian import TwoHills
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()


def published(T: int, text: str) -> set[int]:
    """Return the timesteps of the published rule: equal fractional strides per section, rounded."""
    if text.startswith("ddim"):
        wanted = int(text[4:])
        return next(set(range(T)[::k]) for k in range(1, T) if len(range(T)[::k]) == wanted)
    counts = [int(part) for part in text.split(",")]
    small, longer = divmod(T, len(counts))
    ends = [0, *itertools.accumulate([small + 1] * longer + [small] * (len(counts) - longer))]
    steps: set[int] = set()
    for (low, high), count in zip(itertools.pairwise(ends), counts, strict=True):
        at, taken = 0.0, 0
        while taken < count:
            steps.add(low + round(at))
            at += (high - low - 1) / max(count - 1, 1)
            taken += 1
    return steps


@pytest.mark.parametrize("T", [10, 100, 300, 1000, 4000])
@pytest.mark.parametrize(
    "text",
    ["10", "1", "2", "7", "10,10,10", "1,2,3", "3,0,1", "5,2", "1,1,1,1,1,1,1", "250", "100,50,25"],
)
def test_sections(T: int, text: str) -> None:
    counts = [int(count) for count in text.split(",")]
    if max(counts) > T // len(counts):
        with pytest.raises(ValueError, match="timesteps, not"):
            grid.space_timesteps(T, text)
        return
    kept = grid.space_timesteps(T, text)
    assert kept.dtype == torch.long
    assert kept.tolist() == sorted(published(T, text))
    assert len(kept) == sum(counts)


@pytest.mark.parametrize("T", [4, 50, 1000, 4000])
def test_every_ddim_stride(T: int) -> None:
    for stride in range(1, T, 1 + T // 50):
        count = len(range(0, T, stride))
        assert grid.space_timesteps(T, f"ddim{count}").tolist() == sorted(
            published(T, f"ddim{count}")
        )


def test_every_count_of_one_section() -> None:
    """All counts of one section agree, many of which have sums of strides that end in .5."""
    for count in range(1, 301):
        assert grid.space_timesteps(300, str(count)).tolist() == sorted(published(300, str(count)))


def test_known_sets() -> None:
    assert grid.space_timesteps(1000, "ddim50").tolist() == list(range(0, 1000, 20))
    assert grid.space_timesteps(1000, "ddim250").tolist() == list(range(0, 1000, 4))
    # 300 steps in sections of 10, 15 and 20: strides of 11, 99/14 and 99/19.
    kept = grid.space_timesteps(300, "10,15,20").tolist()
    assert kept[:10] == list(range(0, 100, 11))
    assert kept[10:14] == [100, 107, 114, 121]
    assert (kept[24], kept[25], kept[26], kept[-1]) == (199, 200, 205, 299)
    assert (
        grid.space_timesteps(1000, "10, 10 ,10").tolist()
        == grid.space_timesteps(1000, "10,10,10").tolist()
    )
    # 3.5 is rounded to 4, 10.5 to 10.
    assert grid.space_timesteps(15, "5").tolist() == [0, 4, 7, 10, 14]


@pytest.mark.parametrize(
    ("T", "text", "message"),
    [
        (1000, "ddim300", "no whole stride keeps 300 of 1000 timesteps; 334 or 250 can be kept"),
        (1000, "ddim0", "no whole stride keeps 0"),
        (1000, "ddim1", "no whole stride keeps 1 of 1000 timesteps; 2"),
        (1, "ddim1", "no whole stride keeps 1 of 1 timesteps$"),
        (1000, "10,500,10", "section 2 of 3 has 333 of the timesteps, not 500"),
        (1000, "0,0", "keeps no timestep"),
        (1000, "", 'such as "10,15,20", or "ddim50"; not \'\''),
        (1000, "10,,10", 'such as "10,15,20", or "ddim50"'),
        (1000, "-5", 'such as "10,15,20", or "ddim50"'),
        (1000, "10.5", 'such as "10,15,20", or "ddim50"'),
        (1000, "ddim", 'such as "10,15,20", or "ddim50"'),
        (1000, "ddim50,10", 'such as "10,15,20", or "ddim50"'),
        (1000, "DDIM50", 'such as "10,15,20", or "ddim50"'),
    ],
)
def test_refusals(T: int, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        grid.space_timesteps(T, text)


@pytest.mark.parametrize("name", ["ddim", "dpm++3m", "edm-churn", "ode"])
def test_a_sampler_walks_over_given_timesteps(name: str) -> None:
    noise, kept = PictureNoise(0, [0], "cpu"), grid.space_timesteps(1000, "ddim10")
    process, x = DiffusionProcess(LINEAR), noise.draw((1, 4, 4))
    _, frames = finish(run_sampler(SAMPLERS[name], process, TwoHills(), x, noise, kept))
    assert [frame.t for frame in frames] == [*range(901, 0, -100), 0]


def test_given_timesteps_and_a_t_to_go_through() -> None:
    kept = torch.tensor([0, 30, 60])
    assert timestep_grid(SAMPLERS["ddim"], LINEAR, kept, t=61).tolist() == [0, 30, 60]
    assert timestep_grid(SAMPLERS["ddim"], LINEAR, kept, through=11).tolist() == [0, 10, 30, 60]


@pytest.mark.parametrize(
    ("kept", "options", "message"),
    [
        ([0, 5], {"t": 5}, "timesteps up to 5 start at t = 6, not 5"),
        ([0, 5], {"through": 7}, r"go through must be 0\.\.6"),
        ([5, 0], {}, r"must ascend within 0\.\.999"),
        ([5, 5], {}, "must ascend"),
        ([-1, 5], {}, "must ascend"),
        ([5, 1000], {}, "must ascend"),
        ([], {}, "one at least"),
        ([[1, 2]], {}, "one at least"),
        ([0.0, 5.0], {}, "must be int64"),
    ],
)
def test_impossible_timesteps(kept: list[int], options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        timestep_grid(SAMPLERS["ddim"], LINEAR, torch.tensor(kept), **options)
