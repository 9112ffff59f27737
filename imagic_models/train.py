"""Training of one preset: `train(options)` fills a run folder and can be killed and resumed at any time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imagic_models.architectures import size_multiple
from imagic_models.data import CleanPictures, CropSource, Cutting, load_pictures
from imagic_models.dataset_source import PairSource
from imagic_models.mixtures import mixture_digests, parse_mixture
from imagic_models.options import TrainOptions
from imagic_models.precision import prepare_backend
from imagic_models.presets import Preset, get_preset
from imagic_models.run_folder import RunFolder
from imagic_models.tasks import TASKS
from imagic_models.train_report import TrainReport
from imaging.errors import MisuseError

Source = CropSource | PairSource
OnValidation = Callable[[int, float | None], None]


def train(options: TrainOptions, on_validation: OnValidation | None = None) -> TrainReport:
    """Trains a preset and returns what came of it; the run folder holds the model.

    Args:
        options: what to train, on what, for how long.
        on_validation: called with the step and the mean PSNR (None without held-out pictures) after each validation;
            what it raises ends the training.

    Raises:
        MisuseError: for an unknown preset or recipe, an empty picture folder, a missing dataset, a run folder that
            holds another run, or a resume with another network.
    """
    preset = get_preset(options.preset)
    options = dataclasses.replace(options, crop=options.crop or preset.crop, loss=options.loss or preset.loss)
    folder = RunFolder(options.run_dir)
    plan = _plan(options, preset, folder)
    source = _source(options, preset)
    folder.make()
    prepare_backend(options)
    from imagic_models.training_loop import TrainingLoop

    loop = TrainingLoop(options, plan, source, folder)
    if not options.resume:
        folder.write_json("training_images.json", {"phash": source.hashes()})
        mixture = [dataclasses.asdict(ingredient) for ingredient in source.mixture]
        folder.write_config(options, {**plan, "mixture": mixture, "recipes": mixture_digests(source.mixture)})
    return loop.run(on_validation)


def _plan(options: TrainOptions, preset: Preset, folder: RunFolder) -> dict[str, Any]:
    """Returns what the network is built from, after checking that a resumed run is built from the same."""
    architecture = options.architecture or preset.architecture
    own = preset.network if architecture == preset.architecture else {}
    network = {**own, **TASKS[preset.task].network}
    if options.width:
        network["width"] = options.width
    if options.depth:
        network["middle_blocks"] = options.depth
    size_multiple(architecture)  # refuses unknown names
    plan = {"preset": preset.name, "architecture": architecture, "network": network, "seed": options.seed}
    config = folder.read_config()
    if options.resume and config is None:
        raise MisuseError("resuming needs a run folder", options.run_dir, "train without --resume first")
    if config is not None and not options.resume:
        raise MisuseError(
            "A run folder holds one run", options.run_dir, "Give --resume to continue it, or another --run-dir"
        )
    if config is not None and any(config[name] != plan[name] for name in plan):
        kept = {name: config[name] for name in plan}
        raise MisuseError(f"A resumed run keeps its preset, network and seed: {kept}", plan)
    return plan


def _source(options: TrainOptions, preset: Preset) -> Source:
    """Returns where batches come from: stored pairs, or clean pictures that are degraded on the fly."""
    mixture = parse_mixture(options.recipes) or preset.mixture
    task = TASKS[preset.task]
    cutting = Cutting(options.crop, preset.canvas, preset.cuts, preset.scale)
    if options.data_dir is not None:
        stored = parse_mixture(options.recipes or (preset.name,))
        cutting = dataclasses.replace(cutting, cuts=max(cutting.cuts, _CUTS_OF_STORED))
        held_out = options.validation_crops
        data_dir = Path(options.data_dir)
        return PairSource(data_dir, stored, task, cutting, options.batch_size, options.seed, held_out)
    pictures = CleanPictures(
        load_pictures(Path(str(options.images))), validation=options.validation_crops, seed=options.seed
    )
    return CropSource(pictures, mixture, task, cutting, options.batch_size, options.seed)


_CUTS_OF_STORED = 4  # crops cut from each decoded pair: decoding a picture costs more than a crop of it trains
