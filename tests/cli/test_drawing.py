import json
import shutil
import signal
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from ddpm_studio.cli.output_files import write_animation
from ddpm_studio.cli.signals import StoppedBySignal
from ddpm_studio.export import read_recipe
from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe
from ddpm_studio.requests import AnimationOptions, GridOptions, SampleRequest
from tests.cli.conftest import Terminal, spawn

FAST = ["--device", "cpu", "--steps", "5"]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def frames(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def test_one_seed_one_picture(terminal: Terminal, trained: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        out = tmp_path / f"{name}.png"
        said = terminal("sample", trained, "--count", 4, "--seed", seed, "--out", out, *FAST)
        assert said.code == 0
        assert said.out == f"{out}\n"
        assert "Sampling" in said.err
    a, b, c = (pixels(tmp_path / f"{name}.png") for name in "abc")
    assert a.shape == (34, 34, 3)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_png_knows_what_made_it(terminal: Terminal, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    said = terminal("sample", trained, "--count", 2, "--seed", 9, "--out", out, "--json", *FAST)
    told = json.loads(said.out)
    recipe = read_recipe(out)
    assert recipe == told["recipe"]
    assert recipe is not None
    request = recipe["request"]
    assert isinstance(request, dict)
    assert (request["seed"], request["steps"], request["count"]) == (9, 5, 2)
    assert (told["out"], told["count"], told["gif"]) == (str(out), 2, None)


def test_a_class_is_named_in_every_way_to_draw(
    terminal: Terminal, class_trained: Path, tmp_path: Path
) -> None:
    image = tmp_path / "a.png"
    Image.new("L", (16, 16), 255).save(image)
    commands: list[list[object]] = [
        ["sample", class_trained, "--count", 1, "--steps", 2],
        ["share", class_trained, image, "--count", 1, "--t", 1],
        ["interpolate", class_trained, image, image, "--t", 1, "--u", 0.5],
        ["inpaint", class_trained, image, "--mask", image, "--count", 1, "--resamplings", 1],
    ]
    for words in commands:
        out = tmp_path / f"{words[0]}.png"
        said = terminal(*words, "--out", out, "--device", "cpu", "--class-label", "square")
        assert said.code == 0, said.err
        recipe = read_recipe(out)
        assert recipe is not None
        assert isinstance(recipe["request"], dict)
        assert recipe["request"]["class_label"] == 1
        said = terminal(*words, "--out", tmp_path / "no.png", "--class-label", "dog")
        assert said.code == 1
        assert "no class dog" in said.error
        assert "0 circle, 1 square" in said.error
    assert not (tmp_path / "no.png").exists()


def test_the_class_of_a_picture_is_taken_and_told(
    terminal: Terminal, class_trained: Path, tmp_path: Path
) -> None:
    def asked(*words: object) -> tuple[dict[str, Any], str]:
        out = tmp_path / "out.png"
        said = terminal(*words, "--out", out, "--device", "cpu", "--t", 1, "--steps", 2)
        assert said.code == 0, said.err
        recipe = read_recipe(out)
        assert recipe is not None
        assert isinstance(recipe["request"], dict)
        return recipe["request"], said.err

    image, other = tmp_path / "square" / "a.png", tmp_path / "b.png"
    for path in (image, other):
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (16, 16), 255).save(path)
    request, said = asked("share", class_trained, image, "--count", 1)
    assert request["class_label"] == 1
    assert "as the picture is of: square" in said
    request, said = asked("share", class_trained, image, "--count", 1, "--class-label", "none")
    assert request["class_label"] is None
    assert "square" not in said
    mix = ("interpolate", class_trained, image, other, "--steps-lambda", 2)
    request, said = asked(*mix)
    assert request["class_labels"] == [1, None]
    assert "as the pictures are of: square, none" in said
    request, said = asked(*mix, "--class-labels", "circle, 1")
    assert request["class_labels"] == [0, 1]
    wrong = terminal(*mix, "--class-labels", "circle,dog", "--out", tmp_path / "no.png")
    assert wrong.code == 1
    assert "no class dog" in wrong.error


def test_a_t_that_nobody_named_fits_the_model(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    image = pictures / "000.png"
    for words in (["share", trained, image], ["interpolate", trained, image, image, "--u", 0.5]):
        out = tmp_path / f"{words[0]}.png"
        assert terminal(*words, "--out", out, "--device", "cpu").code == 0
        recipe = read_recipe(out)
        assert recipe is not None
        assert isinstance(recipe["request"], dict)
        assert recipe["request"]["t"] == 10  # half of its T


def test_the_gif_goes_from_noise_to_the_picture(
    terminal: Terminal, trained: Path, tmp_path: Path
) -> None:
    out, gif = tmp_path / "a.png", tmp_path / "a.apng"
    words = ["sample", trained, "--count", 4, "--out", out, "--gif", gif, "--scale", 1]
    said = terminal(*words, "--device", "cpu", "--frames", 6)
    assert said.code == 0
    assert said.out.splitlines() == [str(out), str(gif)]
    shown = frames(gif)
    assert len(shown) == 6
    assert np.array_equal(shown[-1], pixels(out))
    # x_T is standard normal noise: 0 is 127.5, one standard deviation 127.5, clipped to ±1.
    noise = shown[0][:16, :16].astype(float)
    assert abs(noise.mean() - 127.5) < 10
    clipped = np.mean((noise == 0) | (noise == 255))
    assert abs(clipped - 0.317) < 0.08


def test_a_gif_has_the_frames_asked_for(terminal: Terminal, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    for easing, view, size in [("linear", "x_t", 34), ("ease-out", "both", 76)]:
        gif = tmp_path / f"{easing}.gif"
        said = terminal(
            *("sample", trained, "--count", 4, "--out", out, "--gif", gif, "--frames", 5),
            *("--easing", easing, "--gif-view", view, "--scale", 1, "--device", "cpu"),
        )
        assert said.code == 0
        assert len(frames(gif)) == 5
        assert frames(gif)[0].shape == (34, size, 3)
        found = read_parsed_recipe(gif)
        assert found is not None
        assert found.moving
        assert isinstance(found.request, SampleRequest)
        assert (found.run, found.request.count) == (trained, 4)


def test_moments_are_kept_as_numbers(terminal: Terminal, trained: Path, tmp_path: Path) -> None:
    out, npy = tmp_path / "a.png", tmp_path / "way.npy"
    words = ["sample", trained, "--count", 2, "--out", out, "--npy", npy, *FAST]
    said = terminal(*words, "--frames", 4)
    assert (said.code, said.out) == (0, f"{out}\n{npy}\n")
    x_t = np.load(npy)
    assert (x_t.dtype, x_t.shape) == (np.float16, (4, 2, 16, 16, 3))
    assert np.abs(x_t[0]).max() > 2, "noise"
    last = (x_t[-1].astype(np.float32) * 127.5 + 127.5).round().clip(0, 255)
    np.testing.assert_array_equal(last[0], pixels(out)[:16, :16])
    said = terminal(*words, "--npy-view", "x0_hat", "--json")
    told = json.loads(said.out)
    assert (told["npy"], told["gif"]) == (str(npy), None)
    x0_hat = np.load(npy)
    assert x0_hat.shape == (6, 2, 16, 16, 3)
    assert np.abs(x0_hat).max() <= 1
    said = terminal(*words[:-4], "--npy", tmp_path / "way.txt", "--device", "cpu")
    assert "Choose a name that ends with .npy" in said.err


def test_an_eased_animation_leaves_the_numbers_as_they_are(
    terminal: Terminal, trained: Path, tmp_path: Path
) -> None:
    words = ["sample", trained, "--count", 1, "--out", tmp_path / "a.png", "--device", "cpu"]
    words += ["--steps", 20, "--frames", 4, "--npy", tmp_path / "way.npy"]
    found = []
    for more in ([], ["--gif", tmp_path / "a.gif", "--easing", "ease-out"]):
        assert terminal(*words, *more).code == 0
        found.append(np.load(tmp_path / "way.npy"))
    assert found[0].shape == (4, 1, 16, 16, 3)
    np.testing.assert_array_equal(*found)


def test_animations_are_enlarged_unless_told_otherwise(
    terminal: Terminal, trained: Path, tmp_path: Path
) -> None:
    out, gif = tmp_path / "a.png", tmp_path / "a.gif"
    assert terminal("sample", trained, "--count", 1, "--out", out, "--gif", gif, *FAST).code == 0
    assert pixels(out).shape == (16, 16, 3)
    assert frames(gif)[0].shape == (400, 400, 3)


def test_an_animation_has_an_option_of_its_own(
    terminal: Terminal, trained: Path, tmp_path: Path
) -> None:
    said = terminal("sample", trained, "--out", tmp_path / "a.gif", *FAST)
    assert said.code == 1
    assert "Give --gif a.gif" in said.err


@pytest.mark.parametrize("name", ["pictures.zip", "pictures"])
def test_one_file_each(terminal: Terminal, trained: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    assert terminal("sample", trained, "--count", 3, "--out", out, *FAST).code == 0
    found = (
        zipfile.ZipFile(out).namelist()
        if name.endswith(".zip")
        else [path.name for path in out.iterdir()]
    )
    assert sorted(found) == ["00000.png", "00001.png", "00002.png"]
    if out.is_dir():
        recipe = read_recipe(out / "00002.png")
        assert recipe is not None
        assert recipe["index"] == 2


def test_share_at_0_is_the_picture_and_spreads_with_t(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    image = pictures / "000.png"
    spread = []
    for t in (0, 5, 20):
        out = tmp_path / f"{t}"
        words = ["share", trained, image, "--t", t, "--count", 6, "--out", out, "--device", "cpu"]
        assert terminal(*words).code == 0
        drawn = np.stack([pixels(file) for file in sorted(out.iterdir())]).astype(float)
        spread.append(drawn.std(axis=0).mean())
        if t == 0:
            assert np.array_equal(drawn[0], pixels(image))
    assert spread[0] == 0
    assert spread[0] < spread[1] < spread[2]


def test_sharing_can_be_watched(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    out, gif = tmp_path / "a.png", tmp_path / "a.apng"
    words = ["share", trained, pictures / "000.png", "--count", 4, "--out", out, "--gif", gif]
    said = terminal(*words, "--t", 10, "--frames", 4, "--scale", 1, "--device", "cpu")
    assert said.code == 0
    shown = frames(gif)
    assert len(shown) == 4
    assert np.array_equal(shown[-1], pixels(out))
    # All start from the same x_t.
    assert np.array_equal(shown[0][:16, :16], shown[0][:16, 18:])
    assert not np.array_equal(shown[-1][:16, :16], shown[-1][:16, 18:])
    said = terminal(*words, "--t", 0)
    assert said.code == 2
    assert "t = 0" in said.error
    latent, new = tmp_path / "x.safetensors", tmp_path / "new.png"
    encoding = ("encode", trained, pictures / "000.png", "--t", 0, "--out", latent)
    assert terminal(*encoding, "--device", "cpu").code == 0
    for file in (("--gif", tmp_path / "b.gif"), ("--npy", tmp_path / "b.npy")):
        said = terminal("share", trained, "--latent", latent, "--out", new, *file)
        assert said.code == 2
        assert "t = 0" in said.error
        assert not new.exists()


def test_share_without_a_picture(terminal: Terminal, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    words = ["share", trained, "--t", 10, "--count", 3, "--out", out, "--json"]
    said = terminal(*words, "--device", "cpu")
    assert said.code == 0
    assert json.loads(said.out)["count"] == 3
    assert pixels(out).shape == (34, 34, 3)


def test_interpolation_is_one_row_from_end_to_end(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    a, b = pictures / "000.png", pictures / "001.png"
    out, gif = tmp_path / "a.png", tmp_path / "a.gif"
    said = terminal(
        *("interpolate", trained, a, b, "--t", 0, "--steps-lambda", 5, "--out", out),
        *("--gif", gif, "--scale", 1, "--device", "cpu"),
    )
    assert said.code == 0
    row = pixels(out)
    assert row.shape == (16, 5 * 18 - 2, 3)
    # At t = 0 there is no noise: the ends are the pictures, the middle their blend.
    assert np.array_equal(row[:, :16], pixels(a))
    assert np.array_equal(row[:, -16:], pixels(b))
    blend = (pixels(a).astype(float) + pixels(b)) / 2
    assert np.abs(row[:, 36:52] - blend).max() <= 1
    shown = frames(gif)
    assert len(shown) == 5
    assert shown[0].shape == (16, 16, 3)
    assert read_recipe(gif) == {**(read_recipe(out) or {}), "moving": True}


@pytest.mark.parametrize("command", ["sample", "share", "interpolate"])
def test_places_are_looked_at_before_the_run(
    terminal: Terminal, tmp_path: Path, command: str
) -> None:
    pair = ["a.png", "b.png"] if command == "interpolate" else []
    cases = [
        ("a.jpg", "ends with .jpg"),
        ("no/a.png", "does not exist"),
        ("no/folder", "does not exist"),
    ]
    for name, cause in cases:
        said = terminal(command, tmp_path / "no run", *pair, "--out", tmp_path / name)
        assert said.code == 1
        assert cause in said.error
    if sys.platform.startswith("linux"):
        said = terminal(command, tmp_path / "no run", *pair, "--out", "/proc/a.png")
        assert said.code == 1
        assert "can't be written" in said.error
    words = ["--out", tmp_path / "a.png", "--gif", tmp_path / "a.mov"]
    assert "ends with .mov" in terminal(command, tmp_path / "no run", *pair, *words).error
    assert list(tmp_path.iterdir()) == []


def test_how_to_write_a_file_goes_with_the_file(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    image = pictures / "000.png"
    cases: list[tuple[list[object], str]] = [
        (["sample", trained, "--fps", 5], "--gif"),
        (["share", trained, image, "--gif-view", "x0_hat"], "--gif"),
        (["interpolate", trained, image, image, "--no-loop"], "--gif"),
        (["inpaint", trained, image, "--mask", image, "--npy-view", "eps"], "--npy"),
    ]
    for words, needed in cases:
        said = terminal(*words, "--out", tmp_path / "a.png")
        assert said.code == 2, words
        assert f"with {needed}" in said.error
    for option, out in (("--columns", "a.zip"), ("--columns", "folder"), ("--scale", "a.npz")):
        said = terminal("sample", trained, option, 2, "--out", tmp_path / out)
        assert (said.code, option in said.error) == (2, True)
        assert "no effect" in said.error
    assert list(tmp_path.iterdir()) == []


def test_refusals_of_one_line_that_write_nothing(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.png"
    image = pictures / "000.png"
    text = pictures.parent / "words.txt"
    text.write_text("words")
    cases: list[tuple[list[object], str]] = [
        (["sample", pictures], "not a run folder"),
        (["sample", tmp_path / "nothing"], "does not exist"),
        (["sample", trained, "--steps", 21], "20 timesteps"),
        (["share", trained, image, "--t", 21], "out of range"),
        (["share", trained, text], "words.txt"),
        (["share", trained, pictures / "none.png"], "none.png"),
        (["share", trained, image, "--sampler", "ddim", "--t", 10], "η"),
        (["interpolate", trained, image, image, "--t", 21], "out of range"),
        (["interpolate", trained, image, text, "--t", 10], "words.txt"),
    ]
    for words, cause in cases:
        said = terminal(*words, "--out", out, "--device", "cpu")
        assert said.code == 1, words
        assert cause in said.error
        assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_checkpoint(terminal: Terminal, trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    for file in run.rglob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:1000])
    said = terminal("sample", run, "--out", tmp_path / "a.png", *FAST)
    assert said.code == 1
    assert "Unexpected" not in said.error
    said = terminal("train", "--run", run, "--resume", "--steps", 9)
    assert said.code == 1
    assert "Unexpected" not in said.error
    assert not (tmp_path / "a.png").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_ends_a_drawing_with_a_word(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "many.png"
    process = spawn("sample", trained, "--count", 5000, "--out", out)
    assert process.stderr is not None
    told = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, told + err
    assert err.splitlines()[-1] == "Stopped before the end."
    assert not out.exists()


def test_writing_tells_how_far_it_is(terminal: Terminal, trained: Path, tmp_path: Path) -> None:
    names = ("--out", tmp_path / "each", "--gif", tmp_path / "a.gif")
    said = terminal("sample", trained, "--count", 2, *names, *FAST)
    assert said.code == 0
    assert "Writing: 1 of 2 pictures" in said.err
    assert "Writing: 1 of 6 frames" in said.err


class Signalling(list[np.ndarray]):
    """Frames, one of which raises SIGINT (Ctrl-C) when it is read."""

    def __getitem__(self, place: Any) -> Any:
        if place == 20:
            signal.raise_signal(signal.SIGINT)
        return super().__getitem__(place)


def test_a_signal_while_writing_leaves_nothing(tmp_path: Path) -> None:
    frames = Signalling(np.random.default_rng(0).integers(0, 256, (400, 64, 64, 3), np.uint8))
    with pytest.raises(StoppedBySignal):
        write_animation(
            tmp_path / "a.gif", frames, AnimationOptions(), GridOptions(), recipe={"kind": "sample"}
        )
    assert not list(tmp_path.iterdir())
