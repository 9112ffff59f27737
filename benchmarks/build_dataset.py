"""Throughput and peak memory of build-dataset, beside the codec limit and TFDS's own Beam writer.

    python benchmarks/build_dataset.py                       # 400 and 1600 pictures of 512 x 512, 2 workers
    python benchmarks/build_dataset.py --images 400 1600 4000 --side 128 --ways factory   # is memory flat?

Each row is a process of its own, measured from its start to its end:

    loop      threads that only decode, degrade, encode and write; no plan, no receipts, no resume: the codec limit
    factory   build_dataset as a user calls it: looking, planning, writing, metadata, card
    tfds      tfds.core.BeamBasedBuilder with the same pictures, recipe, features and runner
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from imaging.errors import MisuseError

RECIPE = "denoise"
STEP = 16  # pictures that one thread of the loop takes at a time


def make_pictures(folder: Path, count: int, side: int) -> None:
    """Writes different details of four photographs as JPEG."""
    from skimage import data

    photographs = [cv2.resize(getattr(data, name)()[:, :, 2::-1], (900, 900)) for name in _PHOTOGRAPHS]
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for index in range(count):
        part = int(rng.integers(300, 900))
        top, left = rng.integers(0, 901 - part, 2)
        detail = photographs[index % len(photographs)][top : top + part, left : left + part]
        picture = cv2.resize(detail, (side, side), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{index:05d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 94])


_PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")


def run_loop(images: Path, out: Path, workers: int) -> None:
    from imaging.recipes import get_recipe
    from pipelines.dataset.examples import Work, image_examples
    from pipelines.dataset.plan import PlannedImage
    from pipelines.dataset.records import TFRecordWriter, file_sha256
    from pipelines.dataset.size import Size

    cv2.setNumThreads(1)
    out.mkdir(parents=True)
    work = Work(get_recipe(RECIPE), 0, 1, Size(), 1 << 28)
    paths = sorted(images.iterdir())

    def write(start: int) -> None:
        writer = TFRecordWriter(out / f"{start}")
        for path in paths[start : start + STEP]:
            for record in image_examples(PlannedImage(path.name, str(path), file_sha256(path)), work):
                writer.write(record)
        writer.close()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(write, range(0, len(paths), STEP)))


def run_factory(images: Path, out: Path, workers: int) -> None:
    from tfds_builders.build import BuildOptions, build_dataset

    build_dataset(BuildOptions((RECIPE,), str(images), str(out), workers=workers, progress=False))


def run_tfds(images: Path, out: Path, workers: int) -> None:
    import tensorflow_datasets as tfds

    from imaging.files import read_rgb
    from imaging.pixels import from_float, to_float
    from imaging.recipes import get_recipe
    from pipelines.runners import RunnerOptions, import_beam, pipeline_options
    from tfds_builders.features import pair_features

    beam = import_beam()
    recipe = get_recipe(RECIPE)

    def pair(path: str) -> tuple[str, dict[str, object]]:
        cv2.setNumThreads(1)
        key, clean = Path(path).name, read_rgb(Path(path))
        degraded, trace = recipe.apply(to_float(clean), key=key)
        told = {"key": key, "recipe": RECIPE, "trace": json.dumps(trace), "licence": "", "attribution": ""}
        return key, {"degraded": from_float(degraded, np.uint8), "clean": path, **told}

    class Pairs(tfds.core.BeamBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> tfds.core.DatasetInfo:
            return tfds.core.DatasetInfo(builder=self, features=pair_features(has_mask=False))

        def _split_generators(self, dl_manager: object) -> dict[str, object]:
            paths = sorted(map(str, images.iterdir()))
            return {"train": beam.Create(paths) | beam.Map(pair)}

        def _generate_examples(self) -> None:
            raise NotImplementedError

    beam_options = pipeline_options(RunnerOptions(workers=workers))
    config = tfds.download.DownloadConfig(beam_options=beam_options, max_shard_size=64_000_000)
    Pairs(data_dir=out).download_and_prepare(download_config=config)


WAYS: dict[str, Callable[[Path, Path, int], None]] = {"loop": run_loop, "factory": run_factory, "tfds": run_tfds}


def measure(way: str, images: Path, workers: int) -> tuple[float, float, float]:
    """Returns seconds, CPU seconds and peak MiB of one way in a process of its own."""
    out = images.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, __file__, "--one", way, str(images), str(out), str(workers)]
    started = time.perf_counter()
    with (images.parent / "chatter").open("w+") as chatter:
        process = subprocess.Popen(command, stdout=chatter, stderr=chatter)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        if status:
            chatter.seek(0)
            raise SystemExit(f"{way} ended with {status}:\n{chatter.read()}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def print_table(counts: list[int], side: int, ways: list[str], workers: list[int], scratch: Path) -> None:
    print(
        f"{side} x {side} JPEG, recipe {RECIPE}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n"
    )
    print("| images | workers | way | s | CPU s | images/s | peak MiB |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    for count in counts:
        images = scratch / str(count) / "in"
        make_pictures(images, count, side)
        for threads in workers:
            for way in ways:
                seconds, cpu, peak = measure(way, images, threads)
                row = (
                    f"| {count} | {threads} | {way} | {seconds:.1f} | {cpu:.1f} | {count / seconds:.1f} | {peak:.0f} |"
                )
                print(row, flush=True)
        shutil.rmtree(images.parent)


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        way, images, out, workers = sys.argv[2:]
        WAYS[way](Path(images), Path(out), int(workers))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[400, 1600])
    parser.add_argument("--side", type=int, default=512, help="pixels")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    told = parser.parse_args()
    if min(told.images + told.workers) < 1:
        raise SystemExit(str(MisuseError("Counts are at least 1", told.images + told.workers)))
    with tempfile.TemporaryDirectory() as scratch:
        print_table(told.images, told.side, told.ways, told.workers, Path(scratch))


if __name__ == "__main__":
    main()
