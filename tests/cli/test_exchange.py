"""Export and import of models and latents, interpolation, fine-tuning, inpainting: the commands."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from ddpm_studio.jobs import load_latent
from tests.cli.conftest import QUIET, Terminal


def test_out_in_and_fine_tuned(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    said = terminal("export", trained, "--diffusers", tmp_path / "pipe", "--json")
    assert json.loads(said.out) == {"diffusers": str(tmp_path / "pipe")}
    assert (tmp_path / "pipe" / "model_index.json").is_file()
    assert terminal("import", tmp_path / "pipe", "--run", tmp_path / "run").code == 0
    for run in (trained, tmp_path / "run"):
        words = ["sample", run, "--count", 1, "--steps", 5, "--device", "cpu"]
        assert terminal(*words, "--out", tmp_path / f"{run.name}.png").code == 0
    ours, theirs = (np.asarray(Image.open(tmp_path / f"{n}.png")) for n in ("trained", "run"))
    assert np.array_equal(ours, theirs)
    words = ["train", pictures, "--run", tmp_path / "tuned", "--from", tmp_path / "run"]
    assert terminal(*words, "--steps", 2, *QUIET).code == 0
    resumed = terminal("train", "--run", tmp_path / "tuned", "--resume", "--from", trained)
    assert resumed.code == 2


def test_refusals(terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path) -> None:
    for words, cause in (
        (["import", pictures, "--run", tmp_path / "run"], "not a diffusers model"),
        (["import", tmp_path / "none", "--run", tmp_path / "run"], "none"),
        (["export", pictures, "--diffusers", tmp_path / "pipe"], "not a run folder"),
        (["export", trained, "--diffusers", pictures], "holds files"),
    ):
        said = terminal(*words)
        assert said.code == 1, words
        assert cause in said.error
    assert list(tmp_path.iterdir()) == []


def test_filling_in(terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path) -> None:
    mask = np.zeros((16, 16), np.uint8)
    mask[:4] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    out, image = tmp_path / "out.png", pictures / "002.png"
    words = ["inpaint", trained, image, "--mask", tmp_path / "mask.png", "--count", 1]
    said = terminal(*words, "--steps", 5, "--device", "cpu", "--out", out, "--json")
    assert said.code == 0
    assert json.loads(said.out)["recipe"]["kind"] == "inpaint"
    assert np.array_equal(np.asarray(Image.open(out))[4:], np.asarray(Image.open(image))[4:])
    black = pictures.parent / "black.png"
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(black)
    said = terminal("inpaint", trained, image, "--mask", black, "--out", tmp_path / "no.png")
    assert "nothing to fill in" in said.error


def test_a_latent_by_file(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    file, image = tmp_path / "x.safetensors", pictures / "002.png"
    said = terminal("encode", trained, image, "--t", 7, "--seed", 3, "--out", file, "--json")
    assert json.loads(said.out)["t"] == 7
    words = ["--count", 2, "--seed", 3, "--device", "cpu"]
    latent = ["--latent", file, "--save-latent", tmp_path / "y.safetensors"]
    assert terminal("share", trained, *latent, *words, "--out", tmp_path / "a.png").code == 0
    picture = ["share", trained, image, "--t", 7, *words]
    assert terminal(*picture, "--out", tmp_path / "b.png").code == 0
    a, b = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert np.array_equal(a, b)
    one, two = load_latent(file), load_latent(tmp_path / "y.safetensors")
    assert np.array_equal(one.x_t, two.x_t)
    assert (one.t, one.model) == (two.t, two.model)
    other = terminal("share", trained, "--latent", file, "--t", 5, "--out", tmp_path / "c.png")
    assert "lies at t = 7, not 5" in other.error
    both = terminal("share", trained, image, "--latent", file, "--out", tmp_path / "c.png")
    assert both.code == 2


def test_a_latent_by_class(terminal: Terminal, class_trained: Path, tmp_path: Path) -> None:
    file, image = tmp_path / "x.safetensors", tmp_path / "image.png"
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(image)
    words = ["encode", class_trained, image, "--method", "ddim", "--steps", 2, "--out", file]
    assert terminal(*words, "--class-label", "square").code == 0
    assert load_latent(file).class_label == 1
    assert terminal(*words).code == 0
    assert load_latent(file).class_label is None
    assert "There is no class cat" in terminal(*words, "--class-label", "cat").error


def test_a_square_between_four(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    ends = [pictures / f"00{k}.png" for k in range(4)]
    words = ["interpolate", trained, *ends, "--t", 0, "--steps-lambda", 3]
    out = tmp_path / "square.png"
    assert terminal(*words, "--device", "cpu", "--scale", 1, "--out", out).code == 0
    square = np.asarray(Image.open(out))
    for corner, path in zip((np.s_[:16, :16], np.s_[:16, -16:]), ends, strict=False):
        assert np.array_equal(square[corner], np.asarray(Image.open(path)))
    assert terminal(*words[:5], "--out", out).code == 2


def test_fine_tuning_keeps_network_and_process(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    """Settings that the weights were trained with are inherited; contradicting ones are refused."""
    base, tuned = tmp_path / "base", tmp_path / "tuned"
    process = ["--parameterization", "v", "--schedule", "cosine"]
    words = ["train", pictures, "--steps", 1, *QUIET, "--preset", "patches", *process]
    assert terminal(*words, "--run", base).code == 0
    words = ["train", pictures, "--run", tuned, "--from", base, "--steps", 1]
    for option, before, other in (
        ("--parameterization", "v", "x0"),
        ("--schedule", "cosine", "linear"),
        ("--timesteps", "20", "1000"),
        ("--preset", "patches", "tiny"),
        ("--dropout", "0.0", "0.5"),
        ("--variance", "fixed_large", "fixed_small"),
    ):
        said = terminal(*words, option, other)
        assert said.code == 1, option
        assert f"trained with {option} {before}, which can't become {other}" in said.error
    assert not tuned.exists()
    assert terminal(*words, *QUIET, "--schedule", "cosine").code == 0
    told = json.loads((tuned / "run.json").read_text())
    assert told["process"]["parameterization"] == told["request"]["parameterization"] == "v"
    assert told["request"]["schedule"] == "cosine"
    assert (told["request"]["preset"], told["request"]["timesteps"]) == ("patches", 20)
    # It resumes with the inherited settings.
    words = ["train", "--run", tuned, "--resume", "--steps", 2, "--device", "cpu"]
    said = terminal(*words, "--parameterization", "eps")
    assert "begun with --parameterization v" in said.error
    assert terminal(*words, *process).code == 0


def test_what_is_of_no_effect_is_judged_by_the_run_that_goes_on(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = ["train", pictures, "--run", run, "--steps", 1, *QUIET, "--optimizer", "adamw"]
    assert terminal(*words, "--weight-decay", 0.02).code == 0
    words = ["train", "--run", run, "--resume", "--steps", 2, "--device", "cpu"]
    said = terminal(*words, "--weight-decay", 0.1)
    assert "begun with --weight-decay 0.02, which can't become 0.1" in said.error
    assert terminal(*words, "--weight-decay", 0.02).code == 0


def test_another_file_is_no_damaged_latent(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    words = ["share", trained, "--latent", pictures / "000.png", "--out", tmp_path / "a.png"]
    assert "is another file, or damaged" in terminal(*words).error


def test_a_fine_tuned_run_goes_on_though_its_request_tells_of_another_process(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    """The run's process counts: earlier versions recorded the settings as requested."""
    base, tuned = tmp_path / "base", tmp_path / "tuned"
    learned = ["--variance", "learned_range", "--loss", "hybrid"]
    assert terminal("train", pictures, "--run", base, "--steps", 1, *QUIET, *learned).code == 0
    words = ["train", pictures, "--run", tuned, "--from", base, "--steps", 1, *QUIET]
    assert terminal(*words, "--loss", "hybrid").code == 0
    told = json.loads((tuned / "run.json").read_text())
    assert told["request"]["variance"] == "learned_range"
    told["request"]["variance"] = "fixed_large"
    (tuned / "run.json").write_text(json.dumps(told))
    words = ["train", "--run", tuned, "--resume", "--steps", 2, "--device", "cpu"]
    assert terminal(*words).code == 0
