"""The scorecard as one HTML file: tables, curves, crops with error maps, cost, and what is not in the scores."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from imagic_models.report_figures import data_uri, line_chart
from imagic_models.report_style import STYLE
from imagic_models.scorecard import METRIC_LABELS, Scorecard, Table, number
from imagic_models.specimens import ERROR_GAIN, Panel, Specimen, lead

FILE = "index.html"
_LOWER_IS_BETTER = ("ciede2000", "lpips", "lightness_shift")
_NO_BEST = ("colourfulness_ratio", "channel_accuracy")
_COLOURS = 7


def write_report(card: Scorecard, specimens: Sequence[Specimen], folder: Path) -> Path:
    """Write the report into a folder and return its path.

    The file holds its pictures, curves and style: it can be sent by mail and opened without a network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(page(card, specimens), encoding="utf-8")
    return path


def page(card: Scorecard, specimens: Sequence[Specimen]) -> str:
    """Return the report as HTML."""
    title = escape(f"{card.protocol} on {card.set_name}")
    sections = (
        _head(card),
        _warnings(card),
        _tables(card),
        _curves(card),
        _crops(specimens),
        _pictures(card),
        _costs(card),
        _failures(card),
        _foot(card),
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{''.join(sections)}</main></body></html>\n"
    )


def _head(card: Scorecard) -> str:
    tiles = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(label)}</span></div>' for value, label in _tiles(card)
    )
    return (
        f'<p class="over">IMagic scorecard</p><h1>{escape(card.protocol)} on {escape(card.set_name)}</h1>'
        f'<p class="lede">{escape(card.summary)}</p><div class="tiles">{tiles}</div>'
    )


def _tiles(card: Scorecard) -> list[tuple[str, str]]:
    """Return the few figures that a reader came for: the leading contender's, at its middle level."""
    model, metric = lead(card), card.metrics[0]
    levels = [name for name in card.level_names if not math.isnan(card.mean(model, name, metric))]
    level = levels[len(levels) // 2] if levels else card.level_names[0]
    value, reference = (card.mean(one, level, metric) for one in (model, card.models[0]))
    label = METRIC_LABELS.get(metric, metric)
    tiles = [(number(metric, value), f"{label}, {model}, level {level}")]
    if model != card.models[0] and math.isfinite(value - reference):
        tiles.append((f"{value - reference:+.2f}", f"against {card.models[0]}"))
    cost = next(one.seconds_per_megapixel for one in card.runtimes if one.model == model)
    return [*tiles, (f"{cost:.2f} s", "per megapixel"), (str(card.images), f"pictures, seed {card.seed}")]


def _warnings(card: Scorecard) -> str:
    leaks = [f"{leak.model} was trained on {leak.file} ({leak.distance} of 64 bits apart)" for leak in card.leaks]
    missing = (
        [f"{len(card.failures)} files or answers are not in the scores; they are listed below"] if card.failures else []
    )
    return "".join(f'<p class="warn">{escape(text)}.</p>' for text in (*leaks, *card.notes, *missing))


def _tables(card: Scorecard) -> str:
    shown = "".join(
        (f"<h3>{escape(table.title)}</h3>" if table.title else "") + _table(table, card) for table in card.tables()
    )
    sources = sorted({row.source for row in card.published})
    hint = "".join(f'<p class="hint">Published rows in italics, from {escape(source)}.</p>' for source in sources)
    return f"<h2>Scores</h2>{hint}{shown}"


def _table(table: Table, card: Scorecard) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    best = _best_cells(table, card)
    ours = "".join(_row(row, row[0] == lead(card), best, index) for index, row in enumerate(table.ours))
    theirs = "".join(
        f'<tr class="published{" first-published" if index == 0 else ""}">{_cells(row)}</tr>'
        for index, row in enumerate(table.theirs)
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{ours}{theirs}</tbody></table></div>'


def _row(row: Sequence[str], leading: bool, best: set[tuple[int, int]], index: int) -> str:
    cells = "".join(
        f'<td class="best">{escape(cell)}</td>' if (index, column) in best else f"<td>{escape(cell)}</td>"
        for column, cell in enumerate(row)
    )
    return f'<tr class="lead">{cells}</tr>' if leading else f"<tr>{cells}</tr>"


def _cells(row: Iterable[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in row)


def _best_cells(table: Table, card: Scorecard) -> set[tuple[int, int]]:
    """Return (row, column) of our best figures, where the metric has a better and a worse."""
    by_label = {METRIC_LABELS.get(metric, metric): metric for metric in card.metrics}
    across = table.header[1:] == card.models  # contenders are columns
    groups: dict[object, list[tuple[float, int, int]]] = defaultdict(list)
    for index, row in enumerate(table.ours):
        for column, cell in enumerate(row[1:], 1):
            metric = by_label.get(table.title) or by_label.get(table.header[column], "")
            if cell and metric and metric not in _NO_BEST and metric in METRIC_LABELS:
                sign = -1.0 if metric in _LOWER_IS_BETTER else 1.0
                groups[index if across else -column].append((sign * float(cell), index, column))
    return {max(group)[1:] for group in groups.values() if len(group) > 1}


def _curves(card: Scorecard) -> str:
    curves: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, curve, x in card.levels:
        if curve and name in card.level_names:
            curves[curve].append((x, name))
    metric, colours = card.metrics[0], _colour_numbers(card)
    charts = [
        _chart(card, curve, sorted(points), metric, colours) for curve, points in curves.items() if len(points) > 1
    ]
    if not charts:
        return ""
    hint = f'<p class="hint">{escape(METRIC_LABELS.get(metric, metric))}, mean over the pictures.</p>'
    return f'<h2>By severity</h2>{hint}{_legend(colours)}<div class="charts">{"".join(charts)}</div>'


def _chart(card: Scorecard, curve: str, points: list[tuple[float, str]], metric: str, colours: dict[str, int]) -> str:
    lines = {model: [(x, card.mean(model, name, metric)) for x, name in points] for model in card.models}
    chart = line_chart(lines, curve, METRIC_LABELS.get(metric, metric), colours)
    return f"<figure><figcaption>{escape(curve)}</figcaption>{chart}</figure>"


def _colour_numbers(card: Scorecard) -> dict[str, int]:
    """Return a colour per contender: gray for the reference, the rest in turn."""
    return {model: 1 + (index - 1) % (_COLOURS - 1) if index else 0 for index, model in enumerate(card.models)}


def _legend(colours: dict[str, int]) -> str:
    entries = "".join(f'<span><i class="c{number_}"></i>{escape(name)}</span>' for name, number_ in colours.items())
    return f'<div class="legend">{entries}</div>'


def _crops(specimens: Sequence[Specimen]) -> str:
    if not specimens:
        return ""
    shown = "".join(
        f"<h3>{escape(one.rank.capitalize())}: {escape(one.image)}, level {escape(one.level)}</h3>"
        f'<div class="panels">{"".join(_panel(panel) for panel in one.panels)}</div>'
        for one in specimens
    )
    hint = (
        "The part of each picture where the first contender errs most. "
        f"Under each crop its error, {ERROR_GAIN:g} times enlarged: black is right, yellow is wrong by 20 % or more."
    )
    return f'<h2>To look at</h2><p class="hint">{hint}</p>{shown}'


def _panel(panel: Panel) -> str:
    images = f'<img src="{data_uri(panel.crop)}" alt="{escape(panel.title)}">'
    if panel.error is not None:
        images += f'<img src="{data_uri(panel.error)}" alt="error of {escape(panel.title)}">'
    return f'<div class="panel"><b>{escape(panel.title)}</b><span>{escape(panel.caption)}</span>{images}</div>'


def _pictures(card: Scorecard) -> str:
    metric = card.metrics[0]
    values = {(row.image, row.level, row.model): number(metric, row.metrics[metric]) for row in card.rows}
    pairs = dict.fromkeys((row.image, row.level) for row in card.rows)
    rows = tuple(
        (f"{image}, {level}", *(values.get((image, level, model), "") for model in card.models))
        for image, level in pairs
    )
    table = _table(Table(METRIC_LABELS.get(metric, metric), ("picture, level", *card.models), rows), card)
    summary = f"{len(rows)} rows, {escape(METRIC_LABELS.get(metric, metric))}"
    return f"<h2>Every picture</h2><details><summary>{summary}</summary>{table}</details>"


def _costs(card: Scorecard) -> str:
    hint = "Seconds per million pixels of result; the peak is that of the whole process while the contender worked."
    return f'<h2>Cost</h2><p class="hint">{hint}</p>{_table(card.runtime_table(), card)}'


def _failures(card: Scorecard) -> str:
    if not card.failures:
        return ""
    rows = tuple((one.file, one.reason, one.model or "the file", one.detail) for one in card.failures)
    return f"<h2>Not in the scores</h2>{_table(Table('', ('file', 'reason', 'at fault', 'found'), rows), card)}"


def _foot(card: Scorecard) -> str:
    weights = "; ".join(f"{one.model} {one.version[:16]}" for one in card.runtimes if one.version)
    machine = ", ".join(f"{name} {value}" for name, value in card.machine.items())
    return f"<footer>{escape(machine)}{'. Weights: ' + escape(weights) if weights else ''}.</footer>"
