"""The machine that figures were measured on: its processor, its versions, and the memory that work took."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_PACKAGES = ("numpy", "opencv-python-headless", "keras", "tensorflow", "openvino")


class PeakMemory:
    """The process's highest resident memory from now on.

    Linux can forget the peak so far; elsewhere the peak of the whole process is all there is.
    """

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            _CLEAR.write_text("5")

    def mib(self) -> float:
        """Return the peak in MiB since construction."""
        try:
            line = next(one for one in _STATUS.read_text().splitlines() if one.startswith("VmHWM"))
            return int(line.split()[1]) / 1024
        except (OSError, StopIteration):
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def threads() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, str]:
    """Return the processor, the system and the versions that figures depend on."""
    versions = {name: _version(name) for name in _PACKAGES}
    return {
        "processor": _processor(),
        "threads": str(threads()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: one for name, one in versions.items() if one},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
