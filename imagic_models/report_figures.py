"""Pictures and curves as text that stands inside an HTML page."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape

import cv2

from imaging.pixels import Image

WIDTH, HEIGHT = 460, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 14, 36
Points = Sequence[tuple[float, float]]


def data_uri(image: Image) -> str:
    """Return an RGB uint8 picture as a PNG data address."""
    done, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert done, "OpenCV always holds a PNG encoder"
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode()


def line_chart(lines: Mapping[str, Points], x_label: str, y_label: str, colours: Mapping[str, int]) -> str:
    """Return an SVG chart of a value over a strength, one line per contender.

    Args:
        lines: points per contender, in order of x; points that are not finite are left out.
        x_label: of the axis of strengths.
        y_label: of the axis of values.
        colours: number of each contender's colour class.
    """
    kept = {name: [point for point in points if math.isfinite(point[1])] for name, points in lines.items()}
    kept = {name: points for name, points in kept.items() if points}
    xs = sorted({x for points in kept.values() for x, _ in points})
    low, high, step = _scale([y for points in kept.values() for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - xs[0]) / ((xs[-1] - xs[0]) or 1)
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM - (y - low) / (high - low) * (
            HEIGHT - _TOP - _BOTTOM
        )

    parts = [_grid_line(low + number * step, place) for number in range(round((high - low) / step) + 1)]
    parts += [_x_tick(x, place(x, low)) for x in xs]
    for name, points in kept.items():
        parts.append(_line([place(*point) for point in points], name, points, colours.get(name, 0)))
    title = f'<text class="axis" x="{WIDTH / 2:.0f}" y="{HEIGHT - 3}" text-anchor="middle">{escape(x_label)}</text>'
    label = escape(f"{y_label} over {x_label}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}{title}</svg>'


def _grid_line(value: float, place: object) -> str:
    x, y = _LEFT, place(0, value)[1]  # type: ignore[operator]
    line = f'<line class="grid" x1="{x}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text class="tick" x="{x - 7}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'


def _x_tick(value: float, at: tuple[float, float]) -> str:
    return f'<text class="tick" x="{at[0]:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{value:g}</text>'


def _line(places: Sequence[tuple[float, float]], name: str, points: Points, colour: int) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(_dot(at, f"{name}: {y:.4g} at {x:g}") for at, (x, y) in zip(places, points, strict=True))
    return f'<g class="series c{colour}"><polyline points="{path}"/>{dots}</g>'


def _dot(at: tuple[float, float], text: str) -> str:
    return f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="3.5"><title>{escape(text)}</title></circle>'


def _scale(values: Sequence[float]) -> tuple[float, float, float]:
    """Return (lowest, highest, step) of an axis with round numbers and three to six steps."""
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    raw = span / 4
    magnitude = 10 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= raw)
    bottom = math.floor(low / step) * step
    top = math.ceil(high / step) * step
    return bottom, top if top > bottom else bottom + step, step
