import inspect
import json
from pathlib import Path

import pytest

from ddpm_studio import __version__
from ddpm_studio.catalogue import PRESETS, SAMPLERS
from ddpm_studio.cli.lazy_group import load_command
from ddpm_studio.cli.table import COMMANDS
from ddpm_studio.cli.trajectory import _DEFAULT_FRAMES
from ddpm_studio.requests import (
    BitsRequest,
    DistillRequest,
    EvaluateRequest,
    InterpolateRequest,
    NeighboursRequest,
    PrepareOptions,
    Request,
    SampleRequest,
    ShareRequest,
    TrainRequest,
)
from tests.cli.conftest import Terminal, spawn

HEAVY = ("torch", "numpy", "PIL", "pydantic", "PySide6", "scipy", "rich")


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from ddpm_studio.cli import run; code = run(sys.argv[1:]);"
        f"print([name for name in {HEAVY} if name in sys.modules]); sys.exit(code)"
    )
    process = spawn("--help", code=code)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    *text, loaded = out.splitlines()
    assert loaded == "[]"
    for name in COMMANDS:
        assert any(line.split()[:1] == [name] for line in text)


def test_no_command_loads_what_computes_to_tell_its_help() -> None:
    computing = tuple(name for name in HEAVY if name != "pydantic")
    code = (
        "import sys; from ddpm_studio.cli import run; from ddpm_studio.cli.table import COMMANDS;"
        "codes = {run([name, '--help']) for name in COMMANDS};"
        f"print(codes, [name for name in {computing} if name in sys.modules])"
    )
    out, err = spawn(code=code).communicate(timeout=60)
    assert (out.splitlines()[-1:], err) == (["{0} []"], "")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_commands_say(name: str) -> None:
    assert inspect.cleandoc(load_command(name).help or "") == COMMANDS[name].help


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(terminal: Terminal, name: str) -> None:
    said = terminal(name, "--help")
    assert said.code == 0
    assert COMMANDS[name].help in " ".join(said.out.split())


@pytest.mark.parametrize(
    ("name", "models", "skipped"),
    [
        ("train", (TrainRequest, PrepareOptions), set()),
        ("distill", (DistillRequest,), {"run"}),
        ("data", (PrepareOptions,), set()),
        ("sample", (SampleRequest,), {"run"}),
        ("share", (ShareRequest,), {"run"}),
        ("interpolate", (InterpolateRequest,), {"run", "frames"}),
        ("bits", (BitsRequest,), {"run"}),
        ("evaluate", (EvaluateRequest, PrepareOptions), {"run"}),
        ("neighbours", (NeighboursRequest,), {"run"}),
    ],
)
def test_every_field_is_an_option(
    name: str, models: tuple[type[Request], ...], skipped: set[str]
) -> None:
    options = {option for p in load_command(name).params for option in p.opts}
    for model in models:
        for field in set(model.model_fields) - skipped:
            assert f"--{field.replace('_', '-')}" in options


def test_help_tells_choices_defaults_and_limits(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = " ".join(terminal("train", "--help").out.split())
    for preset in PRESETS:
        assert preset in text
    assert (
        "Pictures in one pass. 1 to 65536. Default: as suits the network, 16 for patches." in text
    )
    assert "at most 1. Default: as suits the network, 0.002 for patches." in text
    assert "Left out: as the preset has it. At least 0, below 1." in text
    assert "at random; left out: unless they can be told from their mirror images." in text
    text = " ".join(terminal("sample", "--help").out.split())
    assert (
        f"of the reverse process to keep. 0 to 10000. Default: {_DEFAULT_FRAMES} with --gif."
        in text
    )


@pytest.mark.parametrize("width", [60, 70, 80, 120])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_breaks_no_word_at_any_width(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    words = terminal(name, "--help").out.split()
    monkeypatch.setenv("COLUMNS", str(width))
    told = terminal(name, "--help").out
    assert told.split() == words
    assert max(map(len, told.splitlines())) <= width
    for param in load_command(name).params:
        if param.param_type_name == "option":
            assert {*param.opts, *param.secondary_opts} <= set(told.replace(",", " ").split())


@pytest.mark.parametrize("name", ["sample", "share", "interpolate"])
def test_help_names_every_choice(terminal: Terminal, name: str) -> None:
    words = [word.strip(".,") for word in terminal(name, "--help").out.split()]
    assert set(SAMPLERS) <= set(words)


def test_version(terminal: Terminal) -> None:
    assert terminal("--version").out == f"ddpm-studio {__version__}\n"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["sample"], "RUN"),
        (["sample", "x", "--out", "a.png", "--count", "0"], "--count"),
        (["sample", "x", "--out", "a.png", "--count", "many"], "--count"),
        (["sample", "x", "--out", "a.png", "--sampler", "magic"], "--sampler"),
        (["sample", "x", "--out", "a.png", "--frames", "9"], "--frames"),
        (["sample", "x"], "--out"),
        (["train", "x", "--run", "r", "--learning-rate", "0"], "--learning-rate"),
        (["train", "x", "--run", "r", "--image-size", "2"], "--image-size"),
        (["train", "x", "--run", "r", "--background", "red"], "--background"),
        (["train", "x", "--run", "r", "--bogus"], "--bogus"),
        (["train", "--run", "r"], "DATA"),
        (["train", "x"], "--run"),
        (["--bogus"], "--bogus"),
    ],
)
def test_wrong_usage_is_one_line_and_2(terminal: Terminal, words: list[str], part: str) -> None:
    said = terminal(*words)
    assert said.code == 2
    assert part in said.error
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert "--help." in said.error


def test_a_mistyped_command_is_not_a_path(terminal: Terminal) -> None:
    said = terminal("trian", "x")
    assert said.code == 1
    assert "no file or folder trian" in said.error
    assert "train?" in said.error


def test_debug_adds_the_traceback_and_keeps_the_line(terminal: Terminal, tmp_path: Path) -> None:
    plain = terminal("info", tmp_path)
    assert plain.code == 1
    assert plain.err.count("\n") == 1
    for words in (["--debug", "info", tmp_path], ["info", tmp_path, "--debug"]):
        said = terminal(*words)
        assert said.code == 1
        assert "Traceback" in said.err
        assert said.err.splitlines()[-1] == plain.error


def test_the_window_is_needed_for_paths_alone_and_its_absence_is_one_line(pictures: Path) -> None:
    code = (
        "import sys; sys.modules['PySide6'] = None; "
        "from ddpm_studio.cli import main; main(sys.argv[1:])"
    )
    for words in ([], [pictures], ["--sample", "emoji"], ["open", pictures]):
        process = spawn(*words, code=code)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("error: The window needs PySide6")
        assert "PySide6-Essentials" in err


@pytest.mark.parametrize(
    ("word", "told"), [("info", "True True"), ("open", "False False")], ids=["command", "window"]
)
def test_garbage_is_collected_when_a_command_begins_but_by_the_window_itself(
    word: str, told: str
) -> None:
    code = (
        "import gc, sys; from ddpm_studio.cli import main\n"
        "from ddpm_studio.cli.commands import info, window\n"
        "def command() -> None: print(gc.isenabled(), gc.get_freeze_count() > 0)\n"
        "info.command = window.command = command; main(sys.argv[1:])"
    )
    out, err = spawn(word, code=code).communicate(timeout=60)
    assert (out.strip(), err) == (told, "")


def test_paths_and_sample_reach_the_window(
    terminal: Terminal, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = pytest.importorskip("ddpm_studio.gui.shell.app", exc_type=ImportError)
    calls = []

    def run_window(paths: list[Path], sample: str | None) -> int:
        calls.append((list(paths), sample))
        return 7

    monkeypatch.setattr(app, "run_window", run_window)
    assert terminal().code == 7
    assert terminal(pictures, pictures).code == 7
    assert terminal("--sample", "fashion-mnist").code == 7
    assert calls == [([], None), ([pictures, pictures], None), ([], "fashion-mnist")]


@pytest.mark.parametrize("name", ["fashion-mnist", "emoji"])
def test_the_samples_offered_are_there(name: str) -> None:
    from ddpm_studio.data import sample_sets

    assert [s for s in sample_sets() if s.name == name]


def test_a_reader_that_goes_away_is_no_error(trained: Path) -> None:
    for words in (["info", trained], ["--help"], ["train", "--help"]):
        process = spawn(*words)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == ""
        process.stderr.close()


def test_signs_that_stdout_can_not_write_are_spelt_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    process = spawn("info")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "\\u03b5" in out  # ε in a parameterisation's help


def test_a_file_is_no_run(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert "is a file, not a run folder" in terminal("info", tmp_path / "a.png").error


def test_info(terminal: Terminal, trained: Path) -> None:
    text = terminal("info", trained).out
    assert "4 of 4" in text
    assert "16 × 16, RGB" in text
    assert "8 pictures" in text
    summary = json.loads(terminal("info", trained, "--json").out)
    assert summary["step"] == 4
    assert summary["checkpoints"] == [4]
    assert summary["timesteps"] == 20
    assert f"{summary['parameters']:,}" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sample", "x", "--out", "a.png", "--eta", 5), "'--eta': must be at most 1."),
        (("train", "x", "--timestep-sampling", "no"), "'no' is not one of 'uniform', "),
        (("train", "x", "--run", "r", "--batch-size", 0), "'--batch-size': must be at least 1."),
        (("sample", "x", "--out", "a.png", "--eta", 0.5), "'--eta': ddpm does not heed it; add"),
        (
            ("sample", "x", "--out", "a.png", "--sampler", "sde", "--variance", "fixed_small"),
            "'--variance': sde does not heed it; add --sampler ddpm or pc.",
        ),
        (("train", "x", "--run", "r", "--steps", "1e3"), "'--steps': must be a whole number."),
        (("train", "x", "--run", "r", "--dropout", "no"), "'--dropout': must be a number."),
        (("data", "x", "--background", "red"), "must be a colour such as #ffffff."),
    ],
)
def test_a_bad_value_is_told_in_plain_words(
    terminal: Terminal, words: tuple[object, ...], told: str
) -> None:
    said = terminal(*words)
    assert said.code == 2
    assert told in said.error
    assert "Value error" not in said.error


@pytest.mark.parametrize("sampler", ["ddpm", "pc"])
def test_ancestral_steps_heed_the_variance(terminal: Terminal, sampler: str) -> None:
    words = ("sample", "nowhere", "--out", "a.png", "--sampler", sampler)
    said = terminal(*words, "--variance", "fixed_small")
    assert said.code == 1
    assert "nowhere" in said.error
