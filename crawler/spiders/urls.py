"""A list of image addresses: text with one per line, or CSV, TSV or Parquet with a column for each field."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crawler.found import Candidate, Found
from crawler.spiders.base import Source, plain, whole
from imaging.errors import MisuseError

# The first of these columns that a list has is taken.
_COLUMNS = {
    "url": ("url", "image_url", "URL"),
    "rights": ("rights", "licence", "license", "licence_url", "license_url"),
    "work_id": ("work_id", "id", "key"),
    "title": ("title", "caption", "TEXT"),
    "creator": ("creator", "artist", "author"),
    "date": ("date",),
    "landing_url": ("landing_url", "page_url"),
    "attribution": ("attribution", "credit"),
    "width": ("width",),
    "height": ("height",),
}


class Urls(Source):
    """Everything in the list; images without a stated licence need `--rights`."""

    name = "urls"
    summary = "a list of image addresses: text, CSV, TSV or Parquet"
    hosts = None
    is_documented_api = False
    needs_target = "the path of a list of addresses"
    takes_your_word = True

    @classmethod
    def check(cls, options: Any) -> None:
        """The list must be there.

        Raises:
            MisuseError: it is not.
        """
        super().check(options)
        if not Path(options.target).is_file():
            raise MisuseError("A list of addresses is a file", options.target or "none", "Name it with --target")

    def seeds(self) -> Iterator[Found]:
        """Every entry, read as it is needed."""
        for entry in read_entries(Path(self.options.target)):
            url = _field(entry, "url")
            if url:
                yield Candidate(
                    url=url,
                    work_id=_field(entry, "work_id") or url,
                    rights=_rights(entry),
                    title=plain(_field(entry, "title")),
                    creator=plain(_field(entry, "creator")),
                    date=plain(_field(entry, "date")),
                    landing_url=_field(entry, "landing_url"),
                    attribution=plain(_field(entry, "attribution")),
                    width=whole(_field(entry, "width")),
                    height=whole(_field(entry, "height")),
                )


def read_entries(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a list; a text file's lines are rows with a `url` alone, `#` begins a comment.

    Raises:
        MisuseError: the file cannot be read as what its name says.
    """
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet}
    try:
        yield from readers.get(path.suffix.lower(), _read_text)(path)
    except (OSError, UnicodeError, ValueError, csv.Error) as error:
        raise MisuseError("A list of addresses is text, CSV, TSV or Parquet", f"{path} ({error})") from error


def _read_text(path: Path) -> Iterable[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            url = line.strip()
            if url and not url.startswith("#"):
                yield {"url": url}


def _read_csv(path: Path) -> Iterable[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")


def _read_parquet(path: Path) -> Iterable[Mapping[str, Any]]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(batch_size=4096):
        yield from batch.to_pylist()


def _field(entry: Mapping[str, Any], name: str) -> str:
    return next((str(entry[column]).strip() for column in _COLUMNS[name] if entry.get(column)), "")


def _rights(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What the list says; a rights column that is empty here says "unknown", which no `--rights` overrules."""
    has_column = any(column in entry for column in _COLUMNS["rights"])
    return (_field(entry, "rights"),) if has_column else ()
