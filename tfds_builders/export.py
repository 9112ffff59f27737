"""Write the pairs of a built dataset as plain picture files, for tools and eyes that do not read TFDS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2

from imaging.errors import MisuseError
from imaging.files import read_rgb


def export_pairs(dataset: Path, split: str, out: Path) -> list[str]:
    """Writes `out/degraded/NAME.png` and `out/clean/NAME.png` for every example, pixels as they lie in the dataset.

    Args:
        dataset: a version's folder, such as `data/restoration_pairs/denoise/1.0.0`, in the tfrecord format.
        split: "train", "validation" or "test".
        out: folder to write to; made if it is missing.

    Returns:
        The file names, in the order of the dataset.

    Raises:
        MisuseError: the folder holds no dataset, or the dataset has no such split.
    """
    names = []
    for number, pair in enumerate(_encoded_pairs(dataset, split)):
        names.append(f"{number:04d}.png")
        for kind, encoded in pair.items():
            path = out / kind / names[-1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_as_png(encoded))
    return names


def _encoded_pairs(dataset: Path, split: str) -> Iterator[dict[str, bytes]]:
    import tensorflow_datasets as tfds

    if not (dataset / "dataset_info.json").exists():
        raise MisuseError("A dataset folder holds dataset_info.json", dataset, "Name the folder of a version")
    builder = tfds.builder_from_directory(str(dataset))
    if split not in builder.info.splits:
        raise MisuseError(f"A split is one of {', '.join(sorted(builder.info.splits))}", split)
    encoded = {"degraded": tfds.decode.SkipDecoding(), "clean": tfds.decode.SkipDecoding()}
    for example in tfds.as_numpy(builder.as_dataset(split=split, decoders=encoded)):
        yield {kind: example[kind] for kind in encoded}


def _as_png(encoded: bytes) -> bytes:
    """Returns the bytes if they are a PNG, else (a clean JPEG stored verbatim) the same pixels as one."""
    if encoded.startswith(b"\x89PNG"):
        return encoded
    return cv2.imencode(".png", read_rgb(encoded)[:, :, ::-1])[1].tobytes()
