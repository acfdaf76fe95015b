"""Parts of a report, in order, each with its counterpart in the paper."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables import Entry

_JOBS = "ddpm_studio.jobs.reporting"


@dataclass(frozen=True, eq=False)
class ReportPartInfo(Entry):
    """A part of a report.

    Its code is a function of a :class:`~ddpm_studio.jobs.reporting.subject.Subject` that returns a
    :class:`~ddpm_studio.jobs.reporting.subject.PartPlan`.

    Args:
        paper: figure, table or algorithm of its counterpart in the paper; empty: none.
    """

    paper: str = field(default="", kw_only=True)


_PARTS = (
    ReportPartInfo(
        "samples",
        "Samples",
        "pictures from noise",
        f"{_JOBS}.samples:samples",
        paper="Fig. 1, 3",
    ),
    ReportPartInfo(
        "model",
        "The graphical model",
        "both Markov chains, with pictures on them",
        f"{_JOBS}.model:graphical_model",
        paper="Fig. 2",
    ),
    ReportPartInfo(
        "training",
        "Training",
        "loss by step and by t, and that of held-out pictures",
        f"{_JOBS}.training:training",
        paper="Algorithm 1",
    ),
    ReportPartInfo(
        "progressive",
        "Progressive generation",
        "the predicted picture along the reverse process",
        f"{_JOBS}.samples:progressive",
        paper="Fig. 6",
    ),
    ReportPartInfo(
        "share",
        "Shared latents",
        "many pictures from one x_t",
        f"{_JOBS}.latents:shared",
        paper="Fig. 7",
    ),
    ReportPartInfo(
        "interpolate",
        "Interpolation",
        "from picture to picture through latent space",
        f"{_JOBS}.latents:interpolation",
        paper="Fig. 8, 9",
    ),
    ReportPartInfo(
        "bits",
        "The bound",
        "bits/dim with its parts, by t, and rate against distortion",
        f"{_JOBS}.bound:bound",
        paper="Fig. 5, Table 4",
    ),
    ReportPartInfo(
        "quality",
        "Quality over the training",
        "evaluations of several steps",
        f"{_JOBS}.quality:quality",
        paper="Table 1",
    ),
    ReportPartInfo(
        "neighbours",
        "Nearest neighbours",
        "the training pictures nearest to samples",
        f"{_JOBS}.neighbours:neighbours",
        paper="Fig. 15",
    ),
    ReportPartInfo(
        "settings",
        "Settings and seeds",
        "everything that reproduces this report",
        f"{_JOBS}.settings:settings",
    ),
)

#: All parts by name.
REPORT_PARTS = {part.name: part for part in _PARTS}
