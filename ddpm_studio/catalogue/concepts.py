"""The concepts of the lecture, in its order: the list shown by Learn tab, palette and glossary.

The lecture: "Denoising Diffusion Probabilistic Models", Advanced Machine Learning, March 2021; the
paper: Ho, Jain, Abbeel 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

from ddpm_studio.engine.tables.entry import UnknownNameError, import_object

_LEARN = "ddpm_studio.gui.features.learn"


@dataclass(frozen=True)
class Concept:
    """A concept of the lecture, and the interactive chapter that shows it.

    Args:
        name: stable identifier; the id of its action is ``learn.NAME``.
        title: title to show.
        sentence: its statement in a sentence.
        equation: in the language of :mod:`ddpm_studio.gui.features.learn.typeset`.
        part: part of the lecture, a key of :data:`PARTS`.
        lecture: the slide.
        paper: section, equation or figure.
        chapter: the chapter's class, "package.module:Class"; concepts may share one.
        scene: the view of a chapter that has several.
        keywords: further search words.
    """

    name: str
    title: str
    sentence: str
    equation: str
    part: str
    lecture: str
    paper: str
    chapter: str
    scene: str = ""
    keywords: str = ""

    def load(self) -> type:
        """Import the chapter's class and return it."""
        found: type = import_object(self.chapter)
        return found

    @property
    def where(self) -> str:
        """Slide and place in the paper, in one line."""
        return f"Lecture: {self.lecture} · Paper: {self.paper}"


PARTS = {
    "models": "Generative modelling",
    "diffusion": "Diffusion",
    "inference": "Variational inference",
    "loss": "The loss",
    "score": "Score matching",
    "algorithms": "Training and sampling",
    "results": "Results and discussion",
}
"""The parts of the lecture in order: key and title."""

_ALL = (
    Concept(
        "data",
        "Data-driven",
        "What to draw is given by examples only: a set of pictures, without a rule.",
        r"\bf{x}_0 ∼ q(\bf{x}_0)",
        "models",
        "Generative Modelling, Data driven",
        "§1",
        f"{_LEARN}.samples_chapter:SamplesChapter",
        "data",
        "dataset examples",
    ),
    Concept(
        "distribution",
        "Generative model as a distribution",
        "A generative model is a probability distribution that one can draw from.",
        r"\bf{x}_0 ∼ p_θ(\bf{x}_0)",
        "models",
        "Statistical Generative Modelling, Formal Definition",
        "§2",
        f"{_LEARN}.samples_chapter:SamplesChapter",
        "model",
        "probability density samples",
    ),
    Concept(
        "physics",
        "Diffusion as a physical process",
        "Particles spread until nothing tells where they began: entropy rises. The model learns "
        "the way back.",
        r"H(\bf{x}_0) ≤ H(\bf{x}_1) ≤ … ≤ H(\bf{x}_T)",
        "diffusion",
        "Diffusion - Physical process",
        "Abstract",
        f"{_LEARN}.spreading_chapter:SpreadingChapter",
        "",
        "thermodynamics entropy particles",
    ),
    Concept(
        "markov",
        "Markov chain",
        "Each state depends only on the one before it.",
        r"p(\bf{x}_t|\bf{x}_{0:t−1}) = p(\bf{x}_t|\bf{x}_{t−1})",
        "diffusion",
        "Diffusion - As a Markov Chain, Markov assumption",
        "§2, Fig. 2",
        f"{_LEARN}.chain_chapter:ChainChapter",
        "markov",
        "assumption graphical model",
    ),
    Concept(
        "reverse",
        "Reverse process",
        "The learned chain from noise to picture: each step is a Gaussian whose mean a network "
        "gives.",
        r"p_θ(\bf{x}_{t−1}|\bf{x}_t) = N(μ_θ(\bf{x}_t,t), Σ_θ(\bf{x}_t,t))",
        "diffusion",
        "Diffusion - As a Markov Chain, eq. 1",
        "§2, eq. 1",
        f"{_LEARN}.reverse_chapter:ReverseChapter",
        "",
        "denoising generate",
    ),
    Concept(
        "forward",
        "Forward process and β",
        "A fixed chain that adds a little Gaussian noise in each step, as much as β says.",
        r"q(\bf{x}_t|\bf{x}_{t−1}) = N(\sqrt{1−β_t}\,\bf{x}_{t−1}, β_t\bf{I})",
        "diffusion",
        "Diffusion - As a Markov Chain, eq. 2",
        "§2, eq. 2, 4",
        f"{_LEARN}.forward_chapter:ForwardChapter",
        "",
        "diffusion process schedule noise beta",
    ),
    Concept(
        "latents",
        "Latent variables",
        "All but x₀ is not observed: each latent has the picture’s size, and explains the one "
        "before it.",
        r"p_θ(\bf{x}_0) = ∫ p_θ(\bf{x}_{0:T}) d\bf{x}_{1:T}",
        "inference",
        "Variational inference, Latent variable model",
        "§2",
        f"{_LEARN}.chain_chapter:ChainChapter",
        "latents",
        "hidden z prior posterior evidence",
    ),
    Concept(
        "bound",
        "ELBO",
        "What can be computed in place of log p(x): a bound below it, which training pushes up.",
        r"\rm{E}[−\log p_θ(\bf{x}_0)] ≤ "
        r"\rm{E}_q\fence{−\log\frac{p_θ(\bf{x}_{0:T})}{q(\bf{x}_{1:T}|\bf{x}_0)}} = L",
        "inference",
        "Variational inference; ELBO for diffusion models",
        "§2, eq. 3, 5",
        f"{_LEARN}.bound_chapter:BoundChapter",
        "",
        "evidence lower bound variational loss bits",
    ),
    Concept(
        "gap",
        "Variational gap",
        "How far the bound is from the likelihood: as far as q is from the model’s own posterior.",
        r"L + \log p_θ(\bf{x}_0) = "
        r"D_{\rm{KL}}(q(\bf{x}_{1:T}|\bf{x}_0) ‖ p_θ(\bf{x}_{1:T}|\bf{x}_0))",
        "inference",
        "Variational inference; ELBO for diffusion models",
        "§2, eq. 3",
        f"{_LEARN}.gap_chapter:GapChapter",
        "",
        "likelihood tight",
    ),
    Concept(
        "parametric",
        "Parametric model",
        "The step back has parameters θ: training moves them, and with them all that is drawn.",
        r"θ^* = \rm{arg max}_θ\,\rm{ELBO}(\bf{x}; θ)",
        "inference",
        "Parametric generative model",
        "§2",
        f"{_LEARN}.playground_panel:PlaygroundPanel",
        "learn",
        "theta parameters network weights playground points in the plane toy 2D",
    ),
    Concept(
        "variance",
        "Variance of the estimator",
        "Log-ratios along sampled chains vary a lot; their means given xₜ are the same bound, "
        "and vary less.",
        r"\rm{Var}\fence{\log\frac{q(\bf{x}_{t−1}|\bf{x}_t,\bf{x}_0)}{p_θ(\bf{x}_{t−1}|\bf{x}_t)}} "
        r"> \rm{Var}\fence{D_{\rm{KL}}(q ‖ p_θ)}",
        "loss",
        "ELBO for diffusion models, drawbacks; Reduced variance ELBO",
        "§2, eq. 3, 5",
        f"{_LEARN}.estimators_chapter:EstimatorsChapter",
        "terms",
        "Rao-Blackwell reduced",
    ),
    Concept(
        "posterior",
        "q(xₜ₋₁|xₜ, x₀)",
        "Whoever knows the picture knows the step back: a Gaussian in closed form.",
        r"q(\bf{x}_{t−1}|\bf{x}_t,\bf{x}_0) = "
        r"N(\tilde{μ}_t(\bf{x}_t,\bf{x}_0), \tilde{β}_t\bf{I})",
        "loss",
        "Reduced variance ELBO",
        "§2, eq. 6, 7",
        f"{_LEARN}.posterior_chapter:PosteriorChapter",
        "",
        "forward process posterior mu tilde beta tilde",
    ),
    Concept(
        "kl",
        "KL between Gaussians",
        "How far one distribution is from another, as seen from the first: closed form for "
        "Gaussians.",
        r"D_{\rm{KL}}(q ‖ p) = \log\frac{σ_p}{σ_q} + "
        r"\frac{σ_q^2 + (μ_q − μ_p)^2}{2σ_p^2} − \frac{1}{2}",
        "loss",
        "Reduced variance ELBO",
        "§2, eq. 5",
        f"{_LEARN}.kl_chapter:KLChapter",
        "",
        "Kullback-Leibler divergence",
    ),
    Concept(
        "monte_carlo",
        "Monte Carlo over t",
        "One t by chance in each step stands for the sum over all: no chain need be walked.",
        r"\sum{t} L_{t−1} ≈ T·L_{t−1}, t ∼ \rm{Uniform}",
        "loss",
        "Reduced variance ELBO",
        "§3.4, Algorithm 1",
        f"{_LEARN}.estimators_chapter:EstimatorsChapter",
        "one t",
        "uniform timestep sampling expectation",
    ),
    Concept(
        "mean",
        "Predicting μ",
        "The bound asks for the mean of the step back: squared distance of two means.",
        r"L_{t−1} = \rm{E}_q\fence{\frac{1}{2σ_t^2}"
        r"‖\tilde{μ}_t(\bf{x}_t,\bf{x}_0) − μ_θ(\bf{x}_t,t)‖^2} + C",
        "loss",
        "Simplified loss function, eq. 8",
        "§3.2, eq. 8",
        f"{_LEARN}.prediction_chapter:PredictionChapter",
        "mu",
        "mu mean parameterisation",
    ),
    Concept(
        "noise",
        "Predicting ε",
        "The mean follows from the noise: so the network says which noise is in the picture.",
        r"μ_θ = \frac{1}{\sqrt{α_t}}"
        r"\fence{\bf{x}_t − \frac{β_t}{\sqrt{1−\bar{α}_t}} ε_θ(\bf{x}_t,t)}",
        "loss",
        "Simplified loss function, eq. 11, 12",
        "§3.2, eq. 11, 12; §3.4, eq. 14",
        f"{_LEARN}.prediction_chapter:PredictionChapter",
        "eps",
        "epsilon noise parameterisation simple loss",
    ),
    Concept(
        "score",
        "Score matching",
        "The score points to where data are denser; learning to denoise is learning the score.",
        r"∇_{\bf{x}}\log q(\bf{x}_t) ≈ −\frac{ε_θ(\bf{x}_t,t)}{\sqrt{1−\bar{α}_t}}",
        "score",
        "Denoising score matching",
        "§3.2",
        f"{_LEARN}.playground_panel:PlaygroundPanel",
        "score",
        "gradient field denoising playground points in the plane toy 2D",
    ),
    Concept(
        "langevin",
        "Langevin dynamics",
        "Follow the score and shake: in the end the points lie as the distribution does.",
        r"\bf{x} ← \bf{x} + \frac{δ}{2}∇\log q(\bf{x}) + \sqrt{δ}\,\bf{z}",
        "score",
        "Denoising score matching; Training & Sampling with Langevin dynamics",
        "§3.2, Algorithm 2",
        f"{_LEARN}.playground_panel:PlaygroundPanel",
        "langevin",
        "MCMC stochastic differential equation playground points in the plane toy 2D",
    ),
    Concept(
        "algorithm_1",
        "Algorithm 1: training",
        "A picture, a t, a noise: one step down the squared error of ε.",
        r"∇_θ ‖ε − ε_θ(\sqrt{\bar{α}_t}\bf{x}_0 + \sqrt{1−\bar{α}_t}ε, t)‖^2",
        "algorithms",
        "Training & Sampling, Algorithm 1",
        "§3.4, Algorithm 1",
        f"{_LEARN}.training_chapter:TrainingChapter",
        "",
        "gradient descent line by line",
    ),
    Concept(
        "algorithm_2",
        "Algorithm 2: sampling",
        "From noise, take away what the network says is noise, and put a little back.",
        r"\bf{x}_{t−1} = \frac{1}{\sqrt{α_t}}\fence{\bf{x}_t − "
        r"\frac{1−α_t}{\sqrt{1−\bar{α}_t}} ε_θ(\bf{x}_t,t)} + σ_t\bf{z}",
        "algorithms",
        "Training & Sampling, Algorithm 2",
        "§3.2, Algorithm 2",
        f"{_LEARN}.sampling_chapter:SamplingChapter",
        "",
        "ancestral line by line",
    ),
    Concept(
        "results",
        "Progressive generation, shared latents, interpolation",
        "What large t decides is shared by all that comes of it; small t is detail.",
        r"\bf{x}_0 ∼ p_θ(\bf{x}_0|\bf{x}_t)",
        "results",
        "Results, Figures 6, 7, 8",
        "§4.3, Fig. 6, 7; §4.4, Fig. 8",
        f"{_LEARN}.results_chapter:ResultsChapter",
        "",
        "share interpolate coarse fine",
    ),
    Concept(
        "steps",
        "Slow sampling, and what came after",
        "A thousand evaluations a picture are slow; later samplers take the same noise in few.",
        r"d\bf{x} = −\frac{1}{2}β(t)(\bf{x} + ∇\log q(\bf{x}_t))dt",
        "results",
        "Discussion; To go further",
        "§4; Song et al. 2020, Nichol & Dhariwal 2021",
        f"{_LEARN}.steps_chapter:StepsChapter",
        "",
        "fewer steps SDE ODE flow consistency DDIM DPM-Solver student",
    ),
)

CONCEPTS = {concept.name: concept for concept in _ALL}
"""The concepts by name, in the order of the lecture."""


def concept(name: str) -> Concept:
    """Return a concept by its name.

    Raises:
        UnknownNameError: if there is none; lists the valid names.
    """
    if name not in CONCEPTS:
        raise UnknownNameError("concept", name, CONCEPTS)
    return CONCEPTS[name]


def concepts_of(part: str) -> list[Concept]:
    """Return the concepts of one part of the lecture, in order."""
    return [concept for concept in _ALL if concept.part == part]
