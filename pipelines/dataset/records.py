"""Record files: TFRecord and ArrayRecord, written record by record."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import google_crc32c


class RecordWriter(Protocol):
    """Takes records one by one; the file is whole after `close`."""

    def write(self, record: bytes) -> None:
        """Adds a record."""

    def close(self) -> str:
        """Brings the file to the disk and returns the sha256 of its content."""


class TFRecordWriter:
    """Writes length, checksum of the length, record, checksum of the record.

    References:
        https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._sha256 = hashlib.sha256()

    def write(self, record: bytes) -> None:
        """Adds a record."""
        length = struct.pack("<Q", len(record))
        for part in (length, _masked_crc(length), record, _masked_crc(record)):
            self._file.write(part)
            self._sha256.update(part)

    def close(self) -> str:
        """Brings the file to the disk and returns the sha256 of its content."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._sha256.hexdigest()


class ArrayRecordWriter:
    """Writes records that can be read in any order; one record a group, as TFDS does."""

    def __init__(self, path: Path) -> None:
        from array_record.python.array_record_module import ArrayRecordWriter as Writer

        self._path = path
        self._writer: Any = Writer(str(path), "group_size:1")

    def write(self, record: bytes) -> None:
        """Adds a record."""
        with _disk_trouble():
            self._writer.write(record)

    def close(self) -> str:
        """Brings the file to the disk and returns the sha256 of its content."""
        with _disk_trouble():
            self._writer.close()
        return file_sha256(self._path, sync=True)


WRITERS: dict[str, Callable[[Path], RecordWriter]] = {"tfrecord": TFRecordWriter, "array_record": ArrayRecordWriter}


def file_sha256(path: Path, *, sync: bool = False) -> str:
    """Returns the sha256 of a file's content, after bringing it to the disk when `sync`."""
    with open(path, "rb") as file:
        if sync:
            os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _disk_trouble() -> Iterator[None]:
    """Turns the RuntimeError of the C++ writer into the OSError that it means."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(str(error).split(";")[0]) from error


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
