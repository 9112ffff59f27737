"""Which part of a picture becomes an example, and at what size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from imaging.errors import MisuseError
from imaging.pixels import Image

_FORM = re.compile(r"(?P<kind>whole|resize|random|grid)(?::(?P<side>\d+)(?:x(?P<count>\d+))?)?")
_RULE = 'A size is "whole", "resize:SIDE", "random:SIDE", "random:SIDExCOUNT" or "grid:SIDE"'


@dataclass(frozen=True)
class Size:
    """A rule from a picture to the views that are taken of it.

    Attributes:
        kind: "whole" as it is; "resize" reduced until its longer side is at most `side`; "random" `count` square
            crops at drawn places; "grid" all square crops that fit side by side, centred.
        side: pixels; 0 for "whole".
        count: random crops of one picture.
    """

    kind: str = "whole"
    side: int = 0
    count: int = 1

    def __str__(self) -> str:
        if self.kind == "whole":
            return "whole"
        return f"{self.kind}:{self.side}" + (f"x{self.count}" if self.count > 1 else "")

    @property
    def crops(self) -> bool:
        """Whether views are parts of a picture."""
        return self.kind in ("random", "grid")

    def smallest_side(self) -> int:
        """Returns how many pixels the shorter side of a picture needs at least."""
        return self.side if self.crops else 1

    def views_of(self, width: int, height: int) -> int:
        """Returns the number of views that a picture of this size yields."""
        if self.kind == "grid":
            return (width // self.side) * (height // self.side)
        return self.count


def parse_size(text: str) -> Size:
    """Returns the size that `text` writes down.

    Examples:
        >>> parse_size("random:256x4")
        Size(kind='random', side=256, count=4)

    Raises:
        MisuseError: it is no size.
    """
    found = _FORM.fullmatch(text)
    if not found or (found["kind"] == "whole") != (found["side"] is None):
        raise MisuseError(_RULE, text)
    if found["count"] and found["kind"] != "random":
        raise MisuseError(_RULE, text, "Only random crops have a count")
    size = Size(found["kind"], int(found["side"] or 0), int(found["count"] or 1))
    if size.kind != "whole" and (size.side < 8 or size.count < 1):
        raise MisuseError("A size has a side of at least 8 pixels and at least one crop", text)
    return size


def views(image: Image, size: Size, rng: np.random.Generator) -> Iterator[tuple[str, Image]]:
    """Yields the views of a picture, each with the suffix that its example's key gets.

    Args:
        image: HWC, at least `size.smallest_side()` pixels in both directions.
        size: the rule.
        rng: draws the places of random crops.
    """
    if size.kind == "whole":
        yield "", image
    elif size.kind == "resize":
        yield "", _reduced(image, size.side)
    else:
        for top, left in _places(image.shape[0], image.shape[1], size, rng):
            crop = image[top : top + size.side, left : left + size.side]
            yield f"#{top},{left},{size.side},{size.side}", np.ascontiguousarray(crop)


def _reduced(image: Image, side: int) -> Image:
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, target, interpolation=cv2.INTER_AREA))


def _places(height: int, width: int, size: Size, rng: np.random.Generator) -> list[tuple[int, int]]:
    if size.kind == "random":
        draws = [(rng.integers(height - size.side + 1), rng.integers(width - size.side + 1)) for _ in range(size.count)]
        return [(int(top), int(left)) for top, left in draws]
    rows, columns = height // size.side, width // size.side
    top, left = (height - rows * size.side) // 2, (width - columns * size.side) // 2
    return [(top + row * size.side, left + column * size.side) for row in range(rows) for column in range(columns)]
