"""Frames stored as float16: they give the same 8-bit pictures as the float32 originals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ddpm_studio.engine.pixels import to_float16, to_uint8
from ddpm_studio.jobs.frames import FrameImages, to_levels, to_values


def around_each_boundary(scale: float) -> torch.Tensor:
    """Return values close to the rounding boundaries between 8-bit levels, (1, 1, 1, N).

    They are within a few float32 or float16 units of a boundary.
    """
    edges = (np.arange(1, 256) - 128.0) / 127.5 * scale
    near = np.concatenate(
        [edges + k * step for step in (1e-8, 3e-7, 5e-5, 2.4e-4) for k in range(-6, 7)]
    )
    return torch.from_numpy(near.astype(np.float32)).reshape(1, 1, 1, -1)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_its_pictures_are_those_of_the_exact_numbers(scale: float) -> None:
    random = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 1.5 * scale
    for x in (random, around_each_boundary(scale)):
        kept = to_float16(x, scale).numpy()
        assert kept.dtype == np.float16
        np.testing.assert_array_equal(to_levels(kept, scale), to_uint8(x, scale).numpy())
        exact = x.permute(0, 2, 3, 1).numpy()
        # An error of at most 1 ulp of float16, where rounding to nearest gives at most 1/2 ulp.
        unit = np.spacing(np.abs(exact).astype(np.float16)).astype(np.float64)
        assert (np.abs(kept.astype(np.float64) - exact) <= 1.001 * unit).all()


def test_plain_rounding_would_change_pictures() -> None:
    x = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    rounded = to_uint8(x.half())
    assert (rounded != to_uint8(x)).float().mean() > 0.001


@given(st.floats(-(2.0**99), 2.0**99, width=32))
def test_any_number(value: float) -> None:
    x = torch.full((1, 1, 1, 1), value)
    kept = to_float16(x).numpy()
    assert np.isfinite(kept).all()
    assert to_levels(kept) == to_uint8(x).numpy()


def test_levels_are_kept_as_they_are_and_told_as_numbers() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    assert to_levels(levels, 3.0) is not None
    assert np.shares_memory(to_levels(levels), levels)
    values = to_values(levels, 3.0)
    np.testing.assert_allclose(values.ravel(), (np.arange(256) / 127.5 - 1) * 3, atol=1e-6)


def test_a_compact_frame_looks_the_same() -> None:
    x = [torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(k)) for k in range(3)]
    scales = (1.0, 1.0, 3.0)
    frame = FrameImages(
        0, 1, 5, *(to_float16(one, s).numpy() for one, s in zip(x, scales, strict=True))
    )
    compact = frame.compact()
    assert (frame.nbytes, compact.nbytes) == (6 * 384, 4 * 384)
    assert (frame.exact, compact.exact) == (True, False)
    for view, one, scale in zip(("x_t", "x0_hat", "eps"), x, scales, strict=True):
        for moment in (frame, compact):
            np.testing.assert_array_equal(getattr(moment, view), to_uint8(one, scale).numpy())
    np.testing.assert_array_equal(compact.values("x_t"), frame.values("x_t"))
