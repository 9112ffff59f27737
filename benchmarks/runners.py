"""The same build on the in-process runner and on Prism, with threads and with workers in processes of their own.

Prism is left out where it is not installed (`python deploy/flink/fetch.py prism`).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
from skimage import data

from pipelines.prism import PrismOptions
from pipelines.runners import RunnerOptions
from pipelines.worker_pool import serve
from tfds_builders.build import BuildOptions, build_dataset

PICTURES, SIDE = 96, 512
PRISM = Path(__file__).resolve().parent.parent / ".flink" / "bin" / "prism"


def make_pictures(folder: Path) -> Path:
    folder.mkdir()
    photograph = np.tile(data.astronaut()[..., ::-1], (2, 2, 1))
    for index in range(PICTURES):
        piece = photograph[index * 5 : index * 5 + SIDE, index * 3 : index * 3 + SIDE]
        cv2.imwrite(str(folder / f"{index:03d}.jpg"), np.ascontiguousarray(piece), [cv2.IMWRITE_JPEG_QUALITY, 95])
    return folder


def seconds(pictures: Path, out: Path, runner: RunnerOptions) -> tuple[float, float]:
    """Wall time of the whole build, and of its Beam job alone."""
    told = {"runner": runner.runner, "workers": runner.workers, "engine": runner.engine}
    began = time.perf_counter()
    (report,) = build_dataset(BuildOptions(("denoise",), str(pictures), str(out), progress=False, **told)).datasets
    return time.perf_counter() - began, report.seconds


def main() -> None:
    pool, server, port = serve("127.0.0.1", 0)
    runners = {"fnapi, threads": RunnerOptions()}
    if PRISM.is_file():
        runners["prism, threads"] = RunnerOptions("prism", engine=PrismOptions(str(PRISM)))
        runners["prism, worker pool"] = RunnerOptions("prism", engine=PrismOptions(str(PRISM), f"127.0.0.1:{port}"))
    with tempfile.TemporaryDirectory() as folder:
        pictures = make_pictures(Path(folder) / "pictures")
        seconds(pictures, Path(folder) / "warm-up", RunnerOptions())
        print(f"{'runner':20} {'build s':>8} {'job s':>8}   ({PICTURES} pictures of {SIDE} x {SIDE})")
        for name, runner in runners.items():
            whole, job = seconds(pictures, Path(folder) / name, runner)
            print(f"{name:20} {whole:>8.1f} {job:>8.1f}")
    server.stop(0)
    pool.close()


if __name__ == "__main__":
    main()
