"""Equations of the playground's two halves, with the values of their symbols."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QWidget

from ddpm_studio.gui.features.learn.curve_view import short
from ddpm_studio.gui.features.learn.equation import Equation, Symbol
from ddpm_studio.jobs.events import ScheduleTables

_SIZE = 16
_SCORE = (
    r"\is{score}{∇\log q(\bf{x}_{\is{t}{t}})} ≈ "
    r"\break−\frac{ε_θ(\bf{x}_t,t)}{\is{noise}{\sqrt{1−\bar{α}_t}}}"
)
_STEP = (
    r"\bf{x}_{t−1} = \frac{1}{\is{alpha}{\sqrt{α_t}}}\fence{\bf{x}_t − "
    r"\frac{\is{beta}{β_t}}{\is{spread}{\sqrt{1−\bar{α}_t}}} ε_θ} + \break\is{sigma}{σ_t}\bf{z}"
)
_CHAIN = (
    r"\bf{x} ← \bf{x} + \break\frac{δ}{2}\,\is{score}{∇\log q(\bf{x}_{\is{t}{t}})} + "
    r"\sqrt{δ}\,\is{z}{\bf{z}}"
)


class PlaygroundEquations(QWidget):
    """Creates the equations and sets their symbols' values; the owner lays them out."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        score = Symbol("score", "∇ log q", self.tr("the arrows: where points are denser"))
        time = Symbol("t", "t", self.tr("how noisy: the left slider"))
        self.score = Equation(
            _SCORE,
            self.tr("ε̂ is the score, up to a factor (§3.2)"),
            [score, time, Symbol("noise", "√(1−ᾱₜ)", self.tr("the noise’s width at t"))],
            _SIZE,
        )
        self.step = Equation(
            _STEP,
            self.tr("One step of DDPM (Algorithm 2)"),
            [
                Symbol("alpha", "√αₜ", self.tr("what q shrank x by in this step")),
                Symbol("beta", "βₜ", self.tr("variance of the noise of this step")),
                Symbol("spread", "√(1−ᾱₜ)", self.tr("width of all noise up to t")),
                Symbol("sigma", "σₜ", self.tr("√βₜ: the noise that is put back")),
            ],
            _SIZE,
        )
        self.chain = Equation(
            _CHAIN,
            self.tr("Langevin: the score and noise alone, at one t"),
            [score, time, Symbol("z", "z", self.tr("fresh noise from N(0, I) in each step"))],
            _SIZE,
        )
        self._step_stack = QStackedWidget()
        self._step_stack.addWidget(self.step)
        self._step_stack.addWidget(self.chain)
        self.all = (self.score, self.step, self.chain)
        self.rows: tuple[QWidget, QWidget] = (self.score, self._step_stack)
        """The widgets above the left and the right half."""

    def show_chain(self, chain: bool) -> None:
        """Show the Langevin step, or else that of the reverse process."""
        self._step_stack.setCurrentWidget(self.chain if chain else self.step)

    def show_forward_values(self, tables: ScheduleTables | None, t: int) -> None:
        """Set the values of the score and of the Langevin step at the left slider's t."""
        noise = "0" if tables is None or t == 0 else f"{tables.noise[t - 1]:.3f}"
        self.score.set_values({"t": str(t), "noise": noise})
        self.chain.set_values({"t": str(t)})

    def show_reverse_values(self, tables: ScheduleTables | None, t: int) -> None:
        """Set the values of the reverse step at the samplers' t; at t = 0 they stay."""
        if tables is None or t == 0:
            return
        beta = float(tables.betas[t - 1])
        self.step.set_values(
            {
                "alpha": f"{(1 - beta) ** 0.5:.3f}",
                "beta": short(beta),
                "spread": f"{tables.noise[t - 1]:.3f}",
                "sigma": "0" if t == 1 else f"{beta**0.5:.3f}",
            }
        )
