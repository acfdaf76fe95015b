from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.export.array_text import pack, unpack


@pytest.mark.parametrize(
    "array",
    [
        np.arange(48, dtype=np.uint8).reshape(4, 4, 3),
        np.eye(5, dtype=bool),
        np.linspace(-3, 3, 32, dtype=np.float32).reshape(1, 2, 4, 4),
    ],
)
def test_what_is_packed_comes_back_to_the_last_bit(array: np.ndarray) -> None:
    told = json.loads(json.dumps(pack({"one": array})))["one"]
    again = unpack("one", told)
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    assert again.tobytes() == array.tobytes()


def test_what_is_too_large_is_named_but_not_carried() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    small = np.zeros((4, 4, 1), np.uint8)
    packed = pack({"large": noise, "small": small})
    assert len(json.dumps(packed)) < 1 << 20
    with pytest.raises(StudioError, match="600 × 600 × 3"):
        unpack("large", packed["large"])
    assert np.array_equal(unpack("small", packed["small"]), small)


def _bomb() -> str:
    return base64.b64encode(zlib.compress(bytes(1 << 20))).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [4, 4]},
        {"shape": [-4, 12]},
        {"shape": [True, 48]},
        {"shape": "48"},
        {"shape": []},
        {"shape": [1 << 40]},
        {"dtype": "object"},
        {"dtype": ["uint8"]},
        {"sha256": "0" * 64},
        {"zlib": "no base64!"},
        {"zlib": base64.b64encode(b"no zlib").decode()},
        {"zlib": _bomb()},
        {"zlib": 7},
    ],
)
def test_a_changed_text_is_refused_in_words(change: dict[str, Any]) -> None:
    told = pack({"one": np.arange(48, dtype=np.uint8).reshape(4, 4, 3)})["one"]
    assert isinstance(told, dict)
    with pytest.raises(StudioError, match="one is damaged"):
        unpack("one", told | change)
    with pytest.raises(StudioError):
        unpack("one", None)
