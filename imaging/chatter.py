"""Keep the frameworks' start-up chatter off the user's terminal."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# TensorFlow's C++ start-up writes to file descriptor 2 before its log level counts.
NOISY_IMPORTS = frozenset({"tensorflow"})


def hush() -> None:
    """Silence warnings, logs below errors and native start-up messages; call it before a framework is imported."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "NONE", "ABSL_MIN_LOG_LEVEL": "3"}
    warnings.simplefilter("ignore")
    # force: importing Beam logs, which would otherwise set up the root logger before us.
    logging.basicConfig(level=logging.ERROR, format="%(message)s", force=True)
    if not any(isinstance(finder, _SilentImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _SilentImport())


class _SilentImport(MetaPathFinder):
    """Executes the noisy modules with file descriptor 2 closed to the terminal."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in NOISY_IMPORTS:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                with _silent_descriptor():
                    execute(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


@contextmanager
def _silent_descriptor() -> Iterator[None]:
    """Send what native code writes to descriptor 2 to nowhere; an exception still reaches the caller."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
