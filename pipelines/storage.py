"""Files on this disk and in buckets by one kind of path: `place` gives it, the rest is what the two do differently.

A bucket has no rename and no lock, but an object appears whole or not at all. So a file for a bucket is made here and
sent when it is finished, and a receipt is sent after what it vouches for; equal builds send equal bytes, in any order.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from imaging.errors import ImagicError

_LIBRARIES = {"gs": "gcsfs", "gcs": "gcsfs", "s3": "s3fs", "s3a": "s3fs", "az": "adlfs", "abfs": "adlfs"}


def remote(name: object) -> bool:
    """Whether a name is that of something in a bucket.

    Examples:
        >>> remote("gs://museum/data"), remote("/data"), remote("data")
        (True, False, False)
    """
    return "://" in str(name)


def place(name: str) -> Path:
    """Returns a path for a file on this disk or in a bucket; both have `pathlib`'s methods.

    Raises:
        ImagicError: the library for that kind of bucket is not installed.
    """
    if not remote(name):
        return Path(name)
    kind = name.partition("://")[0]
    try:
        from upath import UPath

        # A listing that is remembered would hide what other machines write.
        path = UPath(name, use_listings_cache=False)
        _ = path.fs
    except (ImportError, ValueError) as error:
        remedy = f"pip install universal-pathlib {_LIBRARIES.get(kind, '')}".strip()
        raise ImagicError(f"Paths that begin with {kind}:// need a library", f"{name} ({error})", remedy) from error
    return cast(Path, path)


def address(path: Path) -> str:
    """Returns the name by which a process in another directory, or on another machine, finds the same file."""
    return str(path) if remote(path) else os.path.abspath(path)


def write_text(path: Path, text: str) -> None:
    """Writes a small file, whole or not at all."""
    if remote(path):
        path.write_text(text)
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


def draft_place(folder: Path, name: str) -> Path:
    """Returns where a file is made before `publish` brings it to its place, here or in a bucket.

    The name is this call's alone: an orphan of a killed build may still be writing.
    """
    told = f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
    return Path(tempfile.gettempdir(), told) if remote(folder) else folder / told


def publish(draft: Path, target: Path) -> None:
    """Brings a finished file to its place, whole or not at all."""
    if remote(target):
        _send(draft, target)
    else:
        draft.replace(target)


def remove_folder(folder: Path) -> None:
    """Removes a folder with what is in it; one that is not there is no error."""
    if not remote(folder):
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        _files(folder).rm(_key(folder), recursive=True)


def find_files(folder: Path) -> Iterator[Path]:
    """Yields all files in and below a bucket's folder, in the order of their names."""
    kind = str(folder).partition("://")[0]
    for key in sorted(_files(folder).find(_key(folder))):
        yield place(f"{kind}://{key.lstrip('/')}")


@contextmanager
def made_here(folder: Path, beside: Iterable[str] = ()) -> Iterator[Path]:
    """Gives a folder on this disk to write in; for one in a bucket, what was written is sent there at the end.

    Args:
        folder: where the files are to be.
        beside: names of files that lie there already; empty ones stand for them, for tools that only list a folder.
    """
    if not remote(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory() as here:
        standing = set(beside)
        for name in standing:
            Path(here, name).touch()
        yield Path(here)
        for path in sorted(Path(here).iterdir()):
            if path.name not in standing:
                _send(path, folder / path.name)


def require_writable(folder: Path) -> None:
    """Writes and removes a small file, so that a missing permission is found before any work.

    Raises:
        ImagicError: it could not be done.
    """
    probe = folder / f".imagic-{uuid.uuid4().hex}"
    try:
        probe.write_text("may this account write here?")
        probe.unlink()
    except Exception as error:  # each cloud library has its own errors, and none of them may reach the user raw
        remedy = "Sign in to the cloud, or ask for the right to read, write and delete objects there"
        raise ImagicError("The bucket must be writable", f"{folder} ({_told(error)})", remedy) from error


def require_readable(path: Path) -> None:
    """Looks for a file or folder in a bucket; whether it is there does not matter, only that the bucket answers.

    Raises:
        ImagicError: it does not, or not to this account.
    """
    try:
        path.exists()
    except Exception as error:
        remedy = "Check the address, sign in to the cloud, or ask for the right to list and read objects there"
        raise ImagicError("The bucket must be readable", f"{path} ({_told(error)})", remedy) from error


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _send(draft: Path, target: Path) -> None:
    _files(target).put_file(str(draft), _key(target))


def _files(path: Path) -> Any:
    return cast(Any, path).fs


def _key(path: Path) -> str:
    return str(cast(Any, path).path)
