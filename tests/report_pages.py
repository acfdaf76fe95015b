"""HTML parser for reports: sections, pictures, tables and commands of a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Pictures = npt.NDArray[np.uint8]

_VOID = {"meta", "link", "img", "br"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag: str, kind: str = "") -> list[Element]:
        """Return the elements of a tag in this subtree, optionally only those of a CSS class."""
        return [
            one
            for one in self.walk()
            if one.tag == tag and (not kind or kind in one.attributes.get("class", "").split())
        ]

    @property
    def text(self) -> str:
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return "".join(parts)

    @property
    def pictures(self) -> Pictures:
        """The pictures in this subtree, uint8 (N, H, W, C), not rescaled."""
        return np.stack([pixels(image.attributes["src"]) for image in self.all("img")])

    @property
    def commands(self) -> list[str]:
        return [code.text for code in self.all("code")]

    @property
    def rows(self) -> list[list[str]]:
        """The text of a table body's cells, by row."""
        return [
            [cell.text for cell in row.walk() if cell.tag in ("th", "td")]
            for row in self.all("tbody")[0].all("tr")
        ]


class _Reader(HTMLParser):
    """HTML parser that builds the element tree and asserts that tags match."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> ends another"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == [self.root], "a tag stays open"


def parse(text: str) -> Element:
    """Parse HTML into a tree; return its root.

    Raises:
        AssertionError: for tags that do not match, or an attribute that occurs twice.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.root


def read(path: Path) -> dict[str, Element]:
    """Return a report's sections by their ids, after checking that the page is self-contained."""
    page = parse(path.read_text(encoding="utf-8"))
    check_alone(page)
    return {section.attributes["id"]: section for section in page.all("section")}


def check_alone(page: Element) -> None:
    """Assert that a page is self-contained: no scripts, no URLs but data URIs and own anchors."""
    names = set()
    for one in page.walk():
        assert one.tag not in ("script", "iframe", "object", "embed", "base"), one.tag
        for name, value in one.attributes.items():
            assert not name.startswith("on"), f"{name} of <{one.tag}>"
            if name in ("src", "href", "xlink:href"):
                assert value.startswith(("data:", "#")), value
        names.add(one.attributes.get("id", ""))
    for style in page.all("style"):
        assert "url(" not in style.text
        assert "@import" not in style.text
    links = [link.attributes["href"] for link in page.all("a")]
    assert {link.removeprefix("#") for link in links} <= names


def pixels(uri: str) -> Pictures:
    """Decode the PNG picture of a data URI to uint8 (H, W, C)."""
    kind, _, content = uri.partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(content, validate=True))) as image:
        found = np.asarray(image)
    return found[..., None] if found.ndim == 2 else found


def tiles(grid: Pictures, shape: tuple[int, ...], count: int, gap: int = 2) -> Pictures:
    """Cut a grid, filled row by row, into its pictures (N, H, W, C)."""
    height, width = shape[:2]
    grid = grid[..., None] if grid.ndim == 2 else grid
    columns = (grid.shape[1] + gap) // (width + gap)
    places = [divmod(k, columns) for k in range(count)]
    return np.stack(
        [
            grid[row * (height + gap) :, column * (width + gap) :][:height, :width]
            for row, column in places
        ]
    )
