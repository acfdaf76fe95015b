"""A layout of models: a table that says who made it, and the weights of a toy network."""

from __future__ import annotations

from ddpm_studio.catalogue import NETWORKS
from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.interop import Answers, ForeignModel, ModelFormat, Source


class ToyFile(ModelFormat):
    """A file of ``torch.save``: {"made by": "toy", "weights": …}; it does not say T."""

    def recognises(self, source: Source) -> bool:
        """Whether it is such a file."""
        return source.items.get("made by") == "toy"

    def questions(self, source: Source) -> Answers:
        """Ask for T."""
        return {"timesteps": 10}

    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """Read the weights, which have the names of ours."""
        weights = source.tensors(source.items["weights"])
        process = DiffusionProcess(NoiseSchedule.linear(answers["timesteps"]))
        config = NETWORKS["toy-net"].load_config()(8, 8, 3)
        return ForeignModel(config, weights, process=process)
