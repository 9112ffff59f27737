"""Restore a picture of any size tile by tile, in bounded memory, with the result of doing it whole.

Three rules make the tiles invisible. Neighbouring tiles share `overlap` pixels, and each keeps only what lies well
inside it: the three eighths of the overlap next to a tile's edge, where a network has seen too little of the picture,
are thrown away. Across the quarter left in the middle the two tiles are cross-faded, so that what little difference
remains is no line. And tiles begin on multiples of what the network divides its input by, as the whole picture does.

Memory: the result at rest, one tile, and the rows that wait for the tile below them (a sixteenth of a tile high).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.errors import MisuseError
from imaging.pixels import FloatImage, Image, from_float, to_float

Restore = Callable[[FloatImage], Image]


@dataclass(frozen=True)
class Span:
    """One tile along one axis, in pixels of the input.

    Attributes:
        start, stop: what the tile sees; may reach past the picture, where it is mirrored.
        keep_from, keep_to: what it contributes.
        fade_in, fade_out: how many of the first and last contributed pixels are shared with a neighbour.
    """

    start: int
    stop: int
    keep_from: int
    keep_to: int
    fade_in: int
    fade_out: int


def restore_tiled(
    restore: Restore, image: Image, *, tile: int = 512, overlap: int = 64, scale: int = 1, multiple: int = 1
) -> Image:
    """Apply `restore` to tiles of a picture and merge the results.

    Args:
        restore: takes a float32 tile, (h, w, C) or (h, w) like the picture, in [0, 1] (float pictures are passed
            unclipped), whose sides divide by `multiple`; returns it `scale` times as large, with any channel count.
        image: (H, W, C) or (H, W), at least 1x1; uint8, uint16 or floating point. Not changed.
        tile: longest side of a tile.
        overlap: pixels that neighbours share. The result equals that of the whole picture when no output pixel
            depends on input further away than three eighths of it.
        scale: size of the result in relation to the picture.
        multiple: what the sides of a tile must divide by; a picture that does not is mirrored at its right and lower
            edge and the surplus is cut off again.

    Returns:
        The restored picture in the type of `image`.

    Raises:
        MisuseError: when the numbers make no sense together, or `restore` returns another size than promised.
    """
    _check(image, tile, overlap, scale, multiple)
    rows = spans(image.shape[0], tile=tile, overlap=overlap, multiple=multiple)
    columns = spans(image.shape[1], tile=tile, overlap=overlap, multiple=multiple)
    merge = _Merge(image, scale)
    for row in rows:
        for column in columns:
            merge.add(_restore_one(restore, image, row, column, scale), row, column)
    return merge.result


def spans(length: int, *, tile: int, overlap: int, multiple: int = 1) -> list[Span]:
    """Cut an axis into as few tiles as will do, all of one size, which is at most `tile`, evenly spaced.

    Examples:
        >>> [(span.start, span.stop, span.keep_from, span.keep_to) for span in spans(1000, tile=512, overlap=64)]
        [(0, 376, 0, 352), (312, 688, 336, 664), (624, 1000, 648, 1000)]
    """
    most, shared, cells = (-(-value // multiple) for value in (tile, overlap, length))  # in multiples
    if cells <= most:
        return [Span(0, cells * multiple, 0, length, 0, 0)]
    count = -(-(cells - shared) // (most - shared))
    size = -(-(cells + (count - 1) * shared) // count)
    starts = [(cells - size) * i // (count - 1) * multiple for i in range(count)]
    stops = [start + size * multiple for start in starts]
    fade = overlap // 4
    cuts = [(start + stop - fade) // 2 for start, stop in zip(starts[1:], stops, strict=False)]
    keep_from, keep_to = [0, *cuts], [*(cut + fade for cut in cuts), length]
    fades = [0, *[fade] * (count - 1), 0]
    return [Span(*numbers) for numbers in zip(starts, stops, keep_from, keep_to, fades, fades[1:], strict=False)]


class _Merge:
    """The growing result; `right` and `below` are the faded-out edges that wait for their neighbours."""

    def __init__(self, image: Image, scale: int) -> None:
        self._size, self._dtype, self._scale = image.shape[:2], image.dtype, scale
        self.result: Image = np.empty(0)
        self._right: FloatImage = np.empty(0, np.float32)
        self._below: FloatImage = np.empty(0, np.float32)

    def add(self, block: FloatImage, row: Span, column: Span) -> None:
        if row.keep_from == 0 and column.keep_from == 0:
            self._begin(block, row)
        scale = self._scale
        _fade(block, row.fade_in * scale, row.fade_out * scale)
        _fade(block.swapaxes(0, 1), column.fade_in * scale, column.fade_out * scale)
        if column.fade_in:
            block[:, : column.fade_in * scale] += self._right
        done = block.shape[1] - column.fade_out * scale
        self._right = block[:, done:].copy()
        self._write(block[:, :done], row, column.keep_from * scale)

    def _begin(self, block: FloatImage, row: Span) -> None:
        height, width = (side * self._scale for side in self._size)
        self.result = np.empty((height, width, *block.shape[2:]), self._dtype)
        self._below = np.zeros((row.fade_out * self._scale, width, *block.shape[2:]), np.float32)

    def _write(self, block: FloatImage, row: Span, left: int) -> None:
        waiting = self._below[:, left : left + block.shape[1]]
        if row.fade_in:
            block[: len(waiting)] += waiting
        done = block.shape[0] - row.fade_out * self._scale
        if row.fade_out:
            waiting[:] = block[done:]
        top = row.keep_from * self._scale
        self.result[top : top + done, left : left + block.shape[1]] = from_float(block[:done], self._dtype)


def _restore_one(restore: Restore, image: Image, row: Span, column: Span, scale: int) -> FloatImage:
    """Return what one tile contributes, `scale` times as large; a float32 array of its own."""
    seen = to_float(_cut(_cut(image, row, 0), column, 1))
    restored = to_float(np.asarray(restore(seen)))
    expected = (seen.shape[0] * scale, seen.shape[1] * scale)
    if restored.shape[:2] != expected:
        rule = f"A tile of {seen.shape[:2]} restored at scale {scale} has the size {expected}"
        raise MisuseError(rule, restored.shape, "Pass the scale of the restorer")
    kept = tuple(
        slice((span.keep_from - span.start) * scale, (span.keep_to - span.start) * scale) for span in (row, column)
    )
    return restored[kept].copy()


def _cut(image: Image, span: Span, axis: int) -> Image:
    length = image.shape[axis]
    if span.stop <= length:
        return image[span.start : span.stop] if axis == 0 else image[:, span.start : span.stop]
    return image.take(mirrored(np.arange(span.start, span.stop), length), axis=axis)


def mirrored(index: npt.NDArray[np.int_], length: int) -> npt.NDArray[np.int_]:
    """Fold indices past the end back into [0, length), without repeating the edge.

    Examples:
        >>> mirrored(np.arange(6), 3).tolist()
        [0, 1, 2, 1, 0, 1]
    """
    if length == 1:
        return np.zeros_like(index)
    folded = index % (2 * length - 2)
    return np.minimum(folded, 2 * length - 2 - folded)


def _fade(block: FloatImage, fade_in: int, fade_out: int) -> None:
    """Ramp the first and last rows in place; the ramps of neighbours add up to one."""
    shape = (-1, *[1] * (block.ndim - 1))
    if fade_in:
        block[:fade_in] *= _ramp(fade_in).reshape(shape)
    if fade_out:
        block[-fade_out:] *= 1 - _ramp(fade_out).reshape(shape)


def _ramp(length: int) -> FloatImage:
    return np.linspace(0.5 / length, 1 - 0.5 / length, length, dtype=np.float32)


def _check(image: Image, tile: int, overlap: int, scale: int, multiple: int) -> None:
    if image.ndim not in (2, 3) or image.size == 0:
        raise MisuseError("A picture is (H, W) or (H, W, C) and at least 1x1", image.shape, "Pass one picture")
    if min(scale, multiple) < 1 or overlap < 0 or tile <= 2 * (overlap + multiple):
        received = f"tile {tile}, overlap {overlap}, scale {scale}, multiple {multiple}"
        raise MisuseError(
            "A tile is more than two overlaps and multiples wide, scale and multiple are at least 1", received
        )
