"""The same build and the same enhancement on any engine, reduced to digests that can be compared."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from skimage import data

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # by this path the workers' pools find the fakes, too

from enhance_fakes import load_softener  # noqa: E402

from pipelines.enhance.job import enhance  # noqa: E402
from pipelines.enhance.options import EnhanceOptions, Stage  # noqa: E402
from pipelines.runners import RunnerOptions  # noqa: E402
from tfds_builders.build import BuildOptions, build_dataset  # noqa: E402

PICTURES = 32


@dataclass(frozen=True)
class Outcome:
    """What a job left: its exit code, how many it counted, and a digest of every file that it made."""

    exit_code: int
    counted: int
    files: dict[str, str]


def make_archive(folder: Path) -> Path:
    """Small different pieces of one photograph, as PNG, and one file that is no picture."""
    folder.mkdir()
    photograph = data.astronaut()[..., ::-1]
    for index in range(PICTURES):
        row, column = divmod(index, 8)
        piece = photograph[row * 90 : row * 90 + 96, column * 52 : column * 52 + 120 + index]
        cv2.imwrite(str(folder / f"piece-{index:02d}.png"), np.ascontiguousarray(piece))
    (folder / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return folder


def build(archive: Path, out: Path, runner: RunnerOptions) -> Outcome:
    told = {"runner": runner.runner, "workers": runner.workers, "engine": runner.engine}
    options = BuildOptions(("jpeg",), str(archive), str(out), min_side=16, progress=False, **told)
    report = build_dataset(options)
    files = {path.name: path for path in out.rglob("*.tfrecord-*") if ".build" not in path.parts}
    return Outcome(report.exit_code, sum(one.images for one in report.datasets), digests(files))


def restore(archive: Path, out: Path, runner: RunnerOptions) -> Outcome:
    options = EnhanceOptions(archive, out, stages=(Stage("soften"),), report=0, runner=runner)
    report = enhance(options, load_softener)
    files = {str(path.relative_to(out)): path for path in out.rglob("*.png")}
    return Outcome(report.exit_code, report.counts.get("enhanced", 0), digests(files))


def digests(files: dict[str, Path]) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(files.items())}


class Accident(threading.Thread):
    """Does something as soon as a file of a pattern appears; `happened` says whether."""

    def __init__(self, folder: Path, pattern: str, action) -> None:
        super().__init__(daemon=True)
        self._folder, self._pattern, self._action = folder, pattern, action
        self.happened = False
        self.start()

    def run(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if next(self._folder.rglob(self._pattern), None):
                self._action()
                self.happened = True
                return
            time.sleep(0.01)


def pool_environment() -> dict[str, str]:
    """Environment in which a worker pool also finds the fakes."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
