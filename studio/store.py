"""Uploads and results on the disk: under names of our own making, for a while, and never more than so much."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imaging.header import RAW_SUFFIXES
from studio.refusals import Refused

PREFIX = "imagic-studio-"


@dataclass(eq=False)
class Kept:
    """One picture and all that was made of it.

    Attributes:
        id: unguessable name, by which whoever uploaded it asks for it.
        folder: of its files alone.
        source: the upload, as it came.
        name: how the client calls it; shown and never opened.
        results: file by form ("png", "original", "view").
        used: when it was last asked for.
        busy: how many are working with its files; such a picture is not removed.
    """

    id: str
    folder: Path
    source: Path
    name: str
    results: dict[str, Path] = field(default_factory=dict)
    used: float = 0.0
    busy: int = 0

    @property
    def bytes(self) -> int:
        """What its files take on the disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())


class Store:
    """A folder of pictures that lives as long as the studio.

    Args:
        max_bytes: of all files; the pictures that were not used for longest make room.
        keep_seconds: an unused picture is removed after this.
        clock: seconds, monotonic.
    """

    def __init__(self, max_bytes: int, keep_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        _remove_orphans()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._max_bytes, self._keep, self._clock = max_bytes, keep_seconds, clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.RLock()

    def add(self, content: bytes, name: str) -> Kept:
        """Keep an upload.

        Args:
            content: of the file.
            name: the client's name for it. Only whether it ends like a camera raw file is taken from it, since nothing
                else tells those from TIFFs.
        """
        self.sweep()
        picture_id = secrets.token_urlsafe(16)
        folder = self.folder / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        kept = Kept(picture_id, folder, folder / f"source{_raw_suffix(name)}", shown_name(name), used=self._clock())
        kept.source.write_bytes(content)
        with self._lock:
            self._kept[picture_id] = kept
        return kept

    def find(self, picture_id: str) -> Kept:
        """Return a picture; Refused when it is not there (any more)."""
        with self._lock:
            kept = self._kept.get(picture_id)
            if kept is None:
                raise Refused("not-found")
            kept.used = self._clock()
            self._kept.move_to_end(picture_id)
            return kept

    @contextlib.contextmanager
    def working_on(self, kept: Kept) -> Iterator[None]:
        """Keep a picture's files in place for the length of a `with` block."""
        with self._lock:
            if kept.id not in self._kept:
                raise Refused("not-found")
            kept.busy += 1
        try:
            yield
        finally:
            with self._lock:
                kept.busy -= 1

    def remove(self, kept: Kept) -> None:
        """Forget a picture and delete its files; one that is being worked on goes with the next sweep."""
        with self._lock:
            kept.used = float("-inf")
            if not kept.busy:
                self._kept.pop(kept.id, None)
                shutil.rmtree(kept.folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what was not used for long, and the oldest of what is too much."""
        with self._lock:
            pictures = list(self._kept.values())
            limit = self._clock() - self._keep
            total = sum(kept.bytes for kept in pictures)
            for kept in pictures:
                if kept.used < limit or total > self._max_bytes:
                    total -= kept.bytes
                    self.remove(kept)

    def close(self) -> None:
        """Delete everything."""
        with self._lock:
            self._kept.clear()
            shutil.rmtree(self.folder, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._kept)


def shown_name(name: str) -> str:
    """Return the last part of a client's file name, printable and short.

    Examples:
        >>> shown_name("../../etc/passwd")
        'passwd'
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:120] or "picture"


def _raw_suffix(name: str) -> str:
    return next((suffix for suffix in sorted(RAW_SUFFIXES) if name.lower().endswith(suffix)), "")


def _remove_orphans() -> None:
    """Delete the folders of studios of this user that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid() and owner.isdigit() and not _is_alive(int(owner)):
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 asks and sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
