"""MP4 writer, which pipes frames to ffmpeg if that is installed."""

from __future__ import annotations

import contextlib
import errno
import functools
import importlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil

from ddpm_studio.errors import StudioError
from ddpm_studio.export.grid import Pictures, zoom
from ddpm_studio.export.monitored import Monitor, run_monitored
from ddpm_studio.export.recipe import recipe_text
from ddpm_studio.export.text_metadata import mp4_metadata
from ddpm_studio.export.timing import Timeline
from ddpm_studio.process_group import NEW_PROCESS_GROUP
from ddpm_studio.progress import Progress

# CRF: nearly lossless, as the codec's block artefacts are worst in small pictures.
_QUALITY = "10"
_NICE = 10
# Windows reports a broken pipe as an invalid argument.
_BROKEN_PIPE = (errno.EPIPE, errno.EINVAL)
# Colour space of the file. Without it, players assume BT.709 for large videos and BT.601 for small
# ones. Newer versions of ffmpeg take it from the frames, older ones from the options.
_FRAME_COLOURS = (
    "scale=out_color_matrix=bt709:out_range=tv,"
    "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=iec61966-2-1"
)
_COLOURS = (
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1"),
    *("-color_range", "tv"),
)


def find_ffmpeg() -> str:
    """Return the path of ffmpeg: of the package imageio-ffmpeg, else the system's.

    Raises:
        StudioError: if there is none.
    """
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        path = shutil.which("ffmpeg")
    if path is None:
        raise StudioError(
            "MP4 needs ffmpeg, which is not there.",
            "Install it (pip install imageio-ffmpeg), or choose .gif, .webp or .apng.",
        )
    return path


def write_mp4(
    path: Path,
    frames: Sequence[Pictures],
    timeline: Timeline,
    fps: float,
    scale: int,
    recipe: dict[str, object] | None,
    start: Progress,
) -> Generator[Progress, None, None]:
    """Write frames of equal shape (H, W, C), C 1 or 3, as H.264; yields Progress.

    Odd sides are padded by one pixel, as the codec requires. Closing the generator kills ffmpeg.

    Args:
        path: the file to write.
        frames: accessed one after the other.
        timeline: duration of each frame.
        fps: frames a second.
        scale: integer zoom.
        recipe: the recipe to store.
        start: the progress before the first frame.

    Raises:
        StudioError: if ffmpeg is missing or fails.
    """
    with _metadata_args(recipe) as metadata_args:
        yield from _encode(path, frames, timeline, fps, scale, metadata_args, start)


@contextlib.contextmanager
def _metadata_args(recipe: dict[str, object] | None) -> Iterator[list[str]]:
    """Context manager that yields ffmpeg's arguments to store a recipe.

    The recipe is passed in a temporary file, as the length of a command line is limited.
    """
    if recipe is None:
        yield []
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe"
        path.write_text(mp4_metadata(recipe_text(recipe)), "ascii", newline="\n")
        yield ["-f", "ffmetadata", "-i", str(path), "-map_metadata", "1"]


def _encode(
    path: Path,
    frames: Sequence[Pictures],
    timeline: Timeline,
    fps: float,
    scale: int,
    metadata_args: Sequence[str],
    start: Progress,
) -> Generator[Progress, None, None]:
    height, width = (side * scale for side in frames[0].shape[:2])
    command = [
        *(find_ffmpeg(), "-v", "error", "-nostdin", "-y"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps)),
        *("-i", "pipe:0", *metadata_args, "-map", "0:v"),
        *("-vf", f"pad=ceil(iw/2)*2:ceil(ih/2)*2,{_FRAME_COLOURS}"),
        *("-c:v", "libx264", "-crf", _QUALITY, "-pix_fmt", "yuv420p", *_COLOURS),
        # Without file:, a path with a colon would be taken for a URL.
        *("-movflags", "+faststart", "-f", "mp4", f"file:{path}"),
    ]

    def send(process: subprocess.Popen[bytes], monitor: Monitor) -> int:
        """Write all frames to ffmpeg's stdin, wait for it to end, and return its exit code."""
        assert process.stdin is not None
        try:
            with process.stdin as pipe:
                timed_frames = zip(monitor.track(frames), timeline.durations(fps), strict=True)
                for frame, ticks in timed_frames:
                    rgb = np.broadcast_to(zoom(frame, scale), (height, width, 3)).tobytes()
                    for _ in range(ticks):
                        monitor.check()
                        pipe.write(rgb)
        except OSError as error:
            # The pipe breaks if ffmpeg ends early; its message is in stderr.
            if error.errno not in _BROKEN_PIPE or process.wait() == 0:
                raise
        return process.wait()

    # stderr is a file, as a pipe that isn't read meanwhile could fill up and block ffmpeg.
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=messages, **NEW_PROCESS_GROUP
        )
        _lower_priority(process)
        try:
            # Killing ffmpeg unblocks a write that waits for room in the pipe.
            code = yield from run_monitored(
                start, functools.partial(send, process), interrupt=process.kill
            )
        finally:
            process.kill()
            process.wait()
        messages.seek(0)
        output = messages.read().decode(errors="replace").strip()
    if code != 0:
        last_line = output.splitlines()[-1] if output else f"exit code {code}"
        raise StudioError(
            f"ffmpeg could not write {path.suffix}: {last_line}.",
            "Choose .gif, .webp or .apng instead.",
            output,
        )


def _lower_priority(process: subprocess.Popen[bytes]) -> None:
    """Lower the priority of a process, so that it slows down a training as little as possible."""
    priority = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else _NICE
    # It may have ended already; its exit code is handled elsewhere.
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process(process.pid).nice(priority)
