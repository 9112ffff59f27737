"""Restoring whole pictures with a network: any size, any depth, gray or colour, in bounded memory.

restorer = load_restorer("denoise")
restored = restorer.restore(picture)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from imagic_models.colour import join_lab, split_lab
from imagic_models.engines import Engine, start_engine
from imagic_models.network_file import NetworkFile, find_network
from imagic_models.tasks import mask_hint, put_point
from imaging.errors import MisuseError
from imaging.pixels import from_float, to_float
from imaging.tiling import restore_tiled

TILE, OVERLAP = 512, 64  # pixels of the input
COLOUR_SIDE = 256  # colours are predicted on a picture of this longest side: they need context, not detail
COLOUR_STRIP = 256  # rows of the full picture that are coloured at once
POINT_RADIUS = 2  # of a colour hint, in pixels of the picture that colours are predicted on

ColourPoint = tuple[int, int, tuple[int, int, int]]
"""(row, column, (red, green, blue) in 0..255): "this pixel has this colour"."""


def load_restorer(source: str | Path, engine: str = "auto") -> Restorer:
    """Returns the restorer of a preset name, a run folder or a `.keras` file.

    Args:
        source: `denoise`, the folder of a training run, or a `.keras` file (loaded in Keras' safe mode).
        engine: `keras`, `openvino`, or `auto` for the faster one that is installed.

    Raises:
        MisuseError: for an unknown source or engine.
        ImagicError: for weights that fail verification, or a file that is no model.
    """
    network = find_network(source)
    return Restorer(network, start_engine(engine, network))


class Restorer:
    """Restores pictures with one network.

    Args:
        network: where the network comes from.
        engine: what runs it.
        tile: longest side of the pieces that a picture is cut into, in pixels of the input.

    Attributes:
        preset: name of the preset.
        version: sha256 of the weights, hexadecimal.
        scale: how many times larger the restored picture is.
    """

    def __init__(self, network: NetworkFile, engine: Engine, tile: int = TILE) -> None:
        self.preset, self.version = network.preset, network.version
        self._engine, self._multiple, self._tile = engine, network.multiple, tile
        self._channels, self._hint_channels, self.scale = _probed(engine, network.multiple)

    @property
    def accepts_mask(self) -> bool:
        """Whether `detect` and the mask of `restore` are available: art-restoration and old-photo."""
        return self._hint_channels == 2

    @property
    def colours(self) -> bool:
        """Whether the network adds colour to lightness and accepts colour points."""
        return self._channels == 1

    def restore(
        self, image: np.ndarray, *, mask: np.ndarray | None = None, points: Sequence[ColourPoint] = ()
    ) -> np.ndarray:
        """Returns the restored picture in the type of the given one, `scale` times as large.

        Args:
            image: HWC RGB or HW gray; uint8, uint16 or floating point in [0, 1]. Floating point may exceed [0, 1]
                (noise does) and is not clipped.
            mask: HW, any numeric type from 0 (sound) to full scale (damaged): where a person sees damage. Without it
                the network judges for itself. Only where `accepts_mask`.
            points: known colours. Only where `colours`; a gray picture becomes RGB.

        Raises:
            MisuseError: for another shape or type, or for a mask or points that this network does not take.
        """
        self._check(image, mask, points)
        if self.colours:
            return self._colourise(image, points)
        if mask is not None:
            image = _with_mask(image, mask)
        return self._tiled(self._restore_tile, image)

    def detect(self, image: np.ndarray) -> np.ndarray:
        """Returns the probability of damage of every pixel, HW float32 in [0, 1], to be corrected and given back.

        Raises:
            MisuseError: where the network finds no damage (`accepts_mask`).
        """
        if not self.accepts_mask:
            raise MisuseError("Damage is found by art-restoration and old-photo", self.preset, "Use one of these")
        self._check(image, None, ())
        found = self._tiled(self._detect_tile, image)
        return to_float(found)

    def _tiled(self, restore: Callable[[np.ndarray], np.ndarray], image: np.ndarray) -> np.ndarray:
        return restore_tiled(
            restore, image, tile=self._tile, overlap=OVERLAP, scale=self.scale, multiple=self._multiple
        )

    def _restore_tile(self, tile: np.ndarray) -> np.ndarray:
        """Returns the restored tile; a fourth channel (or a second beside gray) of the given one is the mask."""
        restored = self._run(*_picture_and_mask(tile))[0]
        gray = tile.ndim == 2 or tile.shape[2] == 2
        return restored.mean(axis=2) if gray else restored

    def _detect_tile(self, tile: np.ndarray) -> np.ndarray:
        return self._run(*_picture_and_mask(tile))[1][..., 0]

    def _run(self, picture: np.ndarray, mask: np.ndarray | None) -> list[np.ndarray]:
        inputs = [picture[None]]
        if self.accepts_mask:
            inputs.append(mask_hint(mask, picture.shape[:2])[None])
        return [output[0] for output in self._engine(inputs)]

    def _colourise(self, image: np.ndarray, points: Sequence[ColourPoint]) -> np.ndarray:
        """Returns the RGB picture of the given lightness: colours from a small copy, lightness untouched."""
        rgb = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        colour = self._predicted_colours(rgb, points)
        restored = np.empty_like(rgb)
        for top in range(0, rgb.shape[0], COLOUR_STRIP):
            strip = slice(top, top + COLOUR_STRIP)
            lightness, _ = split_lab(np.clip(to_float(rgb[strip]), 0, 1))
            wide = _resampled_rows(colour, rgb.shape[:2], strip)
            restored[strip] = from_float(join_lab(lightness, wide), rgb.dtype)
        return restored

    def _predicted_colours(self, rgb: np.ndarray, points: Sequence[ColourPoint]) -> np.ndarray:
        """Returns the HW2 colours of the picture reduced to `COLOUR_SIDE`."""
        height, width = rgb.shape[:2]
        ratio = min(1.0, COLOUR_SIDE / max(height, width))
        size = (max(1, round(height * ratio)), max(1, round(width * ratio)))
        small = cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_AREA)
        lightness, _ = split_lab(np.clip(to_float(small), 0, 1))
        padded = _padded(lightness, self._multiple)
        inputs = [padded[None]]
        if self._hint_channels:
            inputs.append(_padded(_hint_of(points, (height, width), size), self._multiple)[None])
        return self._engine(inputs)[0][0, : size[0], : size[1]]

    def _check(self, image: np.ndarray, mask: np.ndarray | None, points: Sequence[ColourPoint]) -> None:
        array = np.asarray(image)
        if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)):
            raise MisuseError(
                "A picture to restore is HWC RGB or HW gray, at least 1x1", array.shape, "Convert it first"
            )
        to_float(array[:1, :1])  # refuses types that are no picture's
        if mask is not None and not self.accepts_mask:
            raise MisuseError("A mask is taken by art-restoration and old-photo", self.preset, "Leave the mask out")
        if mask is not None and np.shape(mask) != array.shape[:2]:
            raise MisuseError(f"The mask of this picture is of shape {array.shape[:2]}", np.shape(mask))
        if points and not (self.colours and self._hint_channels == 3):
            raise MisuseError("Colour points are taken by a colorize network with hints", self.preset, "Leave them out")


def _probed(engine: Engine, multiple: int) -> tuple[int, int, int]:
    """Returns (picture channels, hint channels, scale), found by running the network on a tiny gray picture."""
    side = max(multiple, 8)
    refusals = []
    for channels, hint_channels in ((3, 0), (3, 2), (1, 3), (1, 0)):
        inputs = [np.full((1, side, side, channels), 0.5, np.float32)]
        if hint_channels:
            inputs.append(np.zeros((1, side, side, hint_channels), np.float32))
        try:
            return channels, hint_channels, engine(inputs)[0].shape[1] // side
        except Exception as error:  # every engine has its own type for "wrong number of inputs or channels"
            refusals.append(str(error))
    raise MisuseError(
        "A restoration network takes an RGB picture (and a mask), or lightness (and colour points)", refusals[0][:200]
    )


def _picture_and_mask(tile: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns HW3 and HW (or None) of a tile with 1 or 3 channels and perhaps one more, the mask."""
    if tile.ndim == 2:
        return np.repeat(tile[..., None], 3, axis=2), None
    mask = tile[..., -1] if tile.shape[2] in (2, 4) else None
    picture = tile if mask is None else tile[..., :-1]
    return (np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture), mask


def _with_mask(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Returns the picture with the mask as a last channel, all in the picture's type."""
    picture = image if image.ndim == 3 else image[..., None]
    return np.concatenate([picture, from_float(to_float(mask), image.dtype)[..., None]], axis=2)


def _hint_of(points: Sequence[ColourPoint], full: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Returns the colour hint HW3 of points given in pixels of the full picture."""
    hint = np.zeros((*size, 3), np.float32)
    for row, column, rgb in points:
        _, colour = split_lab(np.array([[rgb]], np.float32) / np.float32(255))
        put_point(hint, row * size[0] // full[0], column * size[1] // full[1], POINT_RADIUS, colour[0, 0])
    return hint


def _padded(picture: np.ndarray, multiple: int) -> np.ndarray:
    bottom, right = (-length % multiple for length in picture.shape[:2])
    padded = cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    return padded.reshape(*padded.shape[:2], -1)


def _resampled_rows(colour: np.ndarray, full: tuple[int, int], strip: slice) -> np.ndarray:
    """Returns the rows `strip` of the colours enlarged to the full picture, without enlarging the rest."""
    height, width = full
    rows = np.arange(strip.start, min(strip.stop, height), dtype=np.float32)
    columns = np.arange(width, dtype=np.float32)
    down = (rows + np.float32(0.5)) * np.float32(colour.shape[0] / height) - np.float32(0.5)
    across = (columns + np.float32(0.5)) * np.float32(colour.shape[1] / width) - np.float32(0.5)
    x, y = (np.ascontiguousarray(axis) for axis in np.broadcast_arrays(across[None, :], down[:, None]))
    return np.asarray(cv2.remap(colour, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


__all__: list[Any] = ["OVERLAP", "TILE", "ColourPoint", "Restorer", "load_restorer"]
