"""Plug-in packages: discovery, use, failures, and switching them off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from ddpm_studio import catalogue
from ddpm_studio.catalogue import plugins
from ddpm_studio.requests import SampleRequest, TrainRequest
from ddpm_studio.requests.option_names import request_with_field
from tests.catalogue.installing import declare, seen
from tests.cli.conftest import QUIET, Terminal


def run_python(code: str, *places: Path, **variables: str) -> str:
    """Run code in a subprocess with site directories on its path; return its stdout."""
    paths = [*map(str, places), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_entries_of_a_package_are_found_by_name(toy: Path) -> None:
    assert catalogue.get("sampler", "toy-walk").title == "Toy walk"
    assert "toy-sqrt" in list(catalogue.SCHEDULES)
    (plugin,) = plugins.loaded()
    assert (plugin.package, plugin.version, plugin.problem) == ("toy-plugin", "1.0", "")
    assert ("loss", "toy-l1") in plugin.entries
    assert plugins.origin("loss", "toy-l1") == "toy-plugin 1.0"
    assert plugins.origin("loss", "simple") == ""


def test_what_the_engine_has_needs_no_plug_in(toy: Path) -> None:
    assert SampleRequest(run=Path("x"), sampler="ddim").sampler == "ddim"
    assert plugins.loaded() == ()
    assert SampleRequest(run=Path("x"), sampler="toy-walk").sampler == "toy-walk"
    assert plugins.loaded() != ()


def test_torch_is_not_loaded_to_know_them(site: Path) -> None:
    code = (
        "import sys; from ddpm_studio import catalogue, requests;"
        "print([kind for kind, table in catalogue.KINDS.items() if any('toy' in n for n in table)],"
        "'torch' in sys.modules)"
    )
    assert "'sampler', 'schedule'" in (said := run_python(code, site))
    assert said.strip().endswith("False")


def test_without_any_the_metadata_of_packages_is_not_parsed(site: Path) -> None:
    code = (
        "import sys; from ddpm_studio.catalogue import plugins; plugins.load();"
        "print('importlib.metadata' in sys.modules)"
    )
    assert run_python(code).strip() == "False"
    assert run_python(code, site).strip() == "True"


def test_they_can_be_switched_off(site: Path) -> None:
    code = "from ddpm_studio import catalogue; print('toy-l1' in catalogue.LOSSES)"
    assert run_python(code, site).strip() == "True"
    for word in ("off", "0", "No"):
        assert run_python(code, site, **{plugins.ENV_VARIABLE: word}).strip() == "False"


BROKEN = {
    "raises": ("raise RuntimeError('not today')", "RuntimeError: not today"),
    "ends": ("raise SystemExit(3)", "SystemExit: 3"),
    "lacks": ("ENTRY = ()", "AttributeError"),
    "other": ("ENTRIES = (1,)", "TypeError: 1 is none of SamplerInfo"),
    "none": ("ENTRIES = 5", "TypeError"),
    "plain": (
        "from ddpm_studio.catalogue import Entry\nENTRIES = (Entry('a', 'A', 'a', 'b:c'),)",
        "is none of SamplerInfo",
    ),
    "taken": (
        "from ddpm_studio.catalogue import LossInfo\n"
        "ENTRIES = (LossInfo('new', 'N', 'n', 'a:b'), LossInfo('simple', 'S', 's', 'a:b'))",
        "ValueError: there is a loss 'simple' already",
    ),
    "name": (
        "from ddpm_studio.catalogue import LossInfo\nENTRIES = (LossInfo('A b', 'N', 'n', 'a:b'),)",
        "can't be a name",
    ),
    "base": ("class Odd(BaseException): pass\nraise Odd('not today')", "Odd: not today"),
    "options": (
        "from ddpm_studio.catalogue import LossInfo\n"
        "ENTRIES = (LossInfo('new', 'N', 'n', 'a:b', options=('keep',)),)",
        "TypeError: the options of new must be of the class Option",
    ),
    "option": (
        "from ddpm_studio.catalogue import LossInfo, Option\n"
        "keep = Option('to keep', 'K', 'k', 0.0, 0.0, 1.0)\n"
        "ENTRIES = (LossInfo('new', 'N', 'n', 'a:b', options=(keep,)),)",
        "ValueError: an option can't be called 'to keep'",
    ),
    "range": (
        "from ddpm_studio.catalogue import LossInfo, Option\n"
        "keep = Option('keep', 'K', 'k', 2.0, 0.0, 1.0)\n"
        "ENTRIES = (LossInfo('new', 'N', 'n', 'a:b', options=(keep,)),)",
        "ValueError: the default of keep, 2.0, must be 0.0..1.0",
    ),
    "number": (
        "from ddpm_studio.catalogue import LossInfo, Option\n"
        "keep = Option('keep', 'K', 'k', 'half', 0.0, 1.0)\n"
        "ENTRIES = (LossInfo('new', 'N', 'n', 'a:b', options=(keep,)),)",
        "TypeError: default of keep must be float, not 'half'",
    ),
    "place": (
        "from ddpm_studio.catalogue import LossInfo\nENTRIES = (LossInfo('new', 'N', 'n', 'a.b'),)",
        "ValueError: the code of new can't be at 'a.b': it is package.module:attribute",
    ),
    "lines": (
        "from ddpm_studio.catalogue import LossInfo\n"
        "ENTRIES = (LossInfo('new', 'N', 'one\\ntwo', 'a:b'),)",
        "ValueError: help of new must be one line of text",
    ),
    "field": (
        "from ddpm_studio.catalogue import SamplerInfo, Option\n"
        "guidance = Option('guidance', 'G', 'g', 0.0, 0.0, 1.0)\n"
        "ENTRIES = (SamplerInfo('new', 'N', 'n', 'a:b', deterministic=True, options=(guidance,)),)",
        "ValueError: an option of new can't be called guidance: a field of ",
    ),
    "training": (
        "from ddpm_studio.catalogue import OptimizerInfo, Option\n"
        "decay = Option('ema_decay', 'D', 'd', 0.0, 0.0, 1.0)\n"
        "ENTRIES = (OptimizerInfo('new', 'N', 'n', 'a:b', options=(decay,)),)",
        "ValueError: an option of new can't be called ema_decay: a field of TrainRequest is",
    ),
    "steps": (
        "from ddpm_studio.catalogue import SamplerInfo\n"
        "ENTRIES = (SamplerInfo('new', 'N', 'n', 'a:b', deterministic=True, default_steps='few'),)",
        "TypeError: default_steps of new must be int | None, not 'few'",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_that_fails_is_told_of_and_passed_over(site: Path, tmp_path: Path, name: str) -> None:
    source, reason = BROKEN[name]
    (tmp_path / f"broken_{name}.py").write_text(source)
    declare(tmp_path, f"broken-{name}", "0.1", {"bad": f"broken_{name}:ENTRIES"})
    with seen(site), seen(tmp_path):
        assert "toy-l1" in catalogue.LOSSES
        assert all("new" not in table for table in catalogue.KINDS.values())
        (bad,) = (plugin for plugin in plugins.loaded() if plugin.problem)
        assert (bad.package, bad.version) == (f"broken-{name}", "0.1")
        assert reason in bad.problem
        assert f"broken-{name} 0.1" in bad.line


@pytest.mark.parametrize(
    "text",
    [b"[ddpm_studio.plugins]\ntoy\n", b"[ddpm_studio.plugins]\nt\xff = toy_plugin:ENTRIES\n"],
    ids=["no value", "no text"],
)
def test_damaged_metadata_is_told_of_and_passed_over(
    site: Path, tmp_path: Path, text: bytes
) -> None:
    declare(tmp_path, "spoilt", "0.1", {})
    (tmp_path / "spoilt-0.1.dist-info" / "entry_points.txt").write_bytes(text)
    with seen(site), seen(tmp_path):
        assert "toy-l1" in catalogue.LOSSES
        (bad,) = (plugin for plugin in plugins.loaded() if plugin.problem)
        assert bad.line.startswith("The plug-in spoilt of spoilt 0.1 can't be used: its metadata")


def test_a_package_without_a_name_is_called_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "nameless_one.py").write_text("ENTRIES = ()")
    declare(tmp_path, "nameless", "0.1", {"one": "nameless_one:ENTRIES"})
    (tmp_path / "nameless-0.1.dist-info" / "METADATA").unlink()
    with seen(tmp_path):
        plugins.load()
        (plugin,) = plugins.loaded()
        assert (plugin.name, plugin.package, plugin.problem) == ("one", "nameless-0.1", "")


def test_of_two_versions_the_first_on_the_path_counts(site: Path, tmp_path: Path) -> None:
    declare(tmp_path, "Toy_Plugin", "2.0", {"toy": "toy_plugin:ENTRIES"})
    with seen(site), seen(tmp_path):
        plugins.load()
        (plugin,) = plugins.loaded()
        assert (plugin.origin, plugin.problem) == ("Toy_Plugin 2.0", "")


def test_the_engines_own_options_have_names_that_are_free() -> None:
    for table in catalogue.KINDS.values():
        for name in table.builtin_names:
            for option in table[name].options:
                assert request_with_field(table.kind, option.name) is None


def test_an_option_may_be_called_as_a_field_that_is_the_option(tmp_path: Path) -> None:
    (tmp_path / "options_there.py").write_text(
        "from ddpm_studio.catalogue import OptimizerInfo, Option, SamplerInfo\n"
        "eta = Option('eta', 'E', 'e', 0.5, 0.0, 1.0)\n"
        "decay = Option('weight_decay', 'W', 'w', 0.0, 0.0, 1.0)\n"
        "ENTRIES = (\n"
        "    SamplerInfo('new', 'N', 'n', 'a:b', deterministic=False, options=(eta,)),\n"
        "    OptimizerInfo('new', 'N', 'n', 'a:b', options=(decay,)),\n"
        ")\n"
    )
    declare(tmp_path, "options-there", "0.1", {"good": "options_there:ENTRIES"})
    with seen(tmp_path):
        assert catalogue.SAMPLERS["new"].accepts("eta")
        assert catalogue.OPTIMIZERS["new"].accepts("weight_decay")


def test_an_unknown_name_is_refused_with_those_there_are(toy: Path) -> None:
    with pytest.raises(ValidationError, match=r"must be simple, min_snr, vlb, hybrid or toy-l1"):
        TrainRequest(loss="toy-l2")
    with pytest.raises(ValueError, match=r"no loss 'x'; there are simple, .*toy-l1"):
        catalogue.get("loss", "x")
    with pytest.raises(ValueError, match=r"no kind 'x'; there are sampler, "):
        catalogue.get("x", "y")
    assert "toy-l1" in TrainRequest.model_json_schema()["properties"]["loss"]["enum"]


def test_the_terminal_tells_what_was_loaded(toy: Path, terminal: Terminal, tmp_path: Path) -> None:
    text = terminal("info").out
    assert "The plug-in toy of toy-plugin 1.0 adds: sampler toy-walk, schedule toy-sqrt" in text
    told = json.loads(terminal("info", "--json").out)
    assert told["plugins"][0]["package"] == "toy-plugin"
    assert {"name": "toy-l1", "title": "Toy L1", "help": "the mean absolute error"} in (
        told["choices"]["loss"]
    )


def test_the_terminal_warns_of_one_that_fails(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "broken_here.py").write_text("raise RuntimeError('not today')")
    declare(tmp_path, "broken-here", "0.1", {"bad": "broken_here:ENTRIES"})
    with seen(tmp_path):
        said = terminal("info")
        assert said.code == 0
        assert said.err == (
            "warning: The plug-in bad of broken-here 0.1 can't be used: RuntimeError: not today\n"
        )


def test_no_plugins_switches_them_off_for_a_command(site: Path) -> None:
    code = "import sys; from ddpm_studio.cli import run; sys.exit(run(['info', '--no-plugins']))"
    said = run_python(code, site)
    assert "Plug-ins  switched off" in said
    assert "toy" not in said


def test_an_error_in_its_code_names_it(trained: Path, terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "failing_there.py").write_text(
        "from ddpm_studio.catalogue import SamplerInfo\n"
        "def fail(process, model, x_t, noise):\n"
        "    yield from ()\n"
        "    raise KeyError('not today')\n"
        "def few(process):\n"
        "    return process\n"
        "ENTRIES = tuple(\n"
        "    SamplerInfo(name, 'T', 't', f'failing_there:{name}', deterministic=True)\n"
        "    for name in ('fail', 'few', 'gone')\n"
        ")\n"
    )
    declare(tmp_path, "failing-there", "0.1", {"bad": "failing_there:ENTRIES"})
    drawn = ("sample", trained, "--count", 1, "--out", tmp_path / "a.png", "--device", "cpu")
    with seen(tmp_path):
        said = terminal(*drawn, "--sampler", "fail")
        assert said.code == 1
        assert "The plug-in bad of failing-there 0.1 failed by KeyError: 'not today'" in said.error
        # With the wrong signature, or missing, it fails before any of its code runs.
        for name in ("few", "gone"):
            said = terminal(*drawn, "--sampler", name)
            assert said.code == 1
            assert "Try without plug-ins" in said.error
    assert not (tmp_path / "a.png").exists()


def test_a_run_goes_on_without_the_preset_it_was_begun_with(
    pictures: Path, terminal: Terminal, tmp_path: Path
) -> None:
    """A run resumes without the plug-in that has its preset: run.json has the whole network."""
    (tmp_path / "sized_there.py").write_text(
        "from ddpm_studio.catalogue import PresetInfo\n"
        "def thin(size, channels):\n"
        "    from ddpm_studio.engine import UNetConfig\n"
        "    return UNetConfig.tiny(size, channels).with_fields(base_channels=32)\n"
        "ENTRIES = (PresetInfo('thin', 'thin', 'a thin one', 'sized_there:thin'),)\n"
    )
    declare(tmp_path, "sized-there", "0.1", {"sized": "sized_there:ENTRIES"})
    run = tmp_path / "run"
    with seen(tmp_path):
        words = ("train", pictures, "--run", run, "--steps", 1, *QUIET, "--preset", "thin")
        assert terminal(*words).code == 0
    said = terminal("train", "--run", run, "--resume", "--steps", 2, "--device", "cpu")
    assert said.code == 0, said.err
    said = terminal("info", run)
    assert "not here: preset thin" in " ".join(said.out.split())
