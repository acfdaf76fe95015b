import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageSequence

from ddpm_studio.errors import StudioError
from ddpm_studio.export import check_animation, read_recipe, save_animation
from ddpm_studio.export.video import find_ffmpeg
from tests.data.pictures import drain


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def noise(count: int, channels: int, levels: int = 256, side: int = 12) -> list[np.ndarray]:
    rng = np.random.default_rng(levels)
    palette = rng.integers(0, 256, (levels, channels), dtype=np.uint8)
    return [palette[rng.integers(0, levels, (side, side + 2))] for _ in range(count)]


def read(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def durations(path: Path) -> list[int]:
    with Image.open(path) as image:
        found = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            found.append(round(frame.info["duration"]))
    return found


def as_rgb(frame: np.ndarray, scale: int = 1) -> np.ndarray:
    rgb = np.broadcast_to(frame, (*frame.shape[:2], 3))
    return np.kron(rgb, np.ones((scale, scale, 1), np.uint8))


@pytest.mark.parametrize("suffix", [".gif", ".png", ".apng", ".webp"])
@pytest.mark.parametrize(("channels", "levels"), [(1, 256), (3, 256), (3, 7)])
@pytest.mark.parametrize("scale", [1, 3])
def test_up_to_256_colours_come_back_exactly(
    tmp_path: Path, suffix: str, channels: int, levels: int, scale: int
) -> None:
    frames = noise(5, channels, levels)
    path = tmp_path / f"a{suffix}"
    drain(save_animation(path, iter(frames), fps=10, hold_last_seconds=1, scale=scale))
    shown = read(path)
    assert len(shown) == 5
    for frame, back in zip(frames, shown, strict=True):
        assert np.array_equal(back, as_rgb(frame, scale))
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_many_colours_come_back_exactly_where_the_format_can(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (30, 30, 3), dtype=np.uint8) for _ in range(3)]
    drain(save_animation(tmp_path / f"a{suffix}", frames))
    for frame, back in zip(frames, read(tmp_path / f"a{suffix}"), strict=True):
        assert np.array_equal(back, frame)


def test_gif_of_many_colours_stays_close_on_smooth_pictures(tmp_path: Path) -> None:
    y, x = np.mgrid[0:64, 0:64] * 4.0
    frames = [
        np.stack([x, y, (x + y) / 2 + 5 * k], axis=2).clip(0, 255).astype(np.uint8)
        for k in range(3)
    ]
    drain(save_animation(tmp_path / "a.gif", frames))
    for frame, back in zip(frames, read(tmp_path / "a.gif"), strict=True):
        error = back.astype(float) - frame
        assert np.sqrt((error**2).mean()) < 9
        assert abs(error.mean()) < 1


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_rate_and_hold(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    drain(save_animation(path, noise(4, 3), fps=10, hold_last_seconds=1.5))
    found = durations(path)
    if suffix == ".webp":  # the decoder reports the time since the start of the previous frame
        assert len(found) == 4
        assert sum(found) in (1900, 1901)
    else:
        assert found == [100, 100, 100, 1600]


def test_repeated_moments_last_longer(tmp_path: Path) -> None:
    drain(
        save_animation(
            tmp_path / "a.gif", noise(3, 1), fps=10, hold_last_seconds=0, easing="ease-out", count=9
        )
    )
    found = durations(tmp_path / "a.gif")
    assert len(found) == 3
    assert sum(found) == 900
    assert found[0] < found[2]


def test_loop(tmp_path: Path) -> None:
    for loop in (True, False):
        drain(save_animation(tmp_path / "a.gif", noise(2, 1), loop=loop))
        drain(save_animation(tmp_path / "a.png", noise(2, 1), loop=loop))
        drain(save_animation(tmp_path / "a.webp", noise(2, 1), loop=loop))
        assert Image.open(tmp_path / "a.gif").info.get("loop") == (0 if loop else None)
        assert Image.open(tmp_path / "a.png").info["loop"] == (0 if loop else 1)
        assert Image.open(tmp_path / "a.webp").info["loop"] == (0 if loop else 1)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_one_frame_is_a_still_picture(tmp_path: Path, suffix: str) -> None:
    drain(save_animation(tmp_path / f"a{suffix}", noise(1, 3)))
    (back,) = read(tmp_path / f"a{suffix}")
    assert np.array_equal(back, noise(1, 3)[0])


# A run's name may contain any character that is special in XML, to ffmpeg or in strings.
RECIPE: dict[str, object] = {
    "kind": "sample",
    "request": {"run": "/a b/=;#\\ <é>&\n\"'</ddpm:recipe>", "seed": 7},
    "inputs": "x" * 100_000,
}


@pytest.mark.parametrize("suffix", [".gif", ".png", ".apng", ".webp"])
@pytest.mark.parametrize("count", [1, 5])
def test_an_animation_keeps_its_recipe_and_its_frames(
    tmp_path: Path, suffix: str, count: int
) -> None:
    path = tmp_path / f"a{suffix}"
    frames = noise(count, 3)
    drain(save_animation(path, frames, recipe=RECIPE))
    assert read_recipe(path) == {**RECIPE, "moving": True}
    for frame, back in zip(frames, read(path), strict=True):
        assert np.array_equal(back, frame)
    drain(save_animation(path, frames))
    assert read_recipe(path) is None


def test_other_programs_find_the_recipe_too(tmp_path: Path) -> None:
    for suffix in (".gif", ".webp"):
        drain(save_animation(tmp_path / f"a{suffix}", noise(2, 1), recipe=RECIPE))
    with Image.open(tmp_path / "a.gif") as image:
        name, _, comment = image.info["comment"].partition(b" ")
    assert name == b"ddpm-studio"
    assert json.loads(comment) == {**RECIPE, "moving": True}
    with Image.open(tmp_path / "a.webp") as image:
        (element,) = ElementTree.fromstring(image.info["xmp"]).iter("{urn:ddpm-studio}recipe")
    assert json.loads(element.text or "") == {**RECIPE, "moving": True}


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_a_recipe_that_is_cut_off_is_none(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    drain(save_animation(path, noise(2, 1), recipe=RECIPE))
    whole = path.read_bytes()
    for size in (0, 5, 13, 20, whole.index(b"seed")):
        path.write_bytes(whole[:size])
        assert read_recipe(path) is None


def test_a_recipe_that_could_not_be_read_back_is_refused(tmp_path: Path) -> None:
    for suffix in (".gif", ".apng", ".webp"):
        with pytest.raises(ValueError, match="recipe"):
            drain(
                save_animation(tmp_path / f"a{suffix}", noise(2, 1), recipe={"a": "x" * (1 << 20)})
            )
    assert names(tmp_path) == []


def test_what_can_not_be_written_is_refused(tmp_path: Path) -> None:
    frames = noise(2, 1)
    for name, cause in [
        ("a.mov", r"ends with \.mov"),
        ("none/a.gif", "does not exist"),
    ]:
        with pytest.raises(StudioError, match=cause):
            drain(save_animation(tmp_path / name, frames))
        with pytest.raises(StudioError, match=cause):
            check_animation(tmp_path / name)
    with pytest.raises(StudioError, match="50 frames a second"):
        drain(save_animation(tmp_path / "a.gif", frames, fps=60))
    with pytest.raises(StudioError, match="16383"):
        drain(save_animation(tmp_path / "a.webp", frames, scale=1200))
    assert names(tmp_path) == []


def test_impossible_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    cases: list[tuple[list[np.ndarray], dict[str, Any]]] = [
        ([], {}),
        ([noise(1, 1)[0], noise(1, 3)[0]], {}),
        (noise(2, 1), {"fps": 0}),
        (noise(2, 1), {"hold_last_seconds": -1}),
        (noise(2, 1), {"count": 1}),
    ]
    for frames, options in cases:
        with pytest.raises(ValueError, match=r"frame|fps"):
            drain(save_animation(path, frames, **options))
    assert not path.exists()


def test_mp4_without_ffmpeg_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for write in (check_animation, lambda path: drain(save_animation(path, noise(2, 3)))):
        with pytest.raises(StudioError, match=r"needs ffmpeg.*pip install imageio-ffmpeg"):
            write(tmp_path / "a.mp4")
    assert names(tmp_path) == []


def test_mp4_tells_what_ffmpeg_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.name == "nt":
        pytest.skip("the stand-in is a shell script")
    tool = tmp_path / "bin" / "ffmpeg"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho first >&2\necho 'Unknown encoder libx264' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", str(tool.parent))
    with pytest.raises(StudioError, match="Unknown encoder libx264"):
        drain(save_animation(tmp_path / "a.mp4", noise(100, 3, side=300)))
    assert names(tmp_path) == ["bin"]


def test_mp4_tells_it_also_where_the_system_calls_a_broken_pipe_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pipe(io.BytesIO):
        def write(self, _: Any, /) -> int:
            raise OSError(errno.EINVAL, "Invalid argument")

    class OnWindows(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **how: Any) -> None:
            super().__init__(*given, **how)
            assert self.stdin is not None
            self.stdin.close()
            self.stdin = Pipe()

    monkeypatch.setattr(subprocess, "Popen", OnWindows)
    test_mp4_tells_what_ffmpeg_said(tmp_path, monkeypatch)


def _ffmpeg() -> str | None:
    try:
        return find_ffmpeg()
    except StudioError:
        return None


@pytest.mark.skipif(_ffmpeg() is None, reason="needs ffmpeg")
@pytest.mark.parametrize("channels", [1, 3])
def test_mp4_holds_the_frames_at_their_rate(tmp_path: Path, channels: int) -> None:
    frames = [np.full((13, 17, channels), 40 * k, np.uint8) for k in range(6)]
    path = tmp_path / "a.mp4"
    drain(save_animation(path, frames, fps=5, hold_last_seconds=1, scale=3, recipe=RECIPE))
    assert read_recipe(path) == {**RECIPE, "moving": True}
    tool = _ffmpeg()
    assert tool is not None
    raw = subprocess.run(
        [tool, "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True,
        capture_output=True,
    ).stdout
    shown = np.frombuffer(raw, np.uint8).reshape(-1, 40, 52, 3)[:, :39, :51]
    assert len(shown) == 6 + 5
    for back, frame in zip(shown, frames, strict=False):
        assert abs(back.mean() - frame.mean()) < 3
    assert abs(shown[-1].mean() - 200) < 3
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("hold", [70.0, 655.0, 3600.0])
@pytest.mark.parametrize("fps", [20, 30])
def test_a_png_tells_how_long_the_last_frame_stays(tmp_path: Path, hold: float, fps: int) -> None:
    path = tmp_path / "a.png"
    drain(save_animation(path, noise(2, 1), fps=fps, hold_last_seconds=hold))
    assert durations(path)[-1] == pytest.approx(1000 * (hold + 1 / fps), rel=1e-4)


def test_a_gif_holds_a_frame_for_eleven_minutes_at_most(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    for frames in ([noise(1, 1)[0]] * 2, noise(2, 1)):
        # A frame lasts 65,535 hundredths of a second at most.
        for hold in (650, 655.2, 655.25):
            drain(save_animation(path, frames, fps=10, hold_last_seconds=hold))
            assert sum(durations(path)) == pytest.approx(1000 * (hold + 0.2), abs=20)
        for hold in (655.26, 655.29, 700):
            with pytest.raises(StudioError, match=r"at most 655 seconds.*Shorten the hold"):
                drain(save_animation(path, frames, fps=10, hold_last_seconds=hold))


@pytest.mark.skipif(_ffmpeg() is None, reason="needs ffmpeg")
def test_an_mp4_says_how_its_colours_are_stored(tmp_path: Path) -> None:
    colour = (200, 30, 60)
    path = tmp_path / "a.mp4"
    drain(save_animation(path, [np.full((16, 16, 3), colour, np.uint8)] * 2, scale=50))
    tool = _ffmpeg()
    assert tool is not None
    command = [tool, "-v", "info", "-i", str(path), "-frames:v", "1"]
    # BT.709 explicitly, which players assume for an untagged film of this size.
    command += ["-vf", "scale=in_color_matrix=bt709:in_range=tv", "-f", "rawvideo"]
    read_back = subprocess.run(
        [*command, "-pix_fmt", "rgb24", "-"], check=True, capture_output=True
    )
    shown = np.frombuffer(read_back.stdout, np.uint8).reshape(-1, 3).mean(0)
    assert np.abs(shown - colour).max() < 4
    assert b"yuv420p(tv, bt709/bt709/iec61966-2-1" in read_back.stderr


@pytest.mark.skipif(_ffmpeg() is None, reason="needs ffmpeg")
@pytest.mark.skipif(os.name == "nt", reason="no name has a colon there")
def test_an_mp4_may_lie_where_there_is_a_colon_in_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("12:30").mkdir()
    for path in (Path("t=9:45.mp4"), Path("12:30") / "a.mp4"):
        drain(save_animation(path, noise(2, 3)))
        assert path.stat().st_size > 0
