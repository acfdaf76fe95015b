"""Glossary of the window's terms and symbols, shown by Help > Glossary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ddpm_studio.catalogue.concepts import CONCEPTS


@dataclass(frozen=True)
class Term:
    """A glossary entry.

    Args:
        name: stable identifier, such as ``eta``; the target of links.
        title: the term.
        text: its explanation, in one to three sentences.
        symbols: its symbols, such as ``ᾱₜ``; the first is shown.
        concept: the name of the concept whose chapter shows it, or "".
        keywords: further search words.
    """

    name: str
    title: str
    text: str
    symbols: tuple[str, ...] = ()
    concept: str = ""
    keywords: str = ""

    @property
    def heading(self) -> str:
        """Symbol and title; only the title if there is no symbol or the two are equal."""
        if not self.symbols or self.symbols[0] == self.title:
            return self.title
        return f"{self.symbols[0]} · {self.title}"


_TERMS = (
    Term(
        "t",
        "timestep",
        "How far a picture has gone towards noise: 0 is the picture, T is noise alone.",
        ("t",),
        "forward",
    ),
    Term(
        "T",
        "number of timesteps",
        "How long the forward process is; 1,000 in the paper.",
        ("T",),
        "forward",
    ),
    Term(
        "x0",
        "picture",
        "A picture of the data, its values from −1 to 1.",
        ("x₀",),
        "data",
    ),
    Term(
        "x_t",
        "latent, noisy picture",
        "The picture with its noise at t: √ᾱₜ x₀ + √(1−ᾱₜ) ε. At t = T it is noise alone.",
        ("xₜ", "xₜ₋₁"),
        "latents",
    ),
    Term(
        "x0_hat",
        "predicted picture",
        "The picture that the network predicts from xₜ: xₜ without the predicted noise, rescaled.",
        ("x̂₀",),
        "results",
    ),
    Term(
        "eps",
        "noise",
        "A random number for each value of the picture, each from N(0, 1).",
        ("ε",),
        "noise",
        "epsilon",
    ),
    Term(
        "eps_theta",
        "predicted noise",
        "The network’s prediction of the noise in xₜ; θ are its weights.",
        ("εθ", "ε̂"),
        "noise",
    ),
    Term(
        "beta",
        "variance of a step’s noise",
        "The variance of the noise that step t of the forward process adds: the noise schedule.",
        ("βₜ", "β"),
        "forward",
        "schedule",
    ),
    Term(
        "alpha",
        "αₜ",
        "The share of the variance that a step keeps: 1 − βₜ.",
        ("αₜ", "√αₜ"),
        "forward",
    ),
    Term(
        "alpha_bar",
        "share of the picture",
        "The share of x₀’s variance that is left at t: the product of all α up to there.",
        ("ᾱₜ", "ᾱ", "√ᾱₜ", "√(1−ᾱₜ)"),
        "forward",
        "alpha bar alphas_cumprod",
    ),
    Term(
        "snr",
        "signal-to-noise ratio",
        "ᾱₜ / (1 − ᾱₜ): 1 where picture and noise are equally strong.",
        ("SNR(t)", "SNR"),
        "forward",
    ),
    Term(
        "sigma",
        "width of a step back",
        "Standard deviation of the noise that a step of the reverse process puts back; its square "
        "is βₜ (fixed large), β̃ₜ (fixed small), or learned.",
        ("σₜ", "σₜ²"),
        "algorithm_2",
        "variance fixed large small",
    ),
    Term(
        "mu_tilde",
        "mean of the true step back",
        "The mean of xₜ₋₁ given xₜ and x₀: a weighted sum of the two.",
        ("μ̃ₜ", "μ̃"),
        "posterior",
    ),
    Term(
        "beta_tilde",
        "variance of the true step back",
        "The variance of xₜ₋₁ given xₜ and x₀.",
        ("β̃ₜ", "√β̃ₜ", "σ̃ₜ"),
        "posterior",
    ),
    Term(
        "mu_theta",
        "mean of the model’s step back",
        "The mean of xₜ₋₁ given xₜ under the model.",
        ("μθ",),
        "mean",
    ),
    Term(
        "z",
        "fresh noise",
        "Fresh Gaussian noise that a sampling step adds.",
        ("z",),
        "algorithm_2",
    ),
    Term(
        "score",
        "score",
        "The direction in which data get denser: ∇ log q. At xₜ it is −ε / √(1−ᾱₜ), averaged over "
        "the ε that may be in it: −εθ / √(1−ᾱₜ) is the network’s estimate.",
        ("∇ log q",),
        "score",
    ),
    Term(
        "kl",
        "KL divergence",
        "How far one distribution is from another; 0 where they are the same. In bits.",
        ("KL",),
        "kl",
        "Kullback Leibler",
    ),
    Term(
        "bound_terms",
        "terms of the bound",
        "L at T: what noise still tells of the picture. Lₜ₋₁: how far a step back is from the true "
        "one. L₀: the last step, to whole levels of pixels.",
        ("L₀", "Lₜ₋₁", "Σ Lₜ₋₁", "L at T"),
        "bound",
        "ELBO loss",
    ),
    Term(
        "bits_dim",
        "bits/dim",
        "How many bits each number of a picture costs under the model. Less is better; 8 is no "
        "knowledge at all.",
        (),
        "bound",
        "bits per dimension likelihood",
    ),
    Term(
        "rate",
        "rate and distortion",
        "Sent step by step, a picture costs bits (the rate) and is wrong by so much "
        "(the distortion, RMSE on 0 to 255).",
        (),
        "results",
        "progressive compression",
    ),
    Term(
        "lambda",
        "share of the second picture",
        "Where between two pictures an interpolation is: 0 is the first, 1 the second.",
        ("λ",),
        "results",
    ),
    Term(
        "eta",
        "fresh noise in each step of DDIM",
        "0: none, the same noise always gives the same picture. 1: as much as DDPM.",
        ("η",),
        "steps",
        "DDIM stochasticity",
    ),
    Term(
        "sampler",
        "sampler",
        "How to get from noise to a picture: which steps, and what each does.",
        (),
        "steps",
        "DDPM DDIM DPM-Solver Heun",
    ),
    Term(
        "steps",
        "steps",
        "How many steps the reverse process takes. The network is evaluated once in each, twice by "
        "Heun. T as in the paper, fewer with later samplers.",
        (),
        "steps",
    ),
    Term(
        "respacing",
        "respacing",
        "Which of the T timesteps are kept on the way, as OpenAI’s code names them.",
        (),
        "steps",
    ),
    Term(
        "ema",
        "EMA",
        "Exponential moving average of the weights over the training: it draws calmer pictures "
        "than the raw weights of the last step.",
        ("EMA",),
        "",
        "averaged weights raw",
    ),
    Term(
        "weights",
        "weights",
        "The numbers that the network has learnt, θ: averaged (EMA) or raw, as the last step "
        "left them.",
        ("θ",),
        "parametric",
        "parameters checkpoint",
    ),
    Term(
        "moments",
        "moments",
        "The states of a reverse process that are kept for viewing; not how many steps it takes.",
        (),
        "reverse",
        "frames",
    ),
    Term(
        "resamplings",
        "resamplings",
        "How often each stretch is sampled again when a part is filled in, so that it fits the "
        "rest (RePaint).",
        (),
        "",
        "inpaint fill in jump",
    ),
    Term(
        "clipping",
        "clipping",
        "Keep the predicted picture within black and white at each step.",
        (),
        "algorithm_2",
        "clip x0",
    ),
    Term(
        "seed",
        "seed",
        "The number that determines all random noise: the same seed, the same pictures.",
        (),
        "distribution",
        "random",
    ),
    Term(
        "latent",
        "shared latent",
        "One noisy picture xₜ from which several are drawn: they share what large t decides.",
        (),
        "results",
    ),
    Term(
        "class",
        "class and guidance",
        "A model that was trained with labels draws what is asked for; guidance says how closely "
        "to keep to it.",
        (),
        "",
        "label classifier-free",
    ),
    Term(
        "simple_loss",
        "simple loss",
        "The squared error of the predicted noise, every t alike: what the paper trains with.",
        (),
        "algorithm_1",
        "L_simple",
    ),
    Term(
        "fid",
        "FID",
        "How far drawn pictures are from real ones, by features of a network. Less is better; "
        "figures from other features are not comparable.",
        ("FID",),
        "",
        "Fréchet distance quality evaluation",
    ),
    Term(
        "nearest",
        "nearest neighbours",
        "The training pictures most like a drawn one, which show whether it was memorised.",
        (),
        "",
        "memorisation",
    ),
    Term(
        "student",
        "few-step student",
        "A copy of a model that was taught to draw in one to four steps.",
        (),
        "steps",
        "consistency distillation",
    ),
)


def _entries() -> Iterator[Term]:
    yield from _TERMS
    for concept in CONCEPTS.values():
        yield Term(
            concept.name if concept.name not in _OWN else f"concept_{concept.name}",
            concept.title,
            f"{concept.sentence} {concept.where}.",
            (),
            concept.name,
            concept.keywords,
        )


_OWN = {term.name for term in _TERMS}
GLOSSARY = {term.name: term for term in _entries()}
"""All entries by name: symbols and terms first, then the concepts of the lecture."""

_BY_SYMBOL = {symbol: term for term in _TERMS for symbol in term.symbols}


def term_of_symbol(symbol: str) -> Term | None:
    """Return the entry of a symbol such as ``ᾱₜ``, or None."""
    return _BY_SYMBOL.get(symbol)


def find_terms(query: str) -> list[Term]:
    """Search entries that contain all words of a query, those with all in the title first."""
    words = query.casefold().split()
    found = []
    for order, term in enumerate(GLOSSARY.values()):
        title = f"{term.heading} {' '.join(term.symbols)}".casefold()
        content = f"{title} {term.keywords} {term.text}".casefold()
        if all(word in content for word in words):
            found.append((not all(word in title for word in words), order, term))
    return [term for *_, term in sorted(found, key=lambda entry: entry[:2])]
