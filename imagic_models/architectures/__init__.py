"""One network a file, each a function that builds a functional Keras model from a few numbers.

`build_network("unet", width=16)` imports only the file it needs. Every network takes pictures of any size that is a
multiple of its `multiple(...)` pixels; the restorer pads to it.
"""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

from imaging.errors import MisuseError

if TYPE_CHECKING:
    import keras

ARCHITECTURES: tuple[str, ...] = (
    "unet",
    "rednet",
    "dncnn",
    "sequential_unet",
    "mirnet",
    "zero_dce",
    "subpixel",
    "colornet",
)


def build_network(name: str, *, dtype: str = "float32", **shape: Any) -> keras.Model:
    """Returns a fresh network.

    Args:
        name: one of `ARCHITECTURES`.
        dtype: Keras dtype policy of all layers but the outputs, which stay float32.
        shape: keyword arguments of the architecture's `build`.

    Raises:
        MisuseError: for an unknown name or an unknown keyword.
    """
    build = _module(name).build
    known = [setting for setting in inspect.signature(build).parameters if setting != "dtype"]
    if unknown := sorted(set(shape) - set(known)):
        raise MisuseError(f"The architecture {name} takes {', '.join(known)}", ", ".join(unknown))
    return build(dtype=dtype, **shape)


def size_multiple(name: str, **shape: Any) -> int:
    """Returns the number of pixels that height and width of the network's input must be a multiple of."""
    return _module(name).multiple(**shape)


def _module(name: str) -> Any:
    if name not in ARCHITECTURES:
        raise MisuseError(f"An architecture is one of {', '.join(ARCHITECTURES)}", name)
    return importlib.import_module(f"{__name__}.{name}")
