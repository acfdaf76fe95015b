"""Export as generators: progress, cancelling without remains, memory, and the files' bytes."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.export import (
    estimate_animation,
    find_ffmpeg,
    picture_recipes,
    save_animation,
    save_grid,
    save_png,
    save_png_sequence,
)
from ddpm_studio.export.frame_differences import FrameDifference, iter_differences
from ddpm_studio.export.recipe import png_text
from ddpm_studio.export.timing import Timeline
from ddpm_studio.progress import Progress
from tests.data.pictures import drain, noise

Frames = Sequence[np.ndarray]


def _has_ffmpeg() -> bool:
    try:
        find_ffmpeg()
    except StudioError:
        return False
    return True


_MP4 = pytest.param(
    ".mp4", marks=pytest.mark.skipif(not _has_ffmpeg(), reason="needs ffmpeg"), id="mp4"
)
_SUFFIXES = [".gif", ".apng", ".webp", _MP4]


def everything(folder: Path) -> dict[str, bytes | None]:
    """Return the contents of a folder by relative path: bytes of files, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def check_progress(told: Iterable[Progress], total: int) -> None:
    """Assert that each phase starts at 0 and never decreases; the last counts up to the total."""
    phases: dict[str, list[int]] = {}
    for report in told:
        assert report.total == total
        phases.setdefault(report.text, []).append(report.done)
    for done in phases.values():
        assert done == sorted(done)
        assert done[0] == 0
    assert list(dict.fromkeys(phases[report.text])) == list(range(total + 1))


@pytest.mark.parametrize("suffix", _SUFFIXES)
@pytest.mark.parametrize("channels", [1, 3])
def test_progress_counts_every_frame(tmp_path: Path, suffix: str, channels: int) -> None:
    frames = list(noise(7, channels=channels))
    check_progress(save_animation(tmp_path / f"a{suffix}", frames), 7)


@pytest.mark.parametrize("name", ["folder", "pictures.zip"])
def test_progress_counts_every_picture(tmp_path: Path, name: str) -> None:
    check_progress(save_png_sequence(tmp_path / name, noise(5)), 5)


def test_progress_of_an_estimate() -> None:
    told = list(estimate_animation(".gif", list(noise(40))))
    assert [report.done for report in told] == sorted(report.done for report in told)
    assert told[-1] == Progress(12, 12, "Estimating", "frames")


# Number of steps before the generator is closed: none, the first, several.
@pytest.mark.parametrize("steps", [0, 1, 4])
@pytest.mark.parametrize("suffix", _SUFFIXES)
def test_a_cancelled_animation_leaves_what_was_there(
    tmp_path: Path, suffix: str, steps: int
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"from before")
    writing = save_animation(path, list(noise(50)), recipe={"kind": "sample"})
    for _ in range(steps):
        next(writing)
    writing.close()
    assert everything(tmp_path) == {path.name: b"from before"}


@pytest.mark.parametrize("suffix", _SUFFIXES)
def test_an_animation_whose_frames_fail_leaves_what_was_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"from before")
    frames = [*noise(5), *noise(1, height=16)]
    with pytest.raises(ValueError, match="one shape"):
        drain(save_animation(path, frames))
    assert everything(tmp_path) == {path.name: b"from before"}


@pytest.mark.parametrize("steps", [0, 1, 4, 20])
@pytest.mark.parametrize("kind", ["new", "empty", "zip"])
def test_a_cancelled_sequence_leaves_what_was_there(tmp_path: Path, kind: str, steps: int) -> None:
    path = tmp_path / ("pictures.zip" if kind == "zip" else "pictures")
    if kind == "empty":
        path.mkdir()
    if kind == "zip":
        path.write_bytes(b"from before")
    before = everything(tmp_path)
    writing = save_png_sequence(path, noise(100), picture_recipes({"kind": "sample"}))
    for _ in range(steps):
        next(writing)
    writing.close()
    assert everything(tmp_path) == before


def test_a_sequence_that_fails_takes_back_what_it_wrote(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="recipe"):
        drain(save_png_sequence(tmp_path / "new", noise(3), [{"a": 1}, {"a": "x" * (1 << 20)}]))
    assert everything(tmp_path) == {}


def test_a_cancelled_sequence_leaves_what_others_put_there(tmp_path: Path) -> None:
    writing = save_png_sequence(tmp_path / "new", noise(100))
    next(writing)
    (tmp_path / "new" / "mine.txt").write_text("keep")
    writing.close()
    assert everything(tmp_path) == {"new": None, "new/mine.txt".replace("/", os.sep): b"keep"}


def test_a_cancelled_grid_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"from before")
    writing = save_grid(path, noise(9), scale=4)
    next(writing)
    writing.close()
    assert everything(tmp_path) == {path.name: b"from before"}


def test_a_grid_is_the_same_at_once_and_step_by_step(tmp_path: Path) -> None:
    told = list(save_grid(tmp_path / "a.png", noise(5), {"a": 1}, columns=2, scale=3))
    save_png(tmp_path / "b.png", noise(5), {"a": 1}, columns=2, scale=3)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert told[-1] == Progress(5, 5, "Writing", "pictures")


class Alive(Sequence[np.ndarray]):
    """Lazy frames that count the requests, and the most frames alive at a time."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._made: list[weakref.ref[np.ndarray]] = []
        self.most = self.asked = 0

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[np.ndarray]: ...
    def __getitem__(self, place: int | slice) -> np.ndarray | Sequence[np.ndarray]:
        assert isinstance(place, int)
        self.asked += 1
        frame = np.random.default_rng(place).integers(0, 256, (32, 32, 3), np.uint8)
        self._made = [made for made in self._made if made() is not None]
        self._made.append(weakref.ref(frame))
        self.most = max(self.most, len(self._made))
        return frame


@pytest.mark.parametrize("suffix", [".apng", ".webp", _MP4])
def test_no_frame_is_asked_for_while_nobody_steps(tmp_path: Path, suffix: str) -> None:
    frames = Alive(40)
    writing = save_animation(tmp_path / f"a{suffix}", frames)
    for report in writing:
        # Two read in advance for their shape, and those up to the next report but one.
        assert frames.asked <= report.done + 5
    assert frames.asked >= 40


@pytest.mark.parametrize("suffix", _SUFFIXES)
def test_frames_are_not_gathered(tmp_path: Path, suffix: str) -> None:
    frames = Alive(40)
    drain(save_animation(tmp_path / f"a{suffix}", frames))
    assert frames.most <= 4


def moving(channels: int) -> list[np.ndarray]:
    """Return frames of a square that moves over a background, with pauses."""
    frames = []
    for place in (3, 4, 4, 4, 9, 20, 20):
        frame = np.full((40, 50, channels), 30, np.uint8)
        frame[place : place + 10, 7:12] = 200
        frames.append(frame)
    return frames


_CONTENTS: dict[str, Callable[[], Frames]] = {
    "gray": lambda: moving(1),
    "colours": lambda: moving(3),
    "noise": lambda: list(noise(4)),
    "large": lambda: list(noise(2, 300, 400)),
    "equal": lambda: [noise(1)[0]] * 3,
    "single": lambda: list(noise(1)),
    "few colours": lambda: list(noise(3) // 128 * 255),
}


@pytest.mark.parametrize("content", _CONTENTS)
@pytest.mark.parametrize(
    ("fps", "hold"),
    # In the last case, three equal frames together exceed the longest delay of an APNG frame.
    [(10.0, 0.0), (10.0, 2.0), (10.0, 70.0), (1000 / 33001, 0.0)],
)
def test_an_apng_has_the_bytes_that_pillow_writes(
    tmp_path: Path, content: str, fps: float, hold: float
) -> None:
    frames = _CONTENTS[content]()
    drain(save_animation(tmp_path / "a.png", frames, fps=fps, hold_last_seconds=hold))
    timeline = Timeline.of(list(range(len(frames))), fps, hold)
    first, *others = (Image.fromarray(frame.squeeze()) for frame in frames)
    first.save(
        tmp_path / "b.png",
        save_all=True,
        append_images=others,
        duration=timeline.durations(1000),
        loop=0,
        pnginfo=png_text(None),
    )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("content", _CONTENTS)
def test_a_gif_has_the_bytes_that_pillow_writes(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images: list[Image.Image] = []

    def noted(given: Iterable[Image.Image], *rest: Any) -> Iterator[FrameDifference]:
        images.extend(given)
        return iter_differences(images, *rest)

    monkeypatch.setattr("ddpm_studio.export.gif.iter_differences", noted)
    frames = _CONTENTS[content]()
    drain(save_animation(tmp_path / "a.gif", frames, fps=10, hold_last_seconds=1))
    durations = [100] * (len(images) - 1) + [1100]
    images[0].save(
        tmp_path / "b.gif",
        save_all=True,
        append_images=images[1:],
        duration=durations if len(images) > 1 else durations[0],
        optimize=False,
        loop=0,
    )
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


@pytest.mark.parametrize("content", _CONTENTS)
def test_a_webp_has_the_bytes_that_pillow_writes(tmp_path: Path, content: str) -> None:
    frames = _CONTENTS[content]()
    drain(save_animation(tmp_path / "a.webp", frames, fps=10, hold_last_seconds=1))
    timeline = Timeline.of(list(range(len(frames))), 10, 1)
    first, *others = (Image.fromarray(frame.squeeze()).convert("RGB") for frame in frames)
    first.save(
        tmp_path / "b.webp",
        save_all=True,
        append_images=others,
        duration=timeline.durations(1000),
        loop=0,
        lossless=True,
        quality=50,
    )
    assert (tmp_path / "a.webp").read_bytes() == (tmp_path / "b.webp").read_bytes()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that replaces ffmpeg by a script; it returns the script's pid file."""

    def install(script: str) -> Path:
        tool = tmp_path / "bin" / "ffmpeg"
        tool.parent.mkdir()
        tool.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/bin/new\n{script}\n")
        tool.chmod(0o755)
        monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
        monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "bin" / "pid"

    return install


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    ("script", "sent"),
    [
        # It never reads, so the first frame does not fit into the pipe.
        ("mv {0}/new {0}/pid; exec sleep 600", 0),
        # It has read everything, and then does not exit.
        ("cat > /dev/null; mv {0}/new {0}/pid; exec sleep 600", 3),
    ],
)
def test_an_encoder_that_is_busy_holds_nothing_up(
    tmp_path: Path, stand_in: Callable[[str], Path], script: str, sent: int
) -> None:
    pid = stand_in(script.format(tmp_path / "bin"))
    path = tmp_path / "a.mp4"
    path.write_bytes(b"from before")
    writing = save_animation(path, list(noise(3, 300, 300)), recipe={"kind": "sample"})
    told = next(writing)
    while not pid.exists() or told.done < sent:
        told = next(writing)
    assert {next(writing).done for _ in range(3)} == {sent}
    writing.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.mp4", "bin"]
    assert path.read_bytes() == b"from before"
