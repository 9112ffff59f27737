"""Edges rubbed off: what albums, pockets and thumbs do to prints."""

from __future__ import annotations

import numpy as np

from imaging.degradations.fields import Field, diagonal, smooth_field
from imaging.degradations.parameters import Parameters, Span, span
from imaging.degradations.registry import Image, Mask, degradation
from imaging.degradations.strokes import paint, settle


class WornEdges(Parameters):
    """`width` of the worn margin in thousandths of the diagonal, `roughness` of its line, rounding of the `corners`."""

    width_range: Span = span(2.0, 12.0, within=(0.0, 200.0))
    roughness_range: Span = span(0.5, 1.5, within=(0.0, 5.0))
    corners_range: Span = span(0.0, 1.0)


@degradation(
    WornEdges,
    theme="surface",
    ladder={
        "width": [2.0, 5.0, 9.0, 15.0, 24.0],
        "roughness": [0.8, 0.9, 1.0, 1.1, 1.2],
        "corners": [0.2, 0.4, 0.6, 0.8, 1.0],
    },
    weakest={"width": 0.0},
    masks=True,
)
def worn_edges(
    image: Image, *, width: float, roughness: float, corners: float, rng: np.random.Generator
) -> tuple[Image, Mask]:
    """Return the print with its margins and corners rubbed down to the paper, and the mask of what is gone.

    The layer is lost where the distance to the edge, disturbed by a field with ever finer waves, is below a width;
    islands of it remain in the worn margin, and flakes are missing beyond.
    """
    shape = (image.shape[0], image.shape[1])
    unit = width * diagonal(image) / 1000.0
    if unit <= 0.0:
        return image.copy(), np.zeros(shape, np.float32)
    bare = smooth_field(shape, rng, cells=10, octaves=6, rough=0.65)
    bare *= np.float32(0.8 * roughness * unit)
    bare -= _distance_to_edge(shape, corners)
    # Layer is lost mostly where hands held the print: the same margin is whole at one place and gone at the next.
    bare += np.float32(0.3 * unit)
    mask = settle(np.clip(bare, 0.0, 1.0, out=bare))
    degraded = image.copy()
    paint(degraded, mask, np.float32(rng.uniform(0.85, 1.0)) * np.array([0.95, 0.92, 0.86], np.float32))
    return degraded, mask


def _distance_to_edge(shape: tuple[int, int], corners: float) -> Field:
    """Return each pixel's distance to the nearest edge, less in the corners, where two edges wear at once."""
    height, width = shape
    x = np.minimum(np.arange(width), np.arange(width)[::-1]).astype(np.float32)[np.newaxis, :]
    y = np.minimum(np.arange(height), np.arange(height)[::-1]).astype(np.float32)[:, np.newaxis]
    nearest = np.minimum(x, y)
    nearest -= np.float32(0.5 * corners) * np.maximum(np.float32(0.04 * min(shape)) - np.maximum(x, y), np.float32(0.0))
    return nearest
