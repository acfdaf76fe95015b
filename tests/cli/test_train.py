import errno
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.runs import RunFolder
from tests.cli.conftest import QUIET, Terminal, spawn, write_pictures
from tests.recipe import PAPER_WORDS

WEIGHTS = ("model.safetensors", "ema.safetensors")


def weights(run: Path, step: int) -> list[bytes]:
    return [(run / "checkpoints" / f"step-{step:08}" / name).read_bytes() for name in WEIGHTS]


def test_training_ends_well_and_says_where(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    said = terminal("train", pictures, "--run", run, "--steps", 3, *PAPER_WORDS, *QUIET)
    assert said.code == 0
    assert said.out == f"{run}\n"
    assert "step 3" in said.err
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert 0.8 < lines[0]["loss"] < 1.2
    assert len(weights(run, 3)) == 2


def test_json_lines_end_with_the_result(terminal: Terminal, pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    said = terminal("train", pictures, "--run", run, "--steps", 2, "--json", *QUIET)
    events = [json.loads(line) for line in said.out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds.index("started") < kinds.index("tick") < kinds.index("checkpoint")
    ticks = [event for event in events if event["event"] == "tick"]
    assert ticks[-1]["step"] == 2
    assert ticks[-1]["loss"] > 0
    assert events[-1] == {
        "event": "done",
        "run": str(run),
        "step": 2,
        "loss": pytest.approx(ticks[-1]["loss"]),
    }


def test_resuming_gives_the_bytes_of_an_uninterrupted_run(
    terminal: Terminal, pictures: Path, trained: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    # At a constant learning rate, because one that decays to 0 depends on the number of steps.
    words = ["train", pictures, "--run", run, "--steps", 2, *PAPER_WORDS, *QUIET]
    assert terminal(*words).code == 0
    assert terminal("train", "--run", run, "--resume", "--steps", 4).code == 0
    assert weights(run, 4) == weights(trained, 4)


def test_resume_takes_the_total_of_the_run_and_refuses_other_settings(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert terminal("train", pictures, "--run", run, "--steps", 2, *QUIET).code == 0
    before = sorted(path.name for path in run.rglob("*"))
    said = terminal("train", "--run", run, "--resume")
    assert said.code == 1
    assert "2 steps already" in said.error
    said = terminal("train", pictures, "--run", run, "--resume", "--ema-decay", 0.5)
    assert said.code == 1
    assert "--ema-decay 0.9999" in said.error
    said = terminal("train", pictures, "--run", run, "--resume", "--image-size", 32)
    assert "--image-size 16" in said.error
    assert sorted(path.name for path in run.rglob("*")) == before


def test_a_training_by_epochs_goes_on_for_minutes_at_another_rate(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = (
        "--epochs",
        2,
        "--accumulation",
        2,
        "--power-ema",
        "--learning-rate-schedule",
        "cosine",
    )
    chosen = ("--optimizer", "muon", "--weight-decay", 0.1)
    said = terminal("train", pictures, "--run", run, *words, *chosen, *QUIET)
    assert said.code == 0, said.err
    assert "2 epochs of 8 pictures: the training takes 4 steps." in said.err
    other = ("--learning-rate", 1e-4, "--batch-size", 1)
    said = terminal("train", "--run", run, "--resume", "--minutes", 0.01, *other)
    assert said.code == 0, said.err
    assert "From step 5 on: batch size 2 → 1, learning rate 0.002 → 0.0001." in said.err
    told = json.loads((run / "run.json").read_text())
    asked = told["request"]
    assert asked["steps"] > 4
    assert (asked["epochs"], asked["minutes"]) == (None, None)
    assert (asked["optimizer"], asked["learning_rate"]) == ("muon", 1e-4)
    [change] = told["changes"]
    assert change["step"] == 4
    assert change["settings"]["steps"] == [4, asked["steps"]]
    out = tmp_path / "a.png"
    drawing = ("sample", run, "--out", out, "--count", 1, "--steps", 2, "--ema-length")
    assert terminal(*drawing, 0.15).code == 0
    assert "0.01 to 0.25" in terminal("sample", "--help").out


@pytest.mark.parametrize("other", ["epochs", "minutes"])
def test_two_lengths_are_refused(terminal: Terminal, other: str, tmp_path: Path) -> None:
    said = terminal("train", tmp_path, "--run", tmp_path / "a", "--steps", 2, f"--{other}", 1)
    assert said.code == 2
    assert f"'--{other}'" in said.error


def test_a_decay_of_weights_that_the_optimiser_has_not_is_refused(
    terminal: Terminal, tmp_path: Path
) -> None:
    said = terminal(
        "train", tmp_path, "--run", tmp_path / "a", "--optimizer", "adam", "--weight-decay", 0.5
    )
    assert said.code == 2
    assert "--optimizer adamw or muon" in said.error


def test_a_run_that_goes_on_is_not_told_to_take_another_optimiser(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    first = ("train", pictures, "--run", run, "--steps", 1, "--optimizer", "adam", *QUIET)
    assert terminal(*first).code == 0
    further = ("train", "--run", run, "--resume", "--steps", 2)
    said = terminal(*further, "--weight-decay", 0.5)
    assert said.code != 0
    assert "begun with --optimizer adam, which does not heed --weight-decay" in said.error
    assert "Leave --weight-decay out, or start a new run" in said.error
    assert "adamw" not in said.error
    assert terminal(*further).code == 0


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129)])
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_leaves_a_whole_checkpoint_to_resume_from(
    terminal: Terminal, pictures: Path, tmp_path: Path, number: int, code: int
) -> None:
    run = tmp_path / "run"
    process = spawn("train", pictures, "--run", run, "--steps", 100000, "--json", *QUIET)
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["event"] != "tick":
        pass
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert "Traceback" not in err
    last = json.loads(out.splitlines()[-1])
    assert last["event"] == "stopped"
    newest = RunFolder.open(run).newest()
    assert (newest.step, str(newest.path)) == (last["step"], last["checkpoint"])
    assert f"step {newest.step:,}" in err
    assert not [path for path in run.rglob("*") if ".writing-" in path.name]
    assert terminal("train", "--run", run, "--resume", "--steps", newest.step + 1).code == 0
    assert RunFolder.open(run).newest().step == newest.step + 1


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize("deaf", [False, True], ids=["heard", "nohup"])
def test_a_terminal_that_goes_ends_a_training_in_order(
    pictures: Path, tmp_path: Path, deaf: bool
) -> None:
    import pty

    run, steps = tmp_path / "run", 60 if deaf else 100_000
    ours, theirs = pty.openpty()
    words = ["train", pictures, "--run", run, "--steps", steps, *QUIET]
    # The child has a controlling terminal, so that it gets SIGHUP when the terminal closes.
    own = "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    ignore = f"signal.signal(signal.SIGHUP, signal.{'SIG_IGN' if deaf else 'SIG_DFL'}); "
    go = "os.execv(sys.executable, [sys.executable, '-m', 'ddpm_studio', *sys.argv[1:]])"
    process = subprocess.Popen(
        [sys.executable, "-c", own + ignore + go, *map(str, words)],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if deaf else theirs,
        start_new_session=True,
    )
    os.close(theirs)
    metrics = run / "metrics.jsonl"
    # After the first step there is something to save.
    while not (metrics.exists() and metrics.stat().st_size) and process.poll() is None:
        time.sleep(0.1)
    os.close(ours)
    code = process.wait(timeout=120)
    assert code >= 0, "it ends by itself"
    newest = RunFolder.open(run).newest()
    assert newest.load("ema")
    assert not (run / ".owner.json").exists()
    assert (code, newest.step) == (0, steps) if deaf else newest.step < steps


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("deaf", [False, True])
def test_a_reader_that_goes_away_ends_a_training_in_order(
    terminal: Terminal, pictures: Path, tmp_path: Path, deaf: bool
) -> None:
    run = tmp_path / "run"
    process = spawn("train", pictures, "--run", run, "--steps", 100000, "--json", *QUIET)
    assert process.stdout is not None
    assert process.stderr is not None
    while json.loads(process.stdout.readline())["event"] != "tick":
        pass
    process.stdout.close()
    if deaf:  # as after 2>&1 | head -1
        process.stderr.close()
    assert process.wait(timeout=120) == 141
    newest = RunFolder.open(run).newest()
    assert newest.step < 100000
    if not deaf:
        last = process.stderr.read().splitlines()[-1]
        assert last.startswith("Nobody reads the output any more: stopped at step ")
        assert f"step {newest.step:,}, saved in {newest.path}. --resume" in last
        process.stderr.close()
    assert terminal("train", "--run", run, "--resume", "--steps", newest.step + 1).code == 0


def test_train_and_sample_without_qt(pictures: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['PySide6'] = sys.modules['pyqtgraph'] = None;"
        "from ddpm_studio.cli import run; words = sys.argv[1:]; cut = words.index('then');"
        "sys.exit(run(words[:cut]) or run(words[cut + 1:]))"
    )
    run, out = tmp_path / "run", tmp_path / "out.png"
    train = ["train", pictures, "--run", run, "--steps", 1, *QUIET]
    process = spawn(*train, "then", "sample", run, "--out", out, "--count", 2, code=code)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert Image.open(out).size == (34, 16)


def empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def only_text(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.txt").write_text("words")
    (folder / "b.md").write_text("# words")
    return folder


def escaping_zip(folder: Path) -> Path:
    folder.mkdir()
    content = io.BytesIO()
    Image.new("RGB", (16, 16)).save(content, "PNG")
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("../../outside.png", content.getvalue())
    return folder / "a.zip"


def pickled_npz(folder: Path) -> Path:
    folder.mkdir()
    np.savez(folder / "a.npz", images=np.array([{"a": 1}, None], dtype=object))
    return folder / "a.npz"


def missing(folder: Path) -> Path:
    return folder / "nowhere"


def unreadable(folder: Path) -> Path:
    write_pictures(folder, 2)
    folder.chmod(0)
    return folder


CASES = [empty, only_text, escaping_zip, pickled_npz, missing]
if hasattr(os, "geteuid") and os.geteuid() != 0:  # root can read everything
    CASES.append(unreadable)


@pytest.mark.parametrize("make", CASES)
@pytest.mark.parametrize("command", ["train", "data"])
def test_useless_data_is_refused_in_one_line_and_nothing_is_left(
    terminal: Terminal, tmp_path: Path, make: Callable[[Path], Path], command: str
) -> None:
    source = make(tmp_path / "source")
    run = tmp_path / "run"
    words = ["--run", run, "--steps", 1, *QUIET] if command == "train" else []
    said = terminal(command, source, *words)
    if make is unreadable:
        source.chmod(0o755)
    assert said.code == 1
    assert len(said.error) > len("error: ")
    assert "Unexpected" not in said.error
    assert not run.exists()
    assert not (tmp_path / "outside.png").exists()
    assert not (tmp_path.parent / "outside.png").exists()


def test_half_of_the_pictures_truncated_trains_on_the_others_and_says_so(
    terminal: Terminal, tmp_path: Path
) -> None:
    source = write_pictures(tmp_path / "source", 6, seed=5)
    for index in range(3):
        file = source / f"{index:03}.png"
        file.write_bytes(file.read_bytes()[:200])
    said = terminal("train", source, "--run", tmp_path / "run", "--steps", 1, *QUIET)
    assert said.code == 0
    (line,) = [line for line in said.err.splitlines() if "3 pictures left out" in line]
    assert all(f"{index:03}.png" in line for index in range(3))
    report = terminal("data", source)
    assert report.code == 0
    assert "3 pictures left out" in report.out
    for index in range(3):
        assert f"{index:03}.png" in report.out
    assert "003.png" not in report.out
    table = json.loads(terminal("data", source, "--json", "--image-size", 8).out)
    assert (table["found"], table["kept"], table["image_size"]) == (6, 3, 8)


def test_a_single_picture_trains_with_a_warning(terminal: Terminal, tmp_path: Path) -> None:
    source = write_pictures(tmp_path / "source", 1) / "000.png"
    said = terminal("train", source, "--run", tmp_path / "run", "--steps", 1, *QUIET)
    assert said.code == 0
    assert "memorise" in said.err


def test_places_are_looked_at_before_the_pictures(
    terminal: Terminal, pictures: Path, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    cases = [
        (trained, "add --resume"),
        (tmp_path / "file", "is a file"),
        (tmp_path / "full", "not empty"),
        (tmp_path / "file" / "run", "can't be made"),
    ]
    if sys.platform.startswith("linux"):
        cases.append((Path("/proc/run"), "can't be made"))
    for run, cause in cases:
        # The pictures are missing too; the error is about the run, so the run is checked first.
        said = terminal("train", tmp_path / "no pictures", "--run", run, *QUIET)
        assert said.code == 1
        assert cause in said.error
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_resume_needs_a_run(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("train", "--run", tmp_path / "nothing", "--resume")
    assert said.code == 1
    assert "does not exist" in said.error
    said = terminal("train", "--run", tmp_path, "--resume")
    assert said.code == 1
    assert "not a run folder" in said.error


def test_an_image_size_that_the_network_can_not_take(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    words = [word if word != "16" else "18" for word in QUIET]
    said = terminal("train", pictures, "--run", tmp_path / "run", "--steps", 1, *words)
    assert said.code == 1
    assert "18" in said.error
    assert "multiple of" in said.error
    assert not (tmp_path / "run").exists()


def test_a_run_whose_folder_refuses_goes_on_in_the_spare_one(
    terminal: Terminal, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = RunFolder.save_checkpoint
    run, spare = tmp_path / "run", tmp_path / "spare"

    def refuse(folder: RunFolder, *given: Any) -> Any:
        if folder.path == run:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(run))
        return save(folder, *given)

    monkeypatch.setattr(RunFolder, "save_checkpoint", refuse)
    said = terminal("train", pictures, "--run", run, "--spare", spare, "--steps", 3, *QUIET)
    assert said.code == 0, said.err
    assert said.out.strip() == str(spare / "run")
    assert f"goes on in {spare / 'run'}" in said.err
    assert RunFolder.open(spare / "run").newest().step == 3


@pytest.mark.parametrize("begun", [("--from", "trained"), ("--budget", "1h"), ("--minutes", "60")])
def test_what_a_cluster_starts_again_goes_on_with_its_own_network_and_length(
    terminal: Terminal, pictures: Path, trained: Path, tmp_path: Path, begun: tuple[str, str]
) -> None:
    run = tmp_path / "run"
    how = (begun[0], trained if begun[1] == "trained" else begun[1])
    assert terminal("train", pictures, "--run", run, "--steps", 2, *PAPER_WORDS, *QUIET).code == 0
    again = terminal("train", pictures, "--run", run, *how, "--requeue", "--json", *QUIET)
    assert again.code == 0, again.err
    (done,) = [json.loads(line) for line in again.out.splitlines()]
    assert done == {"event": "done", "run": str(run), "step": 2, "loss": None}


def test_a_fine_tuning_that_a_cluster_starts_again_goes_on(
    terminal: Terminal, pictures: Path, trained: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = ("train", pictures, "--run", run, "--from", trained, "--requeue", *QUIET)
    assert terminal(*words, "--steps", 2).code == 0
    again = terminal(*words, "--steps", 3)
    assert again.code == 0, again.err
    assert RunFolder.open(run).newest().step == 3


def test_choices_left_to_the_program_in_words_are_no_change(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    """The run records what auto became, which the same command must not be held to."""
    run, chosen = tmp_path / "run", ("--precision", "auto", "--channels", "auto")
    words = ("train", pictures, "--run", run, *chosen, "--requeue", *QUIET)
    assert terminal(*words, "--steps", 1).code == 0
    again = terminal(*words, "--steps", 2)
    assert again.code == 0, again.err
    assert RunFolder.open(run).newest().step == 2
    said = terminal("train", "--run", run, "--resume", "--steps", 3, "--channels", "gray")
    assert said.code == 1
    assert "was begun with --channels rgb, which can't become gray" in said.error


def test_an_imported_run_that_a_cluster_starts_is_not_finished(
    terminal: Terminal, pictures: Path, trained: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    told = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**told, "request": None}))
    said = terminal("train", pictures, "--run", run, "--requeue", *QUIET)
    assert said.code != 0
    assert "was not trained here" in said.error
