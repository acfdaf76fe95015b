"""Preview samples of a training, from the same noise each time, with raw and EMA weights."""

from __future__ import annotations

from collections.abc import Generator

from ddpm_studio.engine import Network, PictureNoise, Trainer, derive_seed, to_bf16
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.engine.tables.samplers import FEW_STEPS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.evaluator import Evaluator
from ddpm_studio.jobs.drawing.sampling_defaults import default_guidance
from ddpm_studio.jobs.events import Event, Pictures, Progress, SampleGrid
from ddpm_studio.jobs.job_clock import job_time
from ddpm_studio.jobs.library.preview_sheets import save_preview
from ddpm_studio.jobs.training.preview_times import PreviewSchedule, pictures_until_previews
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.classes import classes_in_turn, needs_class

_SAMPLER = SAMPLERS[FEW_STEPS]
_STEPS = 20
_SEED = 4
# Raw and averaged weights.
_NETWORKS = 2


class PreviewSampler:
    """Preview sampler: decides when to draw, and draws in few steps from noise of a fixed seed."""

    def __init__(self, folder: RunFolder, trainer: Trainer, request: TrainRequest) -> None:
        self.folder = folder
        self.trainer = trainer
        self.request = request
        self._process = trainer.process
        self._student = student = folder.info.student
        self._sampler = SAMPLERS[student.sampler] if student else _SAMPLER
        # A network without learned "no class" is drawn by class, whatever the defaults say.
        by_class = folder.info.drawing is not None or needs_class(folder.info)
        self._classes = classes_in_turn(folder.info, request.sample_count) if by_class else None
        evaluations = min(student.steps if student else _STEPS, trainer.process.schedule.T)
        plans = (*folder.info.plans, request.steps)
        recognisable_after = pictures_until_previews(
            request.preset, plans, request.pictures_per_step
        )
        self._schedule = PreviewSchedule(
            # A network that is fine-tuned can draw from the start.
            0 if folder.info.start_from else recognisable_after,
            _NETWORKS * evaluations * request.sample_count,
            self._seen,
        )

    @property
    def _seen(self) -> int:
        return self.trainer.config.seen(self.trainer.step_number)

    def is_due(self, step: int) -> bool:
        """Whether to draw after this step; always after the last one."""
        if self.request.sample_count == 0:
            return False
        if step == self.request.steps:
            return True
        if self.request.sample_every:
            return step % self.request.sample_every == 0
        return self._schedule.seconds_until_next(self._seen) <= 0

    def seconds_until_next(self, seconds_per_step: float) -> float | None:
        """Return the seconds until the next preview; None if unknown, or there will be none.

        Args:
            seconds_per_step: current duration of a step.
        """
        if self.request.sample_count == 0:
            return None
        step = self.trainer.step_number
        until_end = (self.request.steps - step) * seconds_per_step
        if every := self.request.sample_every:
            return min((every - step % every) * seconds_per_step, until_end)
        pace = self.trainer.config.pictures / seconds_per_step
        return min(self._schedule.seconds_until_next(self._seen, pace), until_end)

    def draw(self) -> Generator[Event, None, None]:
        """Draw previews: yield progress, then the SampleGrid, saved in the run folder too.

        Raises:
            StudioError: after the SampleGrid, if it could not be saved.
            OSError: after the SampleGrid, if the folder for it could not be made.
        """
        start_time = job_time()
        assert isinstance(self.trainer.ema.model, Network)
        networks = (self.trainer.model, self.trainer.ema.model)
        samples: list[Pictures] = []
        for network in networks:
            pictures = yield from self._sample(network)
            samples.append(pictures)
        raw, ema = samples
        step = self.trainer.step_number
        grid = SampleGrid(self.folder.samples_dir / f"step-{step:08d}.png", step, raw, ema)
        save_error: Exception | None = None
        try:
            self.folder.samples_dir.mkdir(exist_ok=True)
            save_preview(grid)
        except (OSError, StudioError) as error:
            save_error = error
        self._schedule.record_preview(start_time)
        yield grid
        if save_error is not None:
            raise save_error

    def postpone(self) -> None:
        """Postpone the next preview for a while, after drawing has failed."""
        self._schedule.record_failure()

    def _sample(self, network: Network) -> Generator[Event, None, Pictures]:
        training = network.training
        network.eval()
        count = self.request.sample_count
        noise = PictureNoise(
            derive_seed(self.request.seed, _SEED), range(count), self.trainer.device
        )
        x = noise.draw(network.config.shape)
        guidance = default_guidance(self.folder.info, self.trainer.step_number)
        # With guidance, each step takes two evaluations.
        steps = _STEPS if guidance in (0, 1) else _STEPS // 2
        steps = self._student.steps if self._student else steps
        steps = min(steps, self._process.schedule.T)
        try:
            uses_bf16 = self.trainer.config.precision == "bf16"
            evaluator = Evaluator(
                to_bf16(network) if uses_bf16 else network,
                self.trainer.device,
                self._classes,
                guidance,
            )
            for frame in run_sampler(self._sampler, self._process, evaluator, x, noise, steps):
                x = frame.x_t
                yield Progress(self.trainer.step_number, self.request.steps, "Drawing samples")
        finally:
            network.train(training)
        pictures: Pictures = to_uint8(x).cpu().numpy()
        return pictures
