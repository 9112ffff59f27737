"""The demo's one page: before/after pictures, scores, and the tree of what was produced."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.pairs { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.25rem; }
figure { margin: 0; } figcaption { font-size: .85rem; opacity: .8; }
.slider { position: relative; overflow: hidden; border-radius: .4rem; line-height: 0; --at: 50%; }
.slider img { width: 100%; display: block; }
.slider img + img { position: absolute; inset: 0; clip-path: inset(0 0 0 var(--at)); }
.slider::after { content: ""; position: absolute; top: 0; bottom: 0; left: var(--at); border-left: 2px solid #fff;
  box-shadow: 0 0 4px #000; pointer-events: none; }
.slider input { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0; cursor: ew-resize; }
.slider:focus-within { outline: 3px solid #36c; }
table { border-collapse: collapse; }
td, th { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #8886; }
td:first-child, th:first-child { text-align: left; }
pre { overflow-x: auto; padding: 1rem; background: #8882; border-radius: .4rem; line-height: 1.35; }
"""
SCRIPT = """
for (const input of document.querySelectorAll(".slider input"))
  input.addEventListener("input", () => input.parentElement.style.setProperty("--at", input.value + "%"));
"""


@dataclass(frozen=True)
class Pair:
    """One before/after comparison; both paths are pictures that the browser can show."""

    title: str
    before: Path
    after: Path
    note: str = ""


@dataclass
class Page:
    """What the page shows, in order."""

    title: str
    introduction: str
    sections: list[str] = field(default_factory=list)

    def add_pairs(self, heading: str, pairs: Iterable[Pair], folder: Path) -> None:
        """Add sliders; picture addresses are relative to the folder that holds the page."""
        self.sections.append(f"<h2>{html.escape(heading)}</h2>\n<div class='pairs'>")
        self.sections += [slider(pair, folder) for pair in pairs]
        self.sections.append("</div>")

    def add_picture(self, heading: str, picture: Path, caption: str, folder: Path) -> None:
        """Add one picture over the whole width."""
        self.sections.append(
            f"<h2>{html.escape(heading)}</h2>\n<figure><img style='width:100%' alt='{html.escape(caption)}' "
            f"src='{address(picture, folder)}'><figcaption>{html.escape(caption)}</figcaption></figure>"
        )

    def add_table(self, heading: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add a table; the first column is text, the others are numbers."""
        head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
        body = "\n".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
        )
        self.sections.append(f"<h2>{html.escape(heading)}</h2>\n<table><tr>{head}</tr>\n{body}</table>")

    def add_text(self, heading: str, text: str) -> None:
        """Add preformatted text."""
        self.sections.append(f"<h2>{html.escape(heading)}</h2>\n<pre>{html.escape(text)}</pre>")

    def render(self) -> str:
        """The whole page; nothing in it is fetched from elsewhere."""
        title = html.escape(self.title)
        return (
            f"<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>\n"
            f"<meta name='viewport' content='width=device-width, initial-scale=1'>\n<title>{title}</title>\n"
            f"<style>{STYLE}</style>\n<h1>{title}</h1>\n<p>{html.escape(self.introduction)}</p>\n"
            + "\n".join(self.sections)
            + f"\n<script>{SCRIPT}</script>\n</html>\n"
        )


def address(picture: Path, folder: Path) -> str:
    """The picture's address seen from the folder, escaped for an attribute."""
    return html.escape(Path(os.path.relpath(picture, folder)).as_posix(), quote=True)


def slider(pair: Pair, folder: Path) -> str:
    """A figure in which dragging (or the arrow keys) uncovers the picture after restoration."""
    title = html.escape(pair.title, quote=True)
    caption = html.escape(f"{pair.title}. {pair.note}" if pair.note else pair.title)
    return (
        f"<figure><div class='slider'><img src='{address(pair.before, folder)}' alt='{title}, before'>"
        f"<img src='{address(pair.after, folder)}' alt='{title}, after'>"
        f"<input type='range' min='0' max='100' value='50' aria-label='{title}: share of the picture shown before'>"
        f"</div><figcaption>{caption}</figcaption></figure>"
    )


def tree(folder: Path, *, max_files: int = 6) -> str:
    """The folder as an indented tree with sizes; long folders are shortened."""
    lines = [f"{folder.name}/"]

    def walk(place: Path, indent: str) -> None:
        entries = sorted(place.iterdir(), key=lambda entry: (entry.is_file(), entry.name))
        for entry in entries[:max_files]:
            size = f"  ({entry.stat().st_size / 1024:,.0f} KiB)" if entry.is_file() else "/"
            lines.append(f"{indent}{entry.name}{size}")
            if entry.is_dir():
                walk(entry, indent + "    ")
        if len(entries) > max_files:
            lines.append(f"{indent}... and {len(entries) - max_files} more")

    walk(folder, "    ")
    return "\n".join(lines)
