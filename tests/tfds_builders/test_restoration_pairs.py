"""TFDS's own doors lead to the bytes of `build_dataset`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow_datasets as tfds

from imaging.errors import MisuseError
from imaging.recipes import list_recipes
from pipelines.dataset.options import VERSION
from tfds_builders.build import build_dataset, dataset_folder
from tfds_builders.restoration_pairs.restoration_pairs_dataset_builder import Builder, RecipeConfig

FOLDER = Path(sys.modules[Builder.__module__].__file__).parent


def built(builder, pictures, **how):
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=str(pictures)), **how)
    return builder


def test_there_is_a_configuration_for_every_recipe():
    assert set(Builder.builder_configs) == set(list_recipes())


def test_download_and_prepare_ends_in_the_same_bytes(options, tmp_path, pictures, bytes_of):
    ours = build_dataset(options()).datasets[0].folder
    builder = built(Builder(config="denoise", data_dir=tmp_path / "tfds"), pictures)
    assert Path(builder.data_dir) == dataset_folder(str(tmp_path / "tfds"), "denoise")
    assert bytes_of(Path(builder.data_dir)) == bytes_of(ours)


def test_a_configuration_carries_the_options(options, tmp_path, pictures, bytes_of):
    told = {"seed": 4, "variants": 2, "size": "random:32"}
    ours = build_dataset(options(name="denoise-crops", format="array_record", **told)).datasets[0].folder
    config = RecipeConfig(name="denoise-crops", recipe="denoise", images=str(pictures), **told)
    builder = Builder(config=config, data_dir=tmp_path / "tfds")
    builder.download_and_prepare(file_format="array_record")
    assert bytes_of(Path(builder.data_dir)) == bytes_of(ours)
    assert len(builder.as_data_source(split="train")) == builder.info.splits["train"].num_examples


def test_the_builder_reads_what_it_built(tmp_path, pictures):
    builder = built(Builder(config="art-restoration", data_dir=tmp_path / "tfds"), pictures)
    (example,) = tfds.as_numpy(builder.as_dataset(split="train").take(1))
    assert set(example) == set(builder.info.features)
    assert builder.info.description.startswith("Pairs of a clean picture")
    assert str(builder.version) == VERSION


def test_without_pictures_it_says_how_to_name_them(tmp_path):
    with pytest.raises(MisuseError) as caught:
        Builder(config="denoise", data_dir=tmp_path / "tfds").download_and_prepare()
    assert "--manual_dir" in str(caught.value)


@pytest.mark.slow
def test_tfds_build_ends_in_the_same_bytes(options, tmp_path, pictures, bytes_of):
    ours = build_dataset(options()).datasets[0].folder
    command = [Path(sys.executable).with_name("tfds"), "build", "--config=denoise"]
    places = [f"--manual_dir={pictures}", f"--data_dir={tmp_path / 'tfds'}"]
    done = subprocess.run([*command, *places], cwd=FOLDER, capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert bytes_of(dataset_folder(str(tmp_path / "tfds"), "denoise")) == bytes_of(ours)
