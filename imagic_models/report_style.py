"""The look of the HTML report: one style sheet, no font or script from elsewhere."""

STYLE = (
    """
:root{--paper:#fbfaf7;--card:#fff;--ink:#1d2230;--soft:#626a7a;--line:#e3e0d8;--accent:#9a3412;--good:#166534;
--warn:#92400e;--warn-bg:#fef6e4;--c0:#8a8f9c;--c1:#c2410c;--c2:#0f766e;--c3:#4338ca;--c4:#a16207;--c5:#be185d;--c6:#0369a1}
@media (prefers-color-scheme:dark){:root{--paper:#14161b;--card:#1d2027;--ink:#e9e7e1;--soft:#a0a6b4;--line:#333844;
--accent:#fb923c;--good:#4ade80;--warn:#fbbf24;--warn-bg:#2c2413;--c0:#9aa0ad;--c1:#fb923c;--c2:#2dd4bf;--c3:#a5b4fc;
--c4:#facc15;--c5:#f472b6;--c6:#38bdf8}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 "Source Sans 3","Segoe UI",system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:44px 28px 72px}
h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,Georgia,serif;font-weight:600;line-height:1.2}
h1{font-size:38px;margin:4px 0 8px;letter-spacing:-.01em} h2{font-size:24px;margin:52px 0 6px}
h3{font-size:16px;margin:22px 0 6px}
.over{color:var(--accent);font-weight:600;letter-spacing:.08em;text-transform:uppercase;font-size:13px;margin:0}
.lede,.hint{color:var(--soft);max-width:76ch;margin:0 0 12px} .hint{font-size:14.5px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px;margin:26px 0 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 18px}
.tile b{display:block;font-size:28px;font-weight:650;font-variant-numeric:tabular-nums;line-height:1.25}
.tile span{color:var(--soft);font-size:14px}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px;margin:8px 0 18px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:15px}
th,td{padding:8px 16px;text-align:right;white-space:nowrap} th:first-child,td:first-child{text-align:left}
thead th{color:var(--soft);font-weight:600;font-size:13.5px;border-bottom:1px solid var(--line)}
tbody tr+tr td{border-top:1px solid var(--line)} tr.lead td{font-weight:650}
td.best{color:var(--good);font-weight:650}
tr.published td{color:var(--soft);font-style:italic} tbody tr.first-published td{border-top:2px solid var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(440px,1fr));gap:16px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 14px 8px}
figcaption{font-size:14px;color:var(--soft);margin-bottom:6px}
svg{display:block;width:100%;height:auto} .grid{stroke:var(--line)} .tick,.axis{fill:var(--soft);font-size:12px}
.series polyline{fill:none;stroke-width:2.2;stroke-linejoin:round}
.legend{display:flex;flex-wrap:wrap;gap:6px 20px;margin:10px 0 14px;font-size:14.5px}
.legend i{display:inline-block;width:18px;height:4px;border-radius:2px;margin-right:8px;vertical-align:middle}
"""
    + "".join(
        f".c{n} polyline{{stroke:var(--c{n})}} .c{n} circle{{fill:var(--c{n})}}"
        f" .legend i.c{n}{{background:var(--c{n})}}\n"
        for n in range(7)
    )
    + """
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;
background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px;margin-bottom:8px}
.panels img{display:block;width:100%;image-rendering:pixelated;border-radius:4px} .panels img+img{margin-top:6px}
.panel b{display:block;font-size:14px;overflow-wrap:anywhere;line-height:1.3}
.panel span{display:block;color:var(--soft);font-size:13px;min-height:1.5em;margin-bottom:4px}
.warn{background:var(--warn-bg);border-left:4px solid var(--warn);border-radius:6px;
padding:10px 16px;margin:10px 0;overflow-wrap:anywhere}
details{margin:10px 0} summary{cursor:pointer;color:var(--accent);font-weight:600}
footer{margin-top:56px;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:13.5px}
code{font:0.92em ui-monospace,Menlo,Consolas,monospace}
@media print{body{background:#fff} figure,.panels,.scroll{break-inside:avoid}}
"""
)
