"""ICC profiles made of three curves and a matrix, computed in floating point (ICC.1:2022, 8.3, 10.6, 10.18)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from imaging.pixels import FloatImage

Floats = npt.NDArray[np.float32]
_GRID = np.linspace(0, 1, 4096, dtype=np.float32)

# Linear sRGB to the profile connection space (D50), after Bradford adaptation: IEC 61966-2-1 and ICC.1:2022, annex E.
_SRGB_TO_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)


@dataclass(frozen=True)
class MatrixProfile:
    """Curves (3, 4096) from encoded to linear values, and the matrix from linear RGB to XYZ (D50)."""

    curves: Floats
    matrix: npt.NDArray[np.float64]

    @property
    def is_srgb(self) -> bool:
        """Whether the profile is sRGB but for rounding."""
        same_curves = np.abs(self.curves - srgb_to_linear(_GRID)).max() < 2e-3
        return bool(same_curves and np.abs(self.matrix - _SRGB_TO_D50).max() < 2e-3)

    def to_srgb(self, image: FloatImage) -> FloatImage:
        """Return (h, w, 3) encoded values as encoded sRGB; colours outside sRGB leave [0, 1] at either end."""
        linear = np.stack([np.interp(image[:, :, i], _GRID, self.curves[i]) for i in range(3)], axis=2)
        return linear_to_srgb(_mixed(linear, np.linalg.inv(_SRGB_TO_D50) @ self.matrix))

    def from_srgb(self, image: FloatImage) -> FloatImage:
        """Return encoded sRGB (h, w, 3) as encoded values of this profile, within [0, 1]."""
        linear = _mixed(srgb_to_linear(image), np.linalg.inv(self.matrix) @ _SRGB_TO_D50)
        encoded = [np.interp(linear[:, :, i], self.curves[i], _GRID) for i in range(3)]
        return np.stack(encoded, axis=2).astype(np.float32)


@lru_cache(maxsize=8)
def read_matrix_profile(icc: bytes) -> MatrixProfile | None:
    """Read an RGB matrix profile; None for any other kind and for one that cannot be read."""
    try:
        return _read(icc)
    except (struct.error, KeyError, IndexError, ValueError, np.linalg.LinAlgError):
        return None


def _read(icc: bytes) -> MatrixProfile | None:
    tags = {}
    for i in range(min(struct.unpack_from(">I", icc, 128)[0], 256)):
        name, offset, size = struct.unpack_from(">4sII", icc, 132 + 12 * i)
        tags[name] = icc[offset : offset + size]
    if icc[16:20] != b"RGB " or icc[20:24] != b"XYZ " or b"A2B0" in tags:
        return None
    columns = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    matrix = np.array(columns).T / 65536
    np.linalg.inv(matrix)
    curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
    return MatrixProfile(np.maximum.accumulate(curves, axis=1).astype(np.float32), matrix)


def _curve(tag: bytes) -> Floats:
    """Return a curve tag on the grid: 'curv' (a power or a table) or 'para' (functions 0 to 4)."""
    if tag[:4] == b"curv":
        count = struct.unpack_from(">I", tag, 8)[0]
        if count == 0:
            return _GRID
        values = np.frombuffer(tag, ">u2", count, 12)
        if count == 1:
            return _GRID ** np.float32(values[0] / 256)
        return np.interp(_GRID, np.linspace(0, 1, count), values / 65535).astype(np.float32)
    if tag[:4] != b"para":
        raise ValueError(tag[:4])
    kind = struct.unpack_from(">H", tag, 8)[0]
    given = np.frombuffer(tag, ">i4", (1, 3, 4, 5, 7)[kind], 12) / 65536
    return _parametric(kind, *[float(value) for value in given])


def _parametric(
    kind: int, g: float, a: float = 1, b: float = 0, c: float = 0, d: float = 0, e: float = 0, f: float = 0
) -> Floats:
    """Evaluate ICC.1:2022, table 68, on the grid."""
    if kind < 3:  # the curve meets its line where a x + b = 0, and the line is a constant
        e = f = c if kind == 2 else 0
        c, d = 0, (-b / a if kind else 0)
    power = np.maximum(a * _GRID + b, 0) ** g + e
    return np.where(d <= _GRID, power, c * _GRID + f).astype(np.float32)


def srgb_to_linear(value: Floats) -> Floats:
    """Undo the sRGB curve (IEC 61966-2-1), continued as an odd function below 0."""
    size = np.abs(value)
    linear = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    return np.copysign(linear, value).astype(np.float32)


def linear_to_srgb(value: Floats) -> Floats:
    """Apply the sRGB curve, continued as an odd function below 0."""
    size = np.abs(value)
    curved = np.where(size <= 0.0031308, size * 12.92, 1.055 * size ** (1 / 2.4) - 0.055)
    return np.copysign(curved, value).astype(np.float32)


def _mixed(linear: Floats, matrix: npt.NDArray[np.float64]) -> Floats:
    return linear.astype(np.float32) @ matrix.T.astype(np.float32)
