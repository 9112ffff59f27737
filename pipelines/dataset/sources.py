"""Where clean pictures come from: every kind of input becomes one list of `Listed` pictures."""

from __future__ import annotations

import csv
import glob
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from crawler.manifest import MANIFEST_NAME, has_manifest, manifest_file, read_manifest
from imaging.errors import ImagicError, MisuseError
from imaging.files import find_images
from imaging.header import SUFFIXES
from pipelines.dataset import extract
from pipelines.storage import find_files, place, remote, require_readable

_KINDS_TOLD = "a crawl's output, a folder, a glob, a .csv or .parquet list, a TFDS or a Hugging Face datasets folder"
_PATH_COLUMNS = ("path", "file", "filename", "image")


@dataclass(frozen=True, order=True)
class Listed:
    """One clean picture that an input names, before it was looked at.

    Attributes:
        key: its name within the input, printable UTF-8; the same wherever the input lies.
        path: the file.
        work: the source's identity of the pictured work; "" when each picture is its own work.
        source: who had it.
        licence: normal form; "" when not stated.
        attribution: the credit line; "" when not stated.
        phash: perceptual hash, 16 hex digits; "" when not known yet.
        cluster: near-duplicate cluster as the crawl found it; "" when not known.
    """

    key: str
    path: str
    work: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    phash: str = ""
    cluster: str = ""


def list_pictures(images: str, cache: Path) -> list[Listed]:
    """Lists the pictures of an input, sorted by key.

    Args:
        images: see `BuildOptions.images`.
        cache: a folder of our own for pictures that lie inside record files and are taken out once.

    Raises:
        MisuseError: `images` is missing or of no known kind.
        ImagicError: it holds no picture, or one key twice.
    """
    for applies, read in _KINDS:
        if applies(images):
            listed = sorted(read(images, cache))
            _check(listed, images)
            return listed
    if not os.path.lexists(images):
        raise MisuseError(f"The pictures must exist: {_KINDS_TOLD}", images, "Check the path")
    raise MisuseError(f"The pictures come from {_KINDS_TOLD}", images)


def printable(name: str) -> str:
    r"""Returns a file name as valid UTF-8: undecodable bytes become escapes, as in `caf\xe9.jpg`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _check(listed: list[Listed], images: str) -> None:
    if not listed:
        raise ImagicError("There must be at least one picture", images, "Point --images at a folder with pictures")
    twice = [one.key for one, other in pairwise(listed) if one.key == other.key]
    if twice:
        raise ImagicError("A picture is listed once", f"{twice[0]} in {images}", "Remove the repeated lines")


def _from_bucket(images: str, cache: Path) -> Iterator[Listed]:
    """A bucket's manifest or list is copied here and read as any other; the pictures it names lie beside it there."""
    root = place(images)
    require_readable(root)
    is_list = root.suffix.lower() in (".csv", ".parquet")
    list_file, folder = (root, root.parent) if is_list else (root / MANIFEST_NAME, root)
    if not list_file.exists():
        yield from _from_objects(folder)
        return
    with tempfile.TemporaryDirectory() as here:
        copy = Path(here, list_file.name)
        copy.write_bytes(list_file.read_bytes())
        read = next(read for applies, read in _KINDS if applies(str(copy)))
        for one in read(str(copy), cache):
            yield replace(one, path=str(folder / Path(one.path).relative_to(here).as_posix()))


def _from_objects(folder: Path) -> Iterator[Listed]:
    above = len(str(folder).rstrip("/")) + 1
    for path in find_files(folder):
        key = str(path)[above:]
        if path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in key.split("/")):
            yield Listed(printable(key), str(path))


def _from_manifest(images: str, cache: Path) -> Iterator[Listed]:
    folder = manifest_file(Path(images)).parent
    for row in read_manifest(images):
        yield Listed(
            row.image_id,
            str(folder / row.path),
            f"{row.source}/{row.work_id}" if row.work_id else "",
            row.source,
            row.licence,
            row.attribution,
            row.phash,
            row.cluster_id,
        )


def _from_folder(images: str, cache: Path) -> Iterator[Listed]:
    folder = Path(images)
    return _from_paths(find_images(folder), folder)


def _from_glob(images: str, cache: Path) -> Iterator[Listed]:
    paths = [Path(path) for path in glob.glob(images, recursive=True) if os.path.isfile(path)]
    return _from_paths(paths, Path(_fixed_part(images)))


def _fixed_part(pattern: str) -> str:
    """Returns the folder of a glob above its first wildcard."""
    parts = Path(pattern).parts
    wild = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    return os.path.join(*parts[:wild]) if wild else "."


def _from_paths(paths: Iterable[Path], folder: Path) -> Iterator[Listed]:
    for path in paths:
        yield Listed(printable(Path(os.path.relpath(path, folder)).as_posix()), str(path))


def _from_csv(images: str, cache: Path) -> Iterator[Listed]:
    try:
        with open(images, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ImagicError("A list is CSV in UTF-8", f"{images} ({error})") from error
    yield from _from_rows(rows, images)


def _from_parquet(images: str, cache: Path) -> Iterator[Listed]:
    import pyarrow.parquet as pq

    yield from _from_rows(pq.read_table(images).to_pylist(), images)


def _from_rows(rows: Iterable[dict[str, Any]], images: str) -> Iterator[Listed]:
    folder = Path(images).parent
    for row in rows:
        name = next((row[column] for column in _PATH_COLUMNS if row.get(column)), None)
        if not isinstance(name, str):
            raise ImagicError(f"A list has one of the columns {', '.join(_PATH_COLUMNS)}", f"{images}: {sorted(row)}")
        extra = {name: str(row.get(name) or "") for name in ("work", "source", "licence", "attribution")}
        extra["work"] = extra["work"] or str(row.get("work_id") or "")
        yield Listed(str(row.get("key") or printable(name)), str(folder / name), **extra)


def _from_tfds(images: str, cache: Path) -> Iterator[Listed]:
    return _from_extracted(extract.tfds_pictures(Path(images)), images, cache)


def _from_hugging_face(images: str, cache: Path) -> Iterator[Listed]:
    return _from_extracted(extract.arrow_pictures(Path(images)), images, cache)


def _from_extracted(pictures: Iterable[tuple[str, bytes]], images: str, cache: Path) -> Iterator[Listed]:
    for key, path in extract.take_out(pictures, cache):
        yield Listed(key, str(path), source=Path(images).resolve().name)


def _is_crawl(images: str) -> bool:
    return has_manifest(images) and not _is_list(images)


def _is_list(images: str) -> bool:
    """Whether `images` is a Parquet file, but not a crawl's manifest."""
    if not (images.lower().endswith(".parquet") and os.path.isfile(images)):
        return False
    import pyarrow.parquet as pq

    try:
        return "image_id" not in pq.read_schema(images).names
    except (OSError, ValueError) as error:
        raise ImagicError("A Parquet list must be readable", f"{images} ({error})") from error


_KINDS: tuple[tuple[Callable[[str], bool], Callable[[str, Path], Iterator[Listed]]], ...] = (
    (_is_crawl, _from_manifest),
    (remote, _from_bucket),
    (lambda images: extract.is_tfds(Path(images)), _from_tfds),
    (lambda images: extract.is_hugging_face(Path(images)), _from_hugging_face),
    (lambda images: os.path.isfile(images) and images.lower().endswith(".csv"), _from_csv),
    (_is_list, _from_parquet),
    (os.path.isdir, _from_folder),
    (lambda images: not os.path.lexists(images) and glob.has_magic(images), _from_glob),
)
