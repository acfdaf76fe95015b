"""ermongroup/ddim checkpoints: the list [model, optimiser, epoch, step, EMA], the paper's U-Net."""

from __future__ import annotations

from ddpm_studio.interop.formats.format import Answers, ModelFormat, process_of
from ddpm_studio.interop.formats.ho import (
    is_paper_unet,
    paper_config,
    paper_weights,
    questions_about,
)
from ddpm_studio.interop.formats.source import Source, StateDict, is_state_dict, strip_prefixes
from ddpm_studio.interop.model import ForeignModel

_STEP, _AVERAGES = 3, 4


class Ermon(ModelFormat):
    """A checkpoint of ermongroup/ddim, such as ``ckpt.pth``."""

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        return is_paper_unet(_table(source, 0))

    def questions(self, source: Source) -> Answers:
        """See :class:`ModelFormat`."""
        return questions_about(_table(source, 0))

    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """See :class:`ModelFormat`."""
        raw, averages = _table(source, 0), _table(source, _AVERAGES)
        config = paper_config(raw, answers)
        weights = paper_weights(source.tensors(raw), config)
        states = source.tree if isinstance(source.tree, list) else []
        step = states[_STEP] if len(states) > _STEP else None
        return ForeignModel(
            config,
            paper_weights(source.tensors(averages), config) if averages else weights,
            process=process_of(answers, learned=config.learned_variance),
            raw=weights if averages else None,
            training_progress=f"step {step:,}" if type(step) is int else "",
        )


def _table(source: Source, index: int) -> StateDict:
    states = source.tree
    if not isinstance(states, list) or len(states) <= index or not is_state_dict(states[index]):
        return {}
    return strip_prefixes(states[index])
