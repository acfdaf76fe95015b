import pytest

from ddpm_studio.export.report.prose import Html, escape_html, math, prose, svg_prose


def test_words_are_escaped_and_html_is_not() -> None:
    assert prose("a < b, {word}", word="<i>&") == "a &lt; b, &lt;i&gt;&amp;"
    assert prose("{word}", word=Html("<b>x</b>")) == "<b>x</b>"
    assert escape_html(3) == "3"
    # Inserted text is neither a template nor parsed for symbols.
    assert prose("{name}", name="{name} $x_t$") == "{name} $x_t$"


@pytest.mark.parametrize(
    ("symbols", "told"),
    [
        ("x_0", "<i>x</i><sub>0</sub>"),
        ("p_θ(x_t−1|x_t)", "<i>p</i><sub><i>θ</i></sub>(<i>x</i><sub><i>t</i>−1</sub>"),
        ("x_0:T", "<i>x</i><sub>0:<i>T</i></sub>"),
        ("x̂_0", "<i>x̂</i><sub>0</sub>"),
        ("√(1−ᾱ_t)", "√(1−<i>ᾱ</i><sub><i>t</i></sub>)"),
        ("−log p", "−log <i>p</i>"),
        ("t > 1", "<i>t</i> &gt; 1"),
    ],
)
def test_letters_are_slanted_and_subscripts_low(symbols: str, told: str) -> None:
    assert told in math(symbols)
    assert told in prose(f"where ${symbols}$ is")


def test_in_a_drawing_what_follows_a_subscript_comes_back_up() -> None:
    import re

    drawn = svg_prose("$p_θ(x_t)$ & more")
    shifts = [float(shift) for shift in re.findall(r'dy="(-?[\d.]+)em"', drawn)]
    assert shifts == [0.3, -0.3, 0.3, -0.3]
    assert re.sub(r"<[^>]*>|\u200b", "", drawn) == "pθ(xt) &amp; more"
