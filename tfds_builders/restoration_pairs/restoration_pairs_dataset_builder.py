"""The TFDS face of the dataset factory: `tfds build` and `download_and_prepare` end in the bytes of `build-dataset`."""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow_datasets as tfds

from imaging.errors import MisuseError
from imaging.recipes import get_recipe, list_recipes
from pipelines.dataset.options import VERSION, BuildOptions
from tfds_builders.build import build_dataset
from tfds_builders.features import pair_features


@dataclasses.dataclass(kw_only=True)
class RecipeConfig(tfds.core.BuilderConfig):
    """One recipe, and what of `BuildOptions` decides the bytes.

    Attributes:
        images: clean pictures; without it they are in the `--manual_dir` of `tfds build`.
        seed, variants, size, shard_mb: see `BuildOptions`.
        workers: threads; does not change the bytes.
    """

    images: str = ""
    seed: int = BuildOptions.seed
    variants: int = BuildOptions.variants
    size: str = BuildOptions.size
    shard_mb: float = BuildOptions.shard_mb
    workers: int = BuildOptions.workers


class Builder(tfds.core.GeneratorBasedBuilder):
    """Hands the work to `build_dataset`, which resumes, locks and reports; TFDS reads what it left."""

    VERSION = tfds.core.Version(VERSION)
    RELEASE_NOTES = {str(VERSION): "First version."}
    BUILDER_CONFIGS = [RecipeConfig(name=name, description=get_recipe(name).summary) for name in list_recipes()]
    MANUAL_DOWNLOAD_INSTRUCTIONS = "A crawl's output or a folder with the clean pictures, given as --manual_dir."

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(features=pair_features(get_recipe(self.builder_config.name).masks))

    def download_and_prepare(
        self,
        *,
        download_dir: Any = None,
        download_config: tfds.download.DownloadConfig | None = None,
        file_format: Any = None,
        permissions: Any = None,
    ) -> None:
        """Builds the dataset, or continues an interrupted build; a finished one is only verified.

        Args:
            download_dir: unused, nothing is downloaded.
            download_config: its `manual_dir` is where the clean pictures are; `max_shard_size` is heeded, if not TFDS's own.
            file_format: "tfrecord" or "array_record".
            permissions: unused, files get the user's own.
        """
        config = download_config or tfds.download.DownloadConfig()
        build_dataset(self._options(config, file_format))
        self.__init__(**self._original_state)  # type: ignore[misc]  # reads the metadata that is there now

    def _options(self, config: tfds.download.DownloadConfig, file_format: Any) -> BuildOptions:
        recipe = self.builder_config
        images = recipe.images or config.manual_dir
        if not images:
            raise MisuseError("Clean pictures are given as --manual_dir", "none", "Add --manual_dir=FOLDER")
        size = config.max_shard_size
        wanted = tfds.core.FileFormat.from_value(file_format or self.info.file_format or BuildOptions.format)
        return BuildOptions(
            recipes=(recipe.name,),
            images=str(images),
            data_dir=str(self.data_dir_root),
            seed=recipe.seed,
            variants=recipe.variants,
            size=recipe.size,
            format=wanted.value,
            shard_mb=recipe.shard_mb if size == tfds.download.DownloadConfig.max_shard_size else size / 1e6,
            workers=recipe.workers,
        )

    def _split_generators(self, dl_manager: Any) -> Any:
        raise NotImplementedError("download_and_prepare makes all splits")

    def _generate_examples(self) -> Any:
        raise NotImplementedError("download_and_prepare makes all examples")
