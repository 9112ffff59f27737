"""`report.html`: pictures before and after, what was measured, what failed and why, and how fast it went.

One file without links to anything outside, so it can be mailed and kept. Bars are sized by style, sliders by a range
input: the one line of script only tells the style sheet where the slider stands.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable
from html import escape
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage

from imaging.colour import space_of, to_working
from imaging.diagnosis import LIMITS
from imaging.errors import ImagicError
from imaging.guard import DecoderPool
from imaging.pixels import Image, from_float, to_float
from pipelines.enhance.ledger import Ledger, Record
from pipelines.enhance.options import EnhanceOptions

REPORT_NAME = "report.html"
_SIDE = 900  # of a picture in the report
_BARS = 24
_SHOWN = ("noise", "blockiness", "blur", "median", "contrast", "clipped", "damage")
_LISTED_FAILURES = 200


def write_report(options: EnhanceOptions, ledger: Ledger, run: int, inputs: int, seconds: float) -> Path:
    """Write the report of a run beside its results and return its path.

    Args:
        options: of the job.
        ledger: of its output folder.
        run: number of the run.
        inputs: how many pictures it found.
        seconds: how long it took.
    """
    records = list(ledger.records(run))
    body = "".join(
        (
            _summary(options, ledger, run, inputs, seconds),
            _pairs(options, _sample(records, options.report)),
            _measurements(records),
            _failures(records),
        )
    )
    draft = options.out / ".report.part"
    draft.write_text(_PAGE.replace("{body}", body).replace("{title}", escape(options.out.name)), "utf-8")
    os.replace(draft, options.out / REPORT_NAME)
    return options.out / REPORT_NAME


def _summary(options: EnhanceOptions, ledger: Ledger, run: int, inputs: int, seconds: float) -> str:
    counts = ledger.counts(run)
    _, megapixels, _ = ledger.work(run)
    worked = counts.get("enhanced", 0) + counts.get("passed", 0)
    asked = "chosen by measurement" if options.auto else ", ".join(f"{s.model} {s.strength:g}" for s in options.stages)
    tiles = [
        (f"{inputs:,}", "pictures found"),
        *((f"{count:,}", name) for name, count in counts.items()),
        (f"{worked / max(seconds, 1e-9):.2f}", "pictures a second"),
        (f"{megapixels / max(seconds, 1e-9):.2f}", "megapixels a second"),
    ]
    cells = "".join(f"<div><b>{value}</b>{escape(name)}</div>" for value, name in tiles)
    return f'<p class="asked">Stages: {escape(asked)}</p><section class="tiles">{cells}</section>'


def _sample(records: list[Record], count: int) -> list[Record]:
    """Choose enhanced pictures spread evenly over the archive."""
    enhanced = [record for record in records if record.status == "enhanced"]
    chosen = np.unique(np.linspace(0, len(enhanced) - 1, min(count, len(enhanced))).round().astype(int))
    return [enhanced[i] for i in chosen] if enhanced else []


def _pairs(options: EnhanceOptions, records: list[Record]) -> str:
    source = options.input if options.input.is_dir() else options.input.parent
    with DecoderPool(seconds=options.decode_seconds) as pool:
        pairs = [_pair(pool, source, options.out, record) for record in records]
    return f'<h2>Before and after</h2><section class="pairs">{"".join(pairs)}</section>' if any(pairs) else ""


def _pair(pool: DecoderPool, source: Path, out: Path, record: Record) -> str:
    """Return the comparison of one picture; nothing where one of the two cannot be read by the name in the ledger."""
    try:
        after = _preview(pool, out / record.output)
        before = _preview(pool, source / record.path, after.shape[:2])
    except ImagicError:
        return ""
    height, width = after.shape[:2]
    done = ", ".join(f"{name} {strength:g}" for name, strength in record.stages) or "no stage"
    label = f"before and after of {escape(record.path)}"
    return (
        f'<figure><div class="pair" style="aspect-ratio:{width}/{height}">'
        f'<img alt="after" src="{_data(after)}"><img alt="before" class="before" src="{_data(before)}">'
        "<i></i><span>before</span><span>after</span>"
        f'<input type="range" min="0" max="100" value="50" aria-label="{label}"></div>'
        f"<figcaption><b>{escape(record.path)}</b> {escape(done)}</figcaption></figure>"
    )


def _preview(pool: DecoderPool, path: Path, size: tuple[int, int] | None = None) -> Image:
    """Return the first page as 8-bit working RGB, at most `_SIDE` a side or of the given height and width."""
    picture = pool.read(path, pages=1)
    samples = picture.pages[0].samples
    factor = min(1.0, _SIDE / max(samples.shape[:2]))
    height, width = size or (max(1, round(side * factor)) for side in samples.shape[:2])
    small = cv2.resize(samples, (width, height), interpolation=cv2.INTER_AREA)
    return from_float(to_float(to_working(small, space_of(small, picture.passport.icc))), np.uint8)


def _data(image: Image) -> str:
    file = io.BytesIO()
    PillowImage.fromarray(image).save(file, "WEBP", quality=88)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def _measurements(records: list[Record]) -> str:
    measured = [record.measured for record in records if record.measured]
    if not measured:
        return ""
    charts = [_histogram(name, [values[name] for values in measured if name in values]) for name in _SHOWN]
    note = "The line is the limit from which a preset is applied."
    return f'<h2>What was measured</h2><p>{note}</p><section class="charts">{"".join(charts)}</section>'


def _histogram(name: str, values: list[float]) -> str:
    limit = LIMITS.get(name)
    top = max(*values, (limit or 0) * 1.2, 1e-6)
    counts = np.histogram(values, _BARS, (0, top))[0]
    heights = 100 * np.sqrt(counts / max(counts.max(), 1))  # the few beside the many stay visible
    bars = "".join(
        f'<i style="height:{height:.1f}%" title="{n}"></i>' for height, n in zip(heights, counts, strict=True)
    )
    mark = f'<u style="left:{100 * limit / top:.1f}%"></u>' if limit else ""
    return f'<figure><div class="bars">{bars}{mark}</div><figcaption>{name}<s>0 to {top:.3g}</s></figcaption></figure>'


def _failures(records: list[Record]) -> str:
    failed = [record for record in records if record.status == "failed"]
    if not failed:
        return ""
    rows = [(record.reason, record.path, record.detail) for record in sorted(failed, key=lambda r: (r.reason, r.path))]
    more = f"<p>and {len(rows) - _LISTED_FAILURES:,} more in the ledger</p>" if len(rows) > _LISTED_FAILURES else ""
    return f"<h2>What failed, by reason</h2><table>{_rows(rows[:_LISTED_FAILURES])}</table>{more}"


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Enhanced: {title}</title><style>
:root{color-scheme:light dark;--ink:#1c1b19;--paper:#faf9f6;--line:#d8d4cb;--bar:#8a6d3b;--limit:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#ece9e2;--paper:#171614;--line:#3b3832;--bar:#c9a86a;--limit:#ff8a80}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1180px;padding:2rem 1.2rem 4rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2.6rem 0 .6rem}
.asked{margin:.2rem 0 1.2rem;opacity:.75}.tiles{display:flex;flex-wrap:wrap;gap:.7rem}
.tiles div{border:1px solid var(--line);border-radius:8px;padding:.6rem 1rem;min-width:8rem;font-size:.85rem}
.tiles b{display:block;font-size:1.5rem;font-weight:600;font-variant-numeric:tabular-nums}
.pairs{columns:340px;column-gap:1.2rem}.pairs figure{break-inside:avoid;padding-bottom:1.2rem}figure{margin:0}
.pair{--at:50%;position:relative;overflow:hidden;border-radius:6px;background:#0002}
.pair img{position:absolute;inset:0;width:100%;height:100%;display:block}
.pair .before{clip-path:inset(0 calc(100% - var(--at)) 0 0)}
.pair i{position:absolute;top:0;bottom:0;left:var(--at);width:2px;margin-left:-1px;background:#fff;
box-shadow:0 0 4px #000}
.pair span{position:absolute;bottom:.5rem;left:.5rem;padding:0 .5rem;border-radius:4px;background:#000a;color:#fff;
font-size:.75rem}.pair span+span{left:auto;right:.5rem}
.pair input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:ew-resize}
.pair:focus-within{outline:3px solid var(--bar)}figcaption{font-size:.85rem;margin-top:.35rem;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:1.2rem}
.bars{position:relative;display:flex;align-items:flex-end;gap:1px;height:110px;border-bottom:1px solid var(--line)}
.bars i{flex:1;background:var(--bar)}.bars u{position:absolute;top:0;bottom:0;width:2px;background:var(--limit)}
.charts s{float:right;text-decoration:none;opacity:.7}table{border-collapse:collapse;width:100%;font-size:.88rem}
td{border-bottom:1px solid var(--line);padding:.35rem .8rem .35rem 0;vertical-align:top;overflow-wrap:anywhere}
td:first-child{white-space:nowrap;font-weight:600}
</style><h1>Enhanced: {title}</h1>{body}
<script>addEventListener("input",e=>e.target.parentNode.style.setProperty("--at",e.target.value+"%"))</script></html>
"""
