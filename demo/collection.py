"""The sample museum's collection: photographs that are packaged inside scikit-image, with the rights their files carry.

Rights follow the docstrings of `skimage.data` (0.26): CC0 where the photographer gave it, the public domain mark where
the file is said to be in the public domain, "no known copyright" where only that is said, and "copyright not evaluated"
where nothing is said. The last two kinds are there to be refused by a crawl with default licences.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CC0 = "http://creativecommons.org/publicdomain/zero/1.0/"
PUBLIC_DOMAIN = "http://creativecommons.org/publicdomain/mark/1.0/"
NO_KNOWN_COPYRIGHT = "http://rightsstatements.org/vocab/NKC/1.0/"
NOT_EVALUATED = "http://rightsstatements.org/vocab/CNE/1.0/"


@dataclass(frozen=True)
class Work:
    """One work of the museum; a work may have several photographs.

    Attributes:
        name: short, used in addresses.
        files: file names inside scikit-image's data folder.
        rights: address of the rights statement that holds for all photographs of the work.
    """

    name: str
    title: str
    creator: str
    date: str
    rights: str
    files: tuple[str, ...]


WORKS = (
    Work("astronaut", "Astronaut Eileen Collins", "NASA", "1993", PUBLIC_DOMAIN, ("astronaut.png",)),
    Work("brick", "Brick wall", "CC0Textures", "", CC0, ("brick.png",)),
    Work("camera", "Camera", "Lav Varshney", "", CC0, ("camera.png",)),
    Work("cat", "Chelsea the cat", "Stefan van der Walt", "", CC0, ("chelsea.png",)),
    Work("clock", "Motion-blurred clock", "Stefan van der Walt", "", PUBLIC_DOMAIN, ("clock_motion.png",)),
    Work("coffee-cup", "Coffee cup", "Rachel Michetti", "", CC0, ("coffee.png",)),
    Work("grass", "Grass", "linolafett", "", CC0, ("grass.png",)),
    Work("gravel-path", "Gravel", "CC0Textures", "", CC0, ("gravel.png",)),
    Work("hubble", "Hubble eXtreme Deep Field", "NASA", "2012", PUBLIC_DOMAIN, ("hubble_deep_field.jpg",)),
    Work("retina", "Fundus of a left eye", "Mikael Häggström", "2014", CC0, ("retina.jpg",)),
    Work("rocket", "Launch of DSCOVR on a Falcon 9", "SpaceX", "2015", PUBLIC_DOMAIN, ("rocket.jpg",)),
    Work("microaneurysms", "Microaneurysms, a detail", "Andreas Maier", "", CC0, ("microaneurysms.png",)),
    Work("coins", "Greek coins from Pompeii", "Brooklyn Museum", "", NO_KNOWN_COPYRIGHT, ("coins.png",)),
    Work("tissue", "Stained colonic glands", "CMMI", "", NO_KNOWN_COPYRIGHT, ("ihc.png",)),
    Work(
        "motorcycle",
        "Motorcycle, a stereo pair",
        "Daniel Scharstein et al.",
        "2014",
        NOT_EVALUATED,
        ("motorcycle_left.png", "motorcycle_right.png"),
    ),
    Work("moon", "Surface of the Moon", "", "", NOT_EVALUATED, ("moon.png",)),
    Work("page", "Scanned page", "", "", NOT_EVALUATED, ("page.png",)),
)


def data_folder() -> Path:
    """Where scikit-image keeps its packaged pictures; finding it downloads nothing."""
    import skimage

    return Path(skimage.__file__).parent / "data"
