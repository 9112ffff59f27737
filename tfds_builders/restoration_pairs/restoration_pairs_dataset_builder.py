"""The TFDS face of the dataset factory: `tfds build` and `download_and_prepare` end in the bytes of `build-dataset`."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from imaging.errors import MisuseError
from imaging.recipes import get_recipe, list_recipes
from pipelines.dataset.options import VERSION, BuildOptions
from tfds_builders.build import build_dataset
from tfds_builders.features import pair_features


@dataclasses.dataclass(kw_only=True)
class RecipeConfig(tfds.core.BuilderConfig):
    """One recipe, and what of `BuildOptions` decides the bytes.

    The shipped configurations have the name of their recipe. One of your own has another name, and says which recipe:
    `RecipeConfig(name="denoise-crops", recipe="denoise", size="random:256x4")`.

    Attributes:
        recipe: name or YAML path; the configuration's own name when empty.
        images: clean pictures; without it they are in the `--manual_dir` of `tfds build`.
        seed, variants, size, shard_mb: see `BuildOptions`.
        workers: threads; does not change the bytes.
    """

    recipe: str = ""
    images: str = ""
    seed: int = BuildOptions.seed
    variants: int = BuildOptions.variants
    size: str = BuildOptions.size
    shard_mb: float = BuildOptions.shard_mb
    workers: int = BuildOptions.workers

    @property
    def made_by(self) -> str:
        """The recipe."""
        return self.recipe or self.name


class Builder(tfds.core.GeneratorBasedBuilder):
    """Hands the work to `build_dataset`, which resumes, locks and reports; TFDS reads what it left."""

    VERSION = tfds.core.Version(VERSION)
    RELEASE_NOTES: ClassVar[dict[str, str]] = {str(VERSION): "First version."}
    BUILDER_CONFIGS: ClassVar[list[RecipeConfig]] = [
        RecipeConfig(name=name, description=get_recipe(name).summary) for name in list_recipes()
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = "A crawl's output or a folder with the clean pictures, given as --manual_dir."

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(features=pair_features(get_recipe(self.builder_config.made_by).masks))

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
            download_config: `manual_dir` is where the clean pictures are; `max_shard_size` is heeded.
            file_format: "tfrecord" or "array_record".
            permissions: unused, files get the user's own.
        """
        options = self._options(download_config or tfds.download.DownloadConfig(), file_format)
        build_dataset(options)
        self.info.set_file_format(options.format, override=True)
        self.info.read_from_directory(self.data_dir)

    def _options(self, config: tfds.download.DownloadConfig, file_format: Any) -> BuildOptions:
        own, size = self.builder_config, config.max_shard_size
        images = own.images or config.manual_dir
        if not images:
            raise MisuseError("Clean pictures are given as --manual_dir", "none", "Add --manual_dir=FOLDER")
        wanted = tfds.core.FileFormat.from_value(file_format or self.info.file_format or BuildOptions.format)
        return BuildOptions(
            recipes=(own.made_by,),
            images=str(images),
            data_dir=str(self.data_dir_root),
            name=own.name,
            seed=own.seed,
            variants=own.variants,
            size=own.size,
            format=wanted.value,
            shard_mb=own.shard_mb if size == tfds.download.DownloadConfig.max_shard_size else size / 1e6,
            workers=own.workers,
        )

    def _split_generators(self, dl_manager: Any) -> Any:
        raise NotImplementedError("download_and_prepare makes all splits")

    def _generate_examples(self) -> Any:
        raise NotImplementedError("download_and_prepare makes all examples")
