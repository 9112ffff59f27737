"""The command line: each command is a row of COMMANDS, its options are the fields of a frozen dataclass.

Exit codes: 0 everything done; 1 failed; 2 misuse; 3 finished, but some inputs failed and are listed in the ledger.
"""

from __future__ import annotations

import click

from clickable import Command, CommandGroup

COMMANDS = {
    "crawl": Command(
        "crawler.options:CrawlOptions",
        "crawler.run:crawl",
        "Gather open-access pictures with their rights into a folder with a manifest.",
        "met --out originals --limit 500 --contact you@museum.example",
        arguments=("source",),
        renamed={"licences": "licence"},
        left_out=("verbose",),
    ),
    "build-dataset": Command(
        "pipelines.dataset.options:BuildOptions",
        "tfds_builders.build:build_dataset",
        "Build paired TFDS datasets: every clean picture with its degraded version, by one recipe or several.",
        "denoise --images originals --data-dir data",
        arguments=("recipes",),
    ),
    "preview": Command(
        "imaging.preview:PreviewOptions",
        "imaging.preview:preview",
        "Show what a recipe does to your pictures: a contact sheet of clean, degraded, mask and drawn values.",
        "art-restoration --images originals --out sheet.png",
        arguments=("recipe",),
    ),
    "train": Command(
        "imagic_models.options:TrainOptions",
        "imagic_models.train:train",
        "Train a preset's network, or go on with a training that was interrupted.",
        "denoise --data-dir data --run-dir runs/denoise --steps 20000",
        arguments=("preset",),
    ),
    "tune": Command(
        "imagic_models.options:TuneOptions",
        "imagic_models.tune:tune",
        "Search a better network or training for a preset.",
        "denoise --data-dir data --run-dir runs/tune --trials 12",
        arguments=("preset",),
    ),
    "evaluate": Command(
        "imagic_models.evaluate:EvaluateOptions",
        "imagic_models.evaluate:evaluate",
        "Score models beside classical baselines and published rows, by a published protocol.",
        "denoise baseline:nlm --protocol gaussian-noise --images kodak24",
        arguments=("models",),
    ),
    "enhance": Command(
        "pipelines.enhance.options:EnhanceOptions",
        "pipelines.enhance.job:enhance",
        "Enhance an archive: a folder tree in, the same tree out, every file's metadata intact.",
        "scans --out enhanced --stages denoise,low-light",
        arguments=("input",),
        readers={"stages": "pipelines.enhance.options:parse_stages"},
    ),
    "models list": Command(
        "imagic_models.options:ListModelsOptions",
        "imagic_models.registry:list_models",
        "List the presets and their shipped weights.",
        "",
    ),
    "models show": Command(
        "imagic_models.options:ShowModelOptions",
        "imagic_models.registry:show_model",
        "Show a preset's model card: training, scores, licences, failure modes.",
        "denoise",
        arguments=("name",),
    ),
    "models ship": Command(
        "imagic_models.options:ShipModelOptions",
        "imagic_models.registry:ship_model",
        "Make the best model of a run the shipped weights of its preset.",
        "runs/denoise --data 'my photographs' --licences CC0-1.0",
        arguments=("run_dir",),
    ),
    "models import-colorization": Command(
        "imagic_models.options:ImportColorizationOptions",
        "imagic_models.import_colorization:import_colorization",
        "Convert the published Caffe weights of Zhang et al. 2016 into a model.",
        "--prototxt deploy.prototxt --caffemodel release.caffemodel --bins pts_in_hull.npy --out zhang",
    ),
    "serve": Command(
        "studio.options:StudioOptions",
        "studio.server:serve",
        "Open the studio on this machine: try stages on a few pictures, then copy the bulk command.",
        "--port 7860",
    ),
    "demo": Command(
        "demo.options:DemoOptions",
        "demo.run:run_demo",
        "Run the whole road on real photographs: crawl, build, train, evaluate, enhance, look.",
        "--out demo",
    ),
}

GROUPS = {"models": "The presets: what is shipped, model cards, and models from elsewhere."}


@click.group(
    cls=CommandGroup,
    table=COMMANDS,
    groups=GROUPS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option("0.1.0", prog_name="imagic")
def main() -> None:
    """Build restoration datasets from open-access pictures, train on them, and enhance whole archives."""


if __name__ == "__main__":
    main()
