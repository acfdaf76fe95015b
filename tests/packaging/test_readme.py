"""README: its commands, options, files and examples are those of the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.cli.lazy_group import load_command
from ddpm_studio.cli.table import COMMANDS, DEFAULT
from ddpm_studio.data.samples import sample_sets

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(mark: str, language: str = "bash") -> str:
    """Return the only fenced code block that follows ``<!-- MARK -->``."""
    (found,) = re.findall(
        rf"^<!-- {mark} -->\n```{language}\n(.*?)```$", README, re.MULTILINE | re.DOTALL
    )
    assert isinstance(found, str)
    return found.strip()


def calls() -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(r"^ddpm-studio (.+)$", README, re.MULTILINE)]


@pytest.mark.parametrize(
    ("mark", "extra"), [("start-command", "-e ."), ("test-command", "-e '.[dev]'")]
)
def test_each_command_is_one_line_that_sets_up_all_it_needs(mark: str, extra: str) -> None:
    command = block(mark)
    assert "\n" not in command
    parts = command.split(" && ")
    assert parts[:2] == [
        "python3 -m venv .venv",
        f".venv/bin/pip install -c packaging/constraints.txt {extra}",
    ]
    assert len(parts) == 3


def test_samples_named_are_there() -> None:
    named = set(re.findall(r"--sample (\S+?)[`\s]", README))
    known = [sample.name for sample in sample_sets()]
    assert named == {"fashion-mnist", "emoji"}
    for name in named:
        assert any(k.startswith(name) for k in known)


def test_every_option_shown_exists() -> None:
    shown = calls()
    assert {words[0] for words in shown} == COMMANDS.keys() - {DEFAULT}
    for name, *words in shown:
        assert name in COMMANDS
        known = {flag for p in load_command(name).params for flag in [*p.opts, *p.secondary_opts]}
        for word in words:
            if word.startswith("--"):
                assert word in known, f"{name} has no {word}"


def test_system_packages_are_plain_names() -> None:
    words = block("system-packages").split()
    assert words[:3] == ["sudo", "apt-get", "install"]
    assert all(re.fullmatch(r"[a-z0-9.+-]+", word) for word in words[3:])
    assert "libxcb-cursor0" in words


def test_every_line_from_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_folders: None, narrow_network: None
) -> None:
    source = block("studio-example", "python")
    assert source.count("steps=2000") == 1
    # A shorter training with fewer timesteps, on the CPU.
    source = source.replace("steps=2000", "steps=3, timesteps=100, batch_size=4, device='cpu'")
    (tmp_path / "photos").mkdir()
    for k in range(4):
        pixels = np.random.default_rng(k).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{k}.png")
    monkeypatch.chdir(tmp_path)
    exec(compile(source, "README.md", "exec"), {})
    with Image.open(tmp_path / "samples.png") as grid:
        assert grid.size == (4 * 8 + 3 * 2, 4 * 8 + 3 * 2)
    assert (tmp_path / "reverse.gif").is_file()


def test_example_of_the_engine_runs() -> None:
    names: dict[str, object] = {}
    exec(compile(block("engine-example", "python"), "README.md", "exec"), names)
    # The network's initial output is zero, so its first loss is the mean of ε².
    assert 0.8 < float(str(names["loss"].item())) < 1.2  # type: ignore[attr-defined]


def test_no_example_is_left_out() -> None:
    marked = re.findall(r"^<!-- \w+-example -->\n```python$", README, re.MULTILINE)
    assert len(marked) == README.count("```python") == 2


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(targets) >= 4
    for target in targets:
        assert (ROOT / target).exists(), target
