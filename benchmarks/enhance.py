"""Bulk enhancement: what is found in clean and damaged pictures, what Beam and the guard cost, speed and memory.

    python benchmarks/enhance.py [diagnosis] [overhead] [guard] [speed] [memory] [files] [--images DIR] [--model NAME]

Without names every section runs. `--images` is a folder of clean pictures (Kodak 24 and McMaster for the published
figures; the sample pictures of scikit-image otherwise). `--model` is a preset, a run folder or a `.keras` file; without
it a Gaussian blur stands in for the network, which shows the job's own cost at its worst. Compare figures within one
run: they all suffer alike from a busy machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np

from imaging.diagnosis import decide, diagnose
from imaging.files import find_images, read_picture, read_rgb
from imaging.guard import DecoderPool
from imaging.tiling import restore_tiled
from pipelines.enhance.job import enhance
from pipelines.enhance.ledger import LEDGER_NAME, Ledger
from pipelines.enhance.options import EnhanceOptions, Stage
from pipelines.enhance.plan import plan
from pipelines.enhance.worker import Worker
from pipelines.runners import RunnerOptions


class Blur:
    """Stands in for a network: tiled as one, and far cheaper."""

    version, scale = "0" * 64, 1

    def restore(self, image: np.ndarray) -> np.ndarray:
        """Return the picture a little softer."""
        return restore_tiled(lambda tile: cv2.GaussianBlur(tile, (0, 0), 1.0), image)


def load_blur(model, engine):
    return Blur()


def clean_pictures(folder: Path | None) -> list[np.ndarray]:
    if folder:
        return [read_rgb(path)[:, :, :3] for path in find_images(folder)]
    import skimage.data

    return [getattr(skimage.data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")]


# Diagnosis


def noise(sigma: float) -> Callable:
    return lambda image, rng: np.clip(image + rng.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def jpeg(quality: int) -> Callable:
    return lambda image, rng: cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)


def impulses(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    where = rng.random(image.shape[:2])[:, :, None]
    return np.where(where < 0.025, 0, np.where(where > 0.975, 255, image)).astype(np.uint8)


def blur(sigma: float) -> Callable:
    return lambda image, rng: cv2.GaussianBlur(image, (0, 0), sigma)


def shake(length: int) -> Callable:
    def along_a_line(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        angle, kernel, middle = rng.random() * np.pi, np.zeros((length, length), np.float32), length // 2
        end = np.rint(middle * np.array([np.cos(angle), np.sin(angle)])).astype(int)
        cv2.line(kernel, tuple(int(v) for v in middle - end), tuple(int(v) for v in middle + end), 1.0)
        return cv2.filter2D(image, -1, kernel / kernel.sum())

    return along_a_line


def light(stops: float) -> Callable:
    def in_linear_light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        linear = (image / 255.0) ** 2.2 * 2.0**stops
        if stops < 0:
            linear += rng.normal(0, 1, image.shape) * np.sqrt(np.maximum(linear, 0) * 2e-4 + 3e-7)
        return np.rint(np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)

    return in_linear_light


DAMAGES: dict[str, tuple[Callable, str]] = {
    "none": (lambda image, rng: image, ""),
    "noise 10": (noise(10), "denoise"),
    "noise 25": (noise(25), "denoise"),
    "noise 50": (noise(50), "denoise"),
    "salt and pepper 5 %": (impulses, "denoise"),
    "JPEG 10": (jpeg(10), "jpeg"),
    "JPEG 30": (jpeg(30), "jpeg"),
    "JPEG 40": (jpeg(40), "jpeg"),
    "JPEG 90": (jpeg(90), ""),
    "blur 2": (blur(2.0), "deblur"),
    "blur 3": (blur(3.0), "deblur"),
    "shake 11": (shake(11), "deblur"),
    "shake 21": (shake(21), "deblur"),
    "2 stops under": (light(-2), "low-light"),
    "3 stops under": (light(-3), "low-light"),
    "2 stops over": (light(2), "exposure"),
    "2.5 stops over": (light(2.5), "exposure"),
}


def measure_diagnosis(arguments: argparse.Namespace) -> None:
    pictures = clean_pictures(arguments.images)
    print(f"\n{'damage':<22}{'right':>8}{'nothing':>9}   what else ({len(pictures)} pictures)")
    for name, (damage, wanted) in DAMAGES.items():
        rng = np.random.default_rng(1)
        found = [tuple(preset for preset, _ in decide(diagnose(damage(image, rng)))) for image in pictures]
        right = sum(wanted in choice if wanted else not choice for choice in found)
        nothing = sum(not choice for choice in found)
        others = Counter(preset for choice in found for preset in choice if preset != wanted)
        print(f"{name:<22}{right / len(found):>8.1%}{nothing:>9}   {dict(others) or ''}")


# The job


def archive(folder: Path, count: int, side: int = 512) -> Path:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(count):
        small = rng.integers(0, 255, (side // 8, side // 8, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number:05}.jpg"), cv2.resize(small, (side, side)))
    return folder


def plain_loop(options: EnhanceOptions, factory: Callable) -> None:
    options.out.mkdir(parents=True)
    Ledger(options.out / LEDGER_NAME).close()
    worker = Worker(options, factory, run=0)
    for task in plan(options):
        worker.do(task)
    worker.close()


def measure_overhead(arguments: argparse.Namespace) -> None:
    """Beam with one thread beside a loop on the same files, and with two threads; both after a warm-up.

    CPU seconds are those of this process (not of the decoders, which are the same for all); on a busy machine they say
    more than the clock.
    """
    stages, factory = (Stage(arguments.model or "blur"),), factory_of(arguments)
    with tempfile.TemporaryDirectory() as folder:
        source = archive(Path(folder, "in"), arguments.count)

        def options(name: str, workers: int = 1) -> EnhanceOptions:
            return EnhanceOptions(source, Path(folder, name), stages, report=0, runner=RunnerOptions(workers=workers))

        enhance(options("warm"), factory)
        rows: dict[str, list[tuple[float, float]]] = {}
        for turn in range(2):
            jobs: dict[str, Callable] = {"plain loop": lambda: plain_loop(options(f"loop{turn}"), factory)}  # noqa: B023
            for workers in (1, 2):
                name = f"beam{workers}-{turn}"
                jobs[f"Beam, {workers} thread(s)"] = lambda n=name, w=workers: enhance(options(n, w), factory)
            for name, job in jobs.items():
                cpu = time.process_time()
                clock = timed(job)
                rows.setdefault(name, []).append((clock, time.process_time() - cpu))
    print(f"\n{arguments.count} JPEGs of 512 x 512{'clock':>18}{'CPU':>10}")
    for name, seconds in rows.items():
        clock, cpu = (min(values) for values in zip(*seconds, strict=True))
        print(f"  {name:<32}{clock:>8.2f} s{cpu:>8.2f} s  {arguments.count / clock:7.1f} pictures/s")


def measure_guard(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder, DecoderPool() as pool:
        print(f"\n{'decoding':<22}{'here':>9}{'guarded':>9}")
        for side, count in ((512, 60), (2048, 12), (8192, 2)):
            paths = find_images(archive(Path(folder, str(side)), count, side))
            pool.read(paths[0])
            here = min(timed(lambda: [read_picture(path) for path in paths]) for _ in range(3))  # noqa: B023
            there = min(timed(lambda: [pool.read(path) for path in paths]) for _ in range(3))  # noqa: B023
            print(f"{count:>4} JPEGs, {side:>5} a side{here:>8.2f}s{there:>8.2f}s  {there / here - 1:+.0%}")


def timed(work: Callable) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def measure_speed(arguments: argparse.Namespace) -> None:
    """Megapixels a second on one picture, beside OpenCV's non-local means and a network of DnCNN-B's shape."""
    image = cv2.resize(clean_pictures(None)[1], (1024, 1024))
    contenders: dict[str, Callable] = {
        "OpenCV non-local means": lambda: cv2.fastNlMeansDenoisingColored(image, None, 10, 10, 7, 21)
    }
    network = dncnn_b()
    contenders["DnCNN-B shape, Keras"] = lambda: restore_tiled(network, image)
    for engine in ("keras", "openvino") if arguments.model else ():
        from imagic_models import load_restorer

        restorer = load_restorer(arguments.model, engine=engine)
        contenders[f"{arguments.model}, {engine}"] = lambda restorer=restorer: restorer.restore(image)
    print("\nspeed on 1024 x 1024")
    for name, work in contenders.items():
        work()
        print(f"  {name:<28}{image.shape[0] * image.shape[1] / 1e6 / min(timed(work) for _ in range(2)):8.3f} MP/s")


def dncnn_b() -> Callable:
    """Twenty 3 x 3 convolutions of 64 channels, as in Zhang et al. 2017, table II; untrained, only its cost counts."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    layers = [keras.layers.Conv2D(64, 3, padding="same", activation="relu") for _ in range(19)]
    inputs = keras.Input((None, None, 3))
    model = keras.Sequential([inputs, *layers, keras.layers.Conv2D(3, 3, padding="same")])
    return lambda tile: model.predict_on_batch(tile[None])[0]


# Memory: each figure in a process of its own


def factory_of(arguments: argparse.Namespace) -> Callable:
    from pipelines.enhance.models import load_restorer

    return load_restorer if arguments.model else load_blur


def peak_of_one(megapixels: int, model: str | None, answer) -> None:
    side = int((megapixels * 1e6) ** 0.5)
    with tempfile.TemporaryDirectory() as folder:
        source = archive(Path(folder, "in"), 1, side)
        options = EnhanceOptions(source, Path(folder, "out"), (Stage(model or "blur"),), report=0)
        plain_loop(options, factory_of(argparse.Namespace(model=model)))
    answer.send((peak(resource.RUSAGE_SELF), peak(resource.RUSAGE_CHILDREN)))


def peak_of_many(count: int, model: str | None, answer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = archive(Path(folder, "in"), count, 64)
        options = EnhanceOptions(source, Path(folder, "out"), (Stage(model or "blur"),), report=0)
        enhance(options, factory_of(argparse.Namespace(model=model)))
    answer.send((peak(resource.RUSAGE_SELF), peak(resource.RUSAGE_CHILDREN)))


def peak(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss / 1e6


def in_own_process(work: Callable, *arguments: object) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(*arguments, theirs))
    process.start()
    theirs.close()
    answer = ours.recv()
    process.join()
    return answer


def measure_memory(arguments: argparse.Namespace) -> None:
    print(f"\n{'picture':<12}{'decoded':>9}{'job':>9}{'decoder':>9}   peak GB")
    for megapixels in (12, 50, 100):
        job, decoder = in_own_process(peak_of_one, megapixels, arguments.model)
        print(f"{megapixels:>4} MP     {megapixels * 3 / 1000:>9.2f}{job:>9.2f}{decoder:>9.2f}")


def measure_files(arguments: argparse.Namespace) -> None:
    print(f"\n{'pictures':<12}{'job':>9}{'decoder':>9}   peak GB")
    for count in (100, 2000):
        job, decoder = in_own_process(peak_of_many, count, arguments.model)
        print(f"{count:>5}       {job:>9.3f}{decoder:>9.3f}")


SECTIONS = {
    "diagnosis": measure_diagnosis,
    "overhead": measure_overhead,
    "guard": measure_guard,
    "speed": measure_speed,
    "memory": measure_memory,
    "files": measure_files,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help=json.dumps(list(SECTIONS)))
    parser.add_argument("--images", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--count", type=int, default=100)
    arguments = parser.parse_args()
    for name in arguments.sections or SECTIONS:
        SECTIONS[name](arguments)


if __name__ == "__main__":
    main()
