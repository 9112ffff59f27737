"""The guided run: every stage once, on real photographs, in a few minutes, ending in one page to look at."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from demo.options import DemoOptions
from demo.page import Page, Pair, tree

RECIPES = ("denoise", "art-restoration")
NAMES = {
    "run": "the network of this run",
    "denoise": "the shipped preset denoise",
    "baseline:nlm": "non-local means",
    "baseline:identity": "the damaged pictures",
}
SHOWN_EVERY = 3  # of the test pictures on the page
WIDTH = 16  # channels of the demo's network: a quarter of the arithmetic of the shipped presets


@dataclass
class Road:
    """What the stages hand on to each other: folders, and what the page will show.

    Attributes:
        options: what the demo was asked.
        page: filled by the stages in their order.
        scores: the scorecard of the evaluation.
        exit_code: the worst of the stages' exit codes.
    """

    options: DemoOptions
    page: Page
    scores: Any = None
    seconds: dict[str, float] = field(default_factory=dict)
    exit_code: int = 0

    def place(self, *names: str) -> Path:
        """A path among the things that the run produced."""
        return self.options.out.joinpath("out", *names)

    def dataset(self, recipe: str) -> Path:
        """The folder of a built dataset."""
        from tfds_builders.build import dataset_folder

        return dataset_folder(str(self.place("data")), recipe)


@dataclass(frozen=True)
class DemoReport:
    """Where to look, and how long each stage took."""

    index: Path
    seconds: dict[str, float]
    exit_code: int = 0

    def lines(self) -> list[str]:
        """The report, a line each."""
        times = [f"  {name:<10}{value:6.1f} s" for name, value in self.seconds.items()]
        return [*times, f"  {'together':<10}{sum(self.seconds.values()):6.1f} s", f"Open {self.index}"]


def run_demo(options: DemoOptions) -> DemoReport:
    """Runs the stages in order and writes the page.

    Raises:
        ImagicError: a stage could not do its work.
    """
    shutil.rmtree(options.out / "out", ignore_errors=True)
    page = Page("IMagic: the whole road in one run", INTRODUCTION)
    road = Road(options, page)
    for number, (name, what, stage) in enumerate(STAGES, start=1):
        click.echo(f"[{number}/{len(STAGES)}] {what}", err=True)
        started = time.monotonic()
        stage(road)
        road.seconds[name] = time.monotonic() - started
    page.add_text("What the run produced", tree(road.place()))
    index = options.out / "index.html"
    index.write_text(page.render(), encoding="utf-8")
    return DemoReport(index, road.seconds, road.exit_code)


def crawl_museum(road: Road) -> None:
    """Web -> originals and manifest."""
    from crawler.options import CrawlOptions
    from crawler.run import crawl
    from demo.museum import SampleMuseum

    with SampleMuseum() as museum:
        options = CrawlOptions(
            "iiif",
            road.place("originals"),
            target=museum.collection_url,
            base_url=museum.url,
            contact="demo@example.org",
            licences=("cc0", "pdm"),
            allow_http=True,
            delay=0.0,
        )
        tell(road, crawl(options))


def build_datasets(road: Road) -> None:
    """Originals -> paired TFDS datasets, and their test pairs as files."""
    from tfds_builders.build import BuildOptions, build_dataset
    from tfds_builders.export import export_pairs

    options = BuildOptions(
        RECIPES,
        str(road.place("originals")),
        str(road.place("data")),
        size="random:256x6",
        validation_fraction=0.15,
        test_fraction=0.2,
    )
    tell(road, build_dataset(options))
    for recipe in RECIPES:
        export_pairs(road.dataset(recipe), "test", road.place("test-pairs", recipe))


def train_network(road: Road) -> None:
    """Dataset -> run folder."""
    from imagic_models.options import TrainOptions
    from imagic_models.train import train

    options = TrainOptions(
        "denoise",
        str(road.place("run")),
        data_dir=str(road.dataset("denoise")),
        steps=road.options.steps,
        width=WIDTH,
        learning_rate=2e-3,
        warmup_steps=min(50, road.options.steps // 4),
        ema=0.98,
        validate_every=max(1, road.options.steps // 4),
    )
    tell(road, train(options))


def evaluate_network(road: Road) -> None:
    """Run folder -> scorecard, beside the untouched input, a classical baseline and the shipped preset."""
    from imagic_models.evaluate import EvaluateOptions, evaluate

    pairs = road.place("test-pairs", "denoise")
    options = EvaluateOptions(
        (str(road.place("run")), "denoise", "baseline:nlm"),
        "paired",
        pairs / "degraded",
        targets=pairs / "clean",
        json=road.place("scores.json"),
    )
    road.scores = tell(road, evaluate(options))


def enhance_folder(road: Road) -> None:
    """A folder of damaged pictures -> the same folder, enhanced."""
    from pipelines.enhance.job import enhance
    from pipelines.enhance.options import EnhanceOptions, Stage

    damaged = road.place("test-pairs", "denoise", "degraded")
    tell(road, enhance(EnhanceOptions(damaged, road.place("enhanced"), (Stage(str(road.place("run"))),))))


def fill_page(road: Road) -> None:
    """Everything -> one page."""
    folder, scores = road.options.out, road.scores
    degraded = road.place("test-pairs", "denoise", "degraded")
    before, after = (picture_scores(scores, model) for model in ("baseline:identity", str(road.place("run"))))
    pairs = [
        Pair(name, degraded / name, road.place("enhanced", name), f"PSNR {before[name]:.1f} -> {after[name]:.1f} dB")
        for name in sorted(before)[::SHOWN_EVERY]
    ]
    road.page.add_pairs("Damaged and enhanced, pictures that the network has never seen", pairs, folder)
    road.page.add_table("Scores on these pictures", *score_table(scores))
    for recipe in RECIPES:
        caption = "Clean and degraded, as the dataset card shows them"
        road.page.add_picture(f"Dataset {recipe}", road.dataset(recipe) / "contact_sheet.jpg", caption, folder)


def picture_scores(scores: Any, model: str) -> dict[str, float]:
    """File name -> PSNR in dB of one contender."""
    return {Path(row.image).name: row.metrics["psnr"] for row in scores.rows if row.model == model}


def score_table(scores: Any) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the scorecard's means, best first."""
    (level,) = scores.level_names
    means = {model: [scores.mean(model, level, metric) for metric in ("psnr", "ssim")] for model in scores.models}
    ranked = sorted(means.items(), key=lambda item: -item[1][0])
    rows = [[NAMES.get(Path(name).name, name), f"{psnr:.2f}", f"{ssim:.4f}"] for name, (psnr, ssim) in ranked]
    return ["model", "PSNR dB", "SSIM"], rows


def tell(road: Road, report: Any) -> Any:
    """Print a stage's report, keep its exit code, and hand it on."""
    for line in report.lines():
        click.echo(f"      {line}")
    road.exit_code = max(road.exit_code, report.exit_code)
    return report


INTRODUCTION = (
    "A sample museum on this machine was crawled, two datasets were built from its open-access photographs, a small "
    "network was trained for about a minute, scored, and applied to a folder of damaged pictures. Drag the line across "
    "a picture, or use the arrow keys, to compare before and after."
)

STAGES: tuple[tuple[str, str, Callable[[Road], None]], ...] = (
    ("crawl", "Crawl the sample museum: originals with their rights", crawl_museum),
    ("build", f"Build the datasets {' and '.join(RECIPES)}", build_datasets),
    ("train", "Train a small network", train_network),
    ("evaluate", "Evaluate it beside the input, a classical baseline and the shipped preset", evaluate_network),
    ("enhance", "Enhance a folder of damaged pictures", enhance_folder),
    ("page", "Write the page", fill_page),
)
