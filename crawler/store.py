"""The store of originals: bytes exactly as they came, named by their own sha256.

A path is made of hex digits and one of four known extensions, nothing else, so no title, address or header can reach
outside the folder; equal bytes are one file by construction.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path, PurePosixPath

ORIGINALS = "originals"
_PARTIAL = ".partial"
EXTENSIONS = {"jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp"}


def sniff(data: bytes) -> str:
    """The image format by its first bytes: a key of `EXTENSIONS`, or "" for everything else (SVG and GIF included)."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    signatures = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"II*\x00": "tiff", b"MM\x00*": "tiff"}
    return next((name for signature, name in signatures.items() if data.startswith(signature)), "")


def is_complete(data: bytes, image_format: str) -> bool:
    """Whether the file's own end is there, where the format has one (a decoder would fill the rest with gray)."""
    if image_format == "jpeg":
        return data.rfind(b"\xff\xd9") > len(data) // 2
    if image_format == "png":
        return b"IEND" in data[-4096:]
    if image_format == "webp":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return True


def relative_path(image_id: str, image_format: str) -> PurePosixPath:
    """Where an original lies under the output folder.

    Raises:
        KeyError: the format is not one that is kept.
        ValueError: the id is not hex.
    """
    int(image_id, 16)
    return PurePosixPath(ORIGINALS, image_id[:2], image_id[2:4], f"{image_id}.{EXTENSIONS[image_format]}")


def keep(data: bytes, image_format: str, folder: Path) -> tuple[str, str]:
    """Write an original, whole or not at all.

    Returns:
        its sha256 and its POSIX path relative to `folder`.

    Raises:
        OSError: the disk refuses.
    """
    image_id = hashlib.sha256(data).hexdigest()
    relative = relative_path(image_id, image_format)
    target = folder / relative
    if not (target.exists() and target.stat().st_size == len(data)):
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(data, target, folder / ORIGINALS / _PARTIAL)
    return image_id, str(relative)


def sweep(folder: Path) -> None:
    """Remove the half-written files that a killed crawl left behind; only while no crawl is at work."""
    for partial in (folder / ORIGINALS / _PARTIAL).glob("*"):
        partial.unlink(missing_ok=True)


def _write_whole(data: bytes, target: Path, partials: Path) -> None:
    """A new temporary file on the same disk, forced to it, then renamed to the target."""
    partials.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=partials)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o644)
        os.replace(partial, target)
    except BaseException:
        os.unlink(partial)
        raise
