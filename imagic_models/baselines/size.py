"""Classical enlargement: Pillow's bicubic and Lanczos."""

from __future__ import annotations

from PIL import Image as PillowImage

from imagic_models.baselines.baseline import Known, Restore
from imagic_models.protocols.resolution import resized
from imaging.pixels import FloatImage


def enlarged(kernel: PillowImage.Resampling) -> Restore:
    """Return the enlargement by `known["scale"]` with one kernel."""

    def enlarge(image: FloatImage, known: Known) -> FloatImage:
        height, width = (side * int(known["scale"]) for side in image.shape[:2])
        return resized(image, width, height, kernel)

    return enlarge
