"""Pictures that lie inside record files (TFDS datasets, Hugging Face `datasets` folders), taken out once as files.

The bytes are stored as they are, named by their sha256, so that every later step sees plain files and a second build
takes out nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from imaging.errors import ImagicError
from pipelines.dataset.png import encode_png

_TFDS_NAMES = ("clean", "image", "hr", "input_image")  # which picture of an example is the clean one, first match wins


def is_tfds(folder: Path) -> bool:
    """Whether `folder` is a prepared TFDS dataset."""
    return (folder / "dataset_info.json").is_file() and (folder / "features.json").is_file()


def is_hugging_face(path: Path) -> bool:
    """Whether `path` is what `datasets` saves (`save_to_disk`) or a folder or file of Parquet with picture structs."""
    return any(_picture_column(_schema(file)) for file in _tables(path)[:1])


def take_out(pictures: Iterable[tuple[str, bytes]], cache: Path) -> Iterator[tuple[str, Path]]:
    """Stores each picture under its sha256 and yields its key with the file.

    Raises:
        ImagicError: the cache cannot be written.
    """
    for key, content in pictures:
        digest = hashlib.sha256(content).hexdigest()
        path = cache / digest[:2] / f"{digest}.{_suffix(content)}"
        try:
            if not path.exists():
                _store(content, path)
        except OSError as error:
            raise ImagicError("The data folder must be writable", f"{cache} ({error.strerror})", "Make room") from error
        yield key, path


def _store(content: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def tfds_pictures(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yields key and encoded bytes of every example of a prepared TFDS dataset."""
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(str(folder))
    name = next((name for name in _TFDS_NAMES if name in builder.info.features), None)
    if name is None:
        raise ImagicError(f"A TFDS dataset of pictures has a feature {' or '.join(_TFDS_NAMES)}", folder)
    random_access = builder.info.file_format.value in ("array_record", "parquet")
    for split in sorted(builder.info.splits):
        examples = _by_source(builder, split, name) if random_access else _by_dataset(builder, split, name)
        for index, content in enumerate(examples):
            yield f"{split}/{index:08d}", content


def _by_dataset(builder: Any, split: str, name: str) -> Iterator[bytes]:
    import tensorflow_datasets as tfds

    skip = tfds.decode.PartialDecoding({name: True}, decoders={name: tfds.decode.SkipDecoding()})
    order = tfds.ReadConfig(interleave_cycle_length=1)
    for example in tfds.as_numpy(builder.as_dataset(split=split, decoders=skip, read_config=order)):
        yield bytes(example[name])


def _by_source(builder: Any, split: str, name: str) -> Iterator[bytes]:
    for example in builder.as_data_source(split=split):
        yield encode_png(np.asarray(example[name]))


def arrow_pictures(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yields key and encoded bytes of every row of Arrow or Parquet files with a picture column."""
    for file in _tables(path):
        column = _picture_column(_schema(file))
        relative = file.relative_to(path).as_posix() if path.is_dir() else file.name
        rows = (row for batch in _batches(file, column) for row in batch.column(column).to_pylist())
        for index, row in enumerate(rows):
            yield f"{relative}/{index:08d}", _content(row, file)


def _content(row: dict[str, Any], file: Path) -> bytes:
    if row and row.get("bytes"):
        return bytes(row["bytes"])
    linked = file.parent / str((row or {}).get("path") or "")
    return linked.read_bytes() if linked.is_file() else b""


def _tables(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix in (".parquet", ".arrow") else []
    return sorted([*path.glob("**/*.arrow"), *path.glob("**/*.parquet")]) if path.is_dir() else []


def _schema(file: Path) -> Any:
    import pyarrow.parquet as pq

    try:
        if file.suffix == ".parquet":
            return pq.read_schema(file)
        with _arrow_reader(file) as reader:
            return reader.schema
    except (OSError, ValueError) as error:
        raise ImagicError("A Parquet or Arrow file must be readable", f"{file} ({error})") from error


def _arrow_reader(file: Path) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(pa.memory_map(str(file)))


def _batches(file: Path, column: str) -> Iterator[Any]:
    """Yields a few rows at a time, so that a file of any size is never in memory as a whole."""
    import pyarrow.parquet as pq

    if file.suffix == ".parquet":
        with pq.ParquetFile(file) as table:
            yield from table.iter_batches(batch_size=16, columns=[column])
    else:
        with _arrow_reader(file) as reader:
            yield from reader


def _picture_column(schema: Any) -> str:
    """Returns the first column that is a struct with `bytes` and `path`, as `datasets` stores pictures, or ""."""
    import pyarrow as pa

    for field in schema:
        if pa.types.is_struct(field.type) and {"bytes", "path"} <= {child.name for child in field.type}:
            return str(field.name)
    return ""


def _suffix(content: bytes) -> str:
    starts = {b"\xff\xd8": "jpg", b"\x89P": "png", b"II": "tif", b"MM": "tif", b"RI": "webp", b"BM": "bmp"}
    return starts.get(content[:2], "bin")
