from pathlib import Path

from ddpm_studio.export.csv_export import save_csv


def test_runs_whose_names_are_no_text_in_any_encoding_are_in_the_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines: list[dict[str, object]] = [{"step": 1, "loss": 0.5}, {"step": 2}]
    save_csv(path, ("step", "loss"), [("caf\udce9", lines), ("β", lines[:1])])
    assert path.read_text(encoding="utf-8").splitlines() == [
        "run,step,loss",
        "caf?,1,0.5",
        "caf?,2,",
        "β,1,0.5",
    ]
