"""Seconds per megapixel of models beside a plain DnCNN, and beside what the machine's processor can do at most.

    python benchmarks/runtime.py denoise --sizes 256,512 --engines keras,openvino --threads 1,2

Prints one table: model, engine, threads, size, seconds per megapixel, that over the DnCNN's in the same run, billions
of multiply-adds a second, and these over the rate of a large float32 matrix product in the same process. Times depend
on the machine; the two ratios depend on it much less. The DnCNN is 20 layers of 64 channels without normalisation
(0.67 million multiply-adds a pixel), run by the same engine through the same tiling.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PLAIN = "dncnn-20x64"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS")


def best_of(work: Callable[[], Any], runs: int) -> float:
    """Return the shortest of several times in seconds, after one run that is not counted."""
    work()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def matrix_rate(side: int = 1536, runs: int = 5) -> float:
    """Return multiply-adds a second of a float32 matrix product in TensorFlow."""
    import numpy as np
    import tensorflow

    left = tensorflow.constant(np.random.default_rng(0).random((side, side), np.float32))
    return side**3 / best_of(lambda: tensorflow.linalg.matmul(left, left).numpy(), runs)


def multiply_adds(model: Any, side: int = 64) -> float:
    """Return the multiply-adds of a Keras model per pixel of its input, convolutions and dense layers only."""
    import keras

    inputs = [keras.Input((side, side, one.shape[-1]), batch_size=1) for one in model.inputs]
    clone = keras.models.clone_model(model, input_tensors=inputs if len(inputs) > 1 else inputs[0])
    return sum(_layer_work(layer) for layer in clone.layers) / side**2


def _layer_work(layer: Any) -> float:
    kernels = [weight for weight in layer.weights if len(weight.shape) >= 2]
    if not kernels or not hasattr(layer.output, "shape"):
        return 0.0
    transposed = type(layer).__name__ == "Conv2DTranspose"
    shape = layer.input.shape if transposed else layer.output.shape
    places = 1.0
    for side in shape[1:-1]:
        places *= side
    work = 0.0
    for kernel in kernels:
        product = 1.0
        for side in kernel.shape:
            product *= side
        work += product * places
    return work


def networks(names: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield the plain DnCNN, then the networks that were asked for."""
    from imagic_models.architectures import build_network
    from imagic_models.network_file import NetworkFile, find_network

    def build() -> Any:
        return build_network("dncnn", depth=20, width=64, normalise=False)

    yield PLAIN, NetworkFile(PLAIN, hashlib.sha256(PLAIN.encode()).hexdigest(), build, 1)
    for name in names:
        yield name, find_network(name)


def measure(models: list[str], engine: str, sizes: list[int], runs: int) -> list[dict[str, Any]]:
    """Return the rows of one engine at the thread count that this process was started with."""
    import numpy as np

    from imagic_models.engines import start_engine
    from imagic_models.restorer import Restorer

    peak, rows = matrix_rate(), []
    for name, network in networks(models):
        restorer, work = Restorer(network, start_engine(engine, network)), multiply_adds(network.build())
        for size in sizes:
            picture = np.random.default_rng(0).random((size, size, 3), np.float32)
            seconds = best_of(lambda: restorer.restore(picture), runs)  # noqa: B023  called at once
            rate = work * size**2 / seconds
            cost = seconds / (size**2 / 1e6)
            rows.append({"model": name, "size": size, "s_per_mp": cost, "gmac_s": rate / 1e9, "of_peak": rate / peak})
    return rows


def measured_in_child(arguments: argparse.Namespace, engine: str, threads: int) -> list[dict[str, Any]]:
    """Return the rows of a process of its own: frameworks take their thread count at import."""
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, __file__, *arguments.models, "--child", "--engines", engine]
    command += ["--sizes", arguments.sizes, "--runs", str(arguments.runs)]
    if sys.platform == "linux":  # OpenVINO and NumPy ask the system how many processors they may use
        command = ["taskset", "-c", ",".join(str(one) for one in sorted(os.sched_getaffinity(0))[:threads]), *command]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [{"engine": engine, "threads": threads, **row} for row in json.loads(output.splitlines()[-1])]


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return the rows as aligned text, each time also as a multiple of the plain network's."""
    plain = {(row["engine"], row["threads"], row["size"]): row["s_per_mp"] for row in rows if row["model"] == PLAIN}
    lines = [f"{'model':24}{'engine':>10}{'threads':>9}{'size':>7}{'s/MP':>9}{'/ DnCNN':>9}{'GMAC/s':>9}{'of peak':>9}"]
    for row in rows:
        ratio = row["s_per_mp"] / plain[row["engine"], row["threads"], row["size"]]
        lines.append(
            f"{row['model']:24}{row['engine']:>10}{row['threads']:>9}{row['size']:>7}{row['s_per_mp']:>9.3f}"
            f"{ratio:>9.3f}{row['gmac_s']:>9.1f}{row['of_peak']:>8.0%}"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="preset names, run folders or .keras files")
    parser.add_argument("--sizes", default="256,512", help="sides of the square pictures, in pixels")
    parser.add_argument("--engines", default="keras", help="keras, openvino, or both with a comma")
    parser.add_argument("--threads", default=str(os.cpu_count()), help="processors, several with commas")
    parser.add_argument("--runs", type=int, default=3, help="the shortest of so many times counts")
    parser.add_argument("--json", help="file for the rows")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        sizes = [int(size) for size in arguments.sizes.split(",")]
        print(json.dumps(measure(arguments.models, arguments.engines, sizes, arguments.runs)))
        return
    plan = [
        (engine, int(threads)) for engine in arguments.engines.split(",") for threads in arguments.threads.split(",")
    ]
    rows = [row for engine, threads in plan for row in measured_in_child(arguments, engine, threads)]
    print("\n".join(table(rows)))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
