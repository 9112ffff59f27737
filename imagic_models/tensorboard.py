"""Curves and pictures for TensorBoard, written without TensorFlow so that every Keras backend can."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

PICTURES = 4  # shown at each validation
Example = tuple[np.ndarray, np.ndarray, np.ndarray]


class TensorboardLog:
    """An event file in a folder.

    Args:
        folder: made where missing.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventFileWriter(str(folder))

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Adds one point to each curve."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._add(step, Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]))

    def pictures(self, step: int, tag: str, degraded: np.ndarray, restored: np.ndarray, clean: np.ndarray) -> None:
        """Adds a row of degraded, restored and clean pictures: NHWC arrays, of which the first few are shown."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        rows = [
            np.hstack([_shown(one, clean.shape[1:3]) for one in row])
            for row in zip(degraded, restored, clean, strict=True)
        ]
        sheet = np.vstack(rows[:PICTURES])
        _, png = cv2.imencode(".png", sheet[..., ::-1])
        image = Summary.Image(
            height=sheet.shape[0], width=sheet.shape[1], colorspace=3, encoded_image_string=png.tobytes()
        )
        self._add(step, Summary(value=[Summary.Value(tag=tag, image=image)]))

    def close(self) -> None:
        """Writes what is buffered."""
        self._writer.close()

    def _add(self, step: int, summary: object) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.add_event(Event(step=step, wall_time=time.time(), summary=summary))


def _shown(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns HW3 uint8 of this size; one channel becomes gray, two (colours) are shown around middle gray."""
    if picture.shape[2] == 2:
        picture = np.concatenate([np.full_like(picture[..., :1], 0.5), picture / 2 + 0.5], axis=-1)
    picture = np.broadcast_to(picture, (*picture.shape[:2], 3))
    picture = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_NEAREST)
