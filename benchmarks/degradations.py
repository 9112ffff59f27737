"""What damage costs: every degradation beside its peers, whole recipes, two threads, and growth with the picture.

    python benchmarks/degradations.py [--large] [--only NAME,NAME]

Peers are measured where they are installed (`pip install albumentations==2.0.8 augraphy`; neither is needed
otherwise), on the same picture in 8 bits, which is what they are made for; ours are float32 throughout. One thread.

Milliseconds are CPU time of the calling thread, the least of several runs, so that a busy machine disturbs them less
than wall clock would. Only the two-thread section is wall clock and wants an idle machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np

from imaging.degradations import DEGRADATIONS
from imaging.recipes import get_recipe, list_recipes

SIDE = 512
ALBUMENTATIONS = {
    "gaussian_noise": ("GaussNoise", {"std_range": (0.1, 0.1)}),
    "poisson_gaussian": ("ISONoise", {"intensity": (0.3, 0.3)}),
    "low_photon": ("ShotNoise", {"scale_range": (0.1, 0.1)}),
    "salt_and_pepper": ("SaltAndPepper", {"amount": (0.08, 0.08)}),
    "speckle": ("MultiplicativeNoise", {"multiplier": (0.85, 1.15), "per_channel": True, "elementwise": True}),
    "gaussian_blur": ("GaussianBlur", {"sigma_limit": (1.8, 1.8), "blur_limit": 0}),
    "motion_blur": ("MotionBlur", {"blur_limit": (9, 9)}),
    "defocus_blur": ("Defocus", {"radius": (3, 3), "alias_blur": (0.3, 0.3)}),
    "water_spill": ("Spatter", {"mode": "mud"}),
    "jpeg": ("ImageCompression", {"quality_range": (30, 30)}),
    "webp": ("ImageCompression", {"quality_range": (25, 25), "compression_type": "webp"}),
    "resolution_loss": ("Downscale", {"scale_range": (0.4, 0.4)}),
    "posterisation": ("Posterize", {"num_bits": (4, 4)}),
    "sepia": ("ToSepia", {}),
    "grayscale": ("ToGray", {}),
    "colour_cast": ("PlanckianJitter", {}),
    "contrast_loss": ("RandomBrightnessContrast", {}),
}
AUGRAPHY = {
    "stain": ("Stains", {}),
    "creases": ("Folding", {}),
    "film_grain": ("LowLightNoise", {}),
    "foxing": ("InkBleed", {}),
    "dust_and_hairs": ("DirtyDrum", {}),
    "scratches": ("WaterMark", {}),
    "uneven_fading": ("LightingGradient", {}),
    "halftone": ("Dithering", {}),
}


def picture(height: int, width: int) -> np.ndarray:
    """Return a picture with edges and texture, float32."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    base = 0.5 + 0.3 * np.sin(x / 37) * np.cos(y / 53) + 0.15 * np.sign(np.sin(x / 11 + y / 17))
    return np.stack([base, base[::-1], base[:, ::-1]], axis=2).clip(0, 1).astype(np.float32)


def cost(work: Callable[[], object], runs: int = 7) -> float:
    """Return the least CPU milliseconds of several runs, after one to warm up."""
    work()
    times = []
    for _ in range(runs):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return 1000 * min(times)


def our_work(name: str, image: np.ndarray) -> Callable[[], object]:
    """Return one application of a degradation at severity 3."""
    entry, rng = DEGRADATIONS[name], np.random.Generator(np.random.Philox(key=1))
    drawn = entry.parameters().draw(rng) | entry.severities[2]
    return lambda: entry.apply(image, drawn, np.random.Generator(np.random.Philox(key=2)))


def peer_works(name: str, image: np.ndarray) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the peers' counterparts that are installed."""
    small = (image * 255).round().astype(np.uint8)
    if name in ALBUMENTATIONS:
        try:
            import albumentations
        except ImportError:
            return
        label, options = ALBUMENTATIONS[name]
        transform = getattr(albumentations, label)(p=1.0, **options)
        yield f"albumentations.{label}", lambda: transform(image=small)
    if name in AUGRAPHY:
        try:
            from augraphy import augmentations
        except ImportError:
            return
        label, options = AUGRAPHY[name]
        augmentation = getattr(augmentations, label)(p=1.0, **options)
        yield f"augraphy.{label}", lambda: augmentation(small.copy())


def degradations(names: list[str]) -> None:
    image = picture(SIDE, SIDE)
    print(f"\n{'degradation, severity 3':26}{'ms':>8}{'MP/s':>8}   {'peer':34}{'ms':>8}{'ratio':>8}")
    for name in names:
        ours = cost(our_work(name, image))
        row = f"{name:26}{ours:8.2f}{SIDE * SIDE / 1000 / ours:8.1f}"
        for label, work in peer_works(name, image):
            try:
                theirs = cost(work, 5)
            except Exception as error:
                row += f"   {label}: {type(error).__name__}"
                continue
            row += f"   {label:34}{theirs:8.2f}{theirs / ours:8.1f}"
        print(row, flush=True)


def recipes() -> None:
    image = picture(SIDE, SIDE)
    print(f"\n{'recipe (60 keys)':26}{'mean ms':>8}{'p90':>8}")
    for name in list_recipes():
        recipe = get_recipe(name)
        recipe.degrade(image, key="warm")
        times = []
        for key in range(60):
            start = time.thread_time()
            recipe.degrade(image, key=str(key))
            times.append(1000 * (time.thread_time() - start))
        print(f"{name:26}{np.mean(times):8.2f}{np.quantile(times, 0.9):8.2f}", flush=True)


def threads() -> None:
    """Two threads against one, wall clock."""
    image = picture(SIDE, SIDE)
    print(f"\n{'two threads over one':26}{'speed-up':>8}   (load average {os.getloadavg()[0]:.1f})")
    for name in ("denoise", "art-restoration"):
        recipe = get_recipe(name)

        def one(key: int, recipe=recipe) -> None:
            recipe.degrade(image, key=str(key))

        best = 0.0
        for _ in range(3):
            start = time.perf_counter()
            list(map(one, range(40)))
            alone = time.perf_counter() - start
            with ThreadPoolExecutor(2) as pool:
                start = time.perf_counter()
                list(pool.map(one, range(40)))
            best = max(best, alone / (time.perf_counter() - start))
        print(f"{name:26}{best:8.2f}", flush=True)


def growth(large: bool) -> None:
    """Cost per megapixel and memory, from a crop to a scan."""
    sizes = [(512, 512), (1000, 1000), (3000, 4000), *([(10000, 10000)] if large else [])]
    print(f"\n{'CPU ms per megapixel at':26}" + "".join(f"{h * w / 1e6:>9.2f} MP" for h, w in sizes) + "   copies")
    for name in ("gaussian_noise", "gaussian_blur", "scratches", "water_spill", "fading", "low_photon", "jpeg"):
        row = f"{name:26}"
        for height, width in sizes:
            image = picture(height, width)
            work = our_work(name, image)
            row += f"{cost(work, 1 if height > 2000 else 5) * 1e6 / (height * width):12.2f}"
        image = picture(1000, 1000)
        tracemalloc.start()
        our_work(name, image)()
        row += f"{tracemalloc.get_traced_memory()[1] / image.nbytes:9.1f}"
        tracemalloc.stop()
        print(row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also 100 megapixels (needs 6 GB of memory)")
    parser.add_argument("--only", default="", help="degradations to measure, comma-separated; skips the rest")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    cv2.setNumThreads(1)
    chosen = [name for name in options.only.split(",") if name]
    degradations(chosen or sorted(DEGRADATIONS, key=lambda name: (DEGRADATIONS[name].theme, name)))
    if not chosen:
        recipes()
        threads()
        growth(options.large)


if __name__ == "__main__":
    main()
