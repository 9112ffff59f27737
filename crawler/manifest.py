"""The manifest: one row per stored original, in SQLite while crawling and in Parquet for everyone else.

This module is the whole boundary between the crawl and the later stages, so it imports no Scrapy.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from imaging.errors import ImagicError, MisuseError

CATALOGUE_NAME = "catalogue.sqlite"
MANIFEST_NAME = "manifest.parquet"


@dataclass(frozen=True)
class ManifestRow:
    """One original image, where it came from, and under which terms.

    Attributes:
        image_id: sha256 of the stored bytes, 64 hex digits.
        path: the original's POSIX path, relative to the manifest's folder.
        source: name of the source that found it (`met`, `iiif`, `local`, ...).
        work_id: the source's own identity of the pictured work; all photographs of one work share it.
        image_url: where the bytes came from.
        landing_url: a page for people about the work; may be empty.
        title: plain text, no markup; the same holds for `creator` and `date`.
        creator: who made the work.
        date: when, as the source words it.
        licence: normal form, an SPDX id or `LicenseRef-...` (see `crawler.rights`).
        licence_url: canonical address of the licence.
        rights_evidence: the source's raw statement from which `licence` was decided.
        attribution: the credit line to print beside the image.
        width: pixels, as the file's header says; the same holds for `height`.
        height: pixels.
        num_bytes: size of the stored file.
        format: `jpeg`, `png`, `tiff` or `webp`, by content and not by name.
        phash: 64-bit perceptual hash, 16 hex digits.
        cluster_id: `image_id` of the near-duplicate cluster's first member; its own id when it stands alone.
        blur: 0 for sharp to 1 for fully blurred, the blur metric of Crete et al. 2007.
        noise: estimated standard deviation of noise in the luma, in 8-bit steps.
        jpeg_quality: 1..100 from the file's quantisation tables, 100 for lossless formats.
        quality: 0..100, the weakest of the three estimates on one scale; choose clean targets by it.
        blank: True for pictures that show next to nothing (placeholders, empty pages).
        optout_evidence: JSON of the opt-out signals that were looked at before the download.
        fetched_at: UTC time of the download, ISO 8601.
    """

    image_id: str
    path: str
    source: str
    work_id: str
    image_url: str = ""
    landing_url: str = ""
    title: str = ""
    creator: str = ""
    date: str = ""
    licence: str = ""
    licence_url: str = ""
    rights_evidence: str = ""
    attribution: str = ""
    width: int = 0
    height: int = 0
    num_bytes: int = 0
    format: str = ""
    phash: str = ""
    cluster_id: str = ""
    blur: float = 0.0
    noise: float = 0.0
    jpeg_quality: int = 0
    quality: float = 0.0
    blank: bool = False
    optout_evidence: str = ""
    fetched_at: str = field(default="")

    def __post_init__(self) -> None:
        parts = PurePosixPath(self.path)
        if parts.is_absolute() or ".." in parts.parts or "\\" in self.path:
            raise ImagicError("A manifest path stays inside the manifest's folder", self.path, "Crawl the folder again")


COLUMNS = tuple(column.name for column in dataclasses.fields(ManifestRow))
_SQL_TYPES = {"str": "TEXT", "int": "INTEGER", "float": "REAL", "bool": "INTEGER"}
_ARROW_TYPES = {"str": "string", "int": "int64", "float": "float64", "bool": "bool_"}
_PYTHON_TYPES = {"str": str, "int": int, "float": float, "bool": bool}


def sql_columns() -> str:
    """The column definitions of the catalogue's `images` table."""
    declared = [f"{f.name} {_SQL_TYPES[str(f.type)]} NOT NULL" for f in dataclasses.fields(ManifestRow)]
    return ", ".join([declared[0] + " PRIMARY KEY", *declared[1:]])


def read_manifest(path: Path | str) -> list[ManifestRow]:
    """Read every row of a manifest, ordered by `image_id`.

    Args:
        path: a crawl's output folder, its `manifest.parquet` or its `catalogue.sqlite`.

    Raises:
        MisuseError: there is no manifest at `path`.
        ImagicError: the file is not a manifest.
    """
    file = manifest_file(Path(path))
    read = _read_parquet if file.suffix == ".parquet" else _read_catalogue
    try:
        records = read(file)
        return sorted((_row(record) for record in records), key=lambda row: row.image_id)
    except (sqlite3.DatabaseError, OSError, TypeError, ValueError, KeyError) as error:
        raise ImagicError("A manifest is a catalogue or Parquet file of a crawl", f"{file} ({error})") from error


def manifest_file(path: Path) -> Path:
    """The file that `path` means: of a folder the catalogue, which is never older than the Parquet export.

    Raises:
        MisuseError: there is neither.
    """
    if path.is_file():
        return path
    for name in (CATALOGUE_NAME, MANIFEST_NAME):
        if (path / name).is_file():
            return path / name
    raise MisuseError(
        f"A manifest is a crawl's output folder, its {MANIFEST_NAME} or its {CATALOGUE_NAME}",
        path,
        "Run `imagic crawl` into that folder first",
    )


def has_manifest(path: Path | str) -> bool:
    """Whether `path` is a manifest or a folder that holds one."""
    folder = Path(path)
    named = folder.is_file() and folder.suffix in (".parquet", ".sqlite")
    return named or any((folder / name).is_file() for name in (CATALOGUE_NAME, MANIFEST_NAME))


def write_parquet(rows: Iterable[ManifestRow], path: Path) -> None:
    """Write rows as Parquet, whole or not at all (temporary file, then rename)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(f.name, getattr(pa, _ARROW_TYPES[str(f.type)])()) for f in dataclasses.fields(ManifestRow)])
    table = pa.Table.from_pylist([dataclasses.asdict(row) for row in rows], schema=schema)
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)


def _row(record: dict[str, Any]) -> ManifestRow:
    """A row from a stored record; columns that this version does not know are ignored, missing ones take defaults."""
    typed = {
        f.name: _PYTHON_TYPES[str(f.type)](record[f.name])
        for f in dataclasses.fields(ManifestRow)
        if record.get(f.name) is not None
    }
    row = ManifestRow(**typed)
    # A crawl that was killed has not clustered its newest images yet.
    return row if row.cluster_id else dataclasses.replace(row, cluster_id=row.image_id)


def _read_parquet(file: Path) -> Sequence[dict[str, Any]]:
    import pyarrow.parquet as pq

    records: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return records


def _read_catalogue(file: Path) -> Sequence[dict[str, Any]]:
    """Rows of the `images` table; a catalogue on a read-only disk is read without its write-ahead log."""
    for mode in ("mode=ro", "immutable=1"):
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?{mode}", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(record) for record in connection.execute("SELECT * FROM images")]
        except sqlite3.OperationalError as error:
            if mode == "immutable=1" or "unable to open" not in str(error):
                raise
        finally:
            connection.close()
    raise AssertionError("unreachable: the last mode either returned or raised")
