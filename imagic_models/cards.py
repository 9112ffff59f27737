"""What each preset is for and where it fails: the part of a model card that no program can measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """The written part of a model card.

    Attributes:
        intended_use: when to reach for the preset.
        failure_modes: what it gets wrong, each a clause.
    """

    intended_use: str
    failure_modes: tuple[str, ...]


_INVENTION = "detail that the damage has erased is guessed, so a restored picture is no evidence of what was there"

CARDS: dict[str, Card] = {
    "denoise": Card(
        "Photographs and scans with grain, sensor noise, speckle or impulse noise of unknown strength.",
        (
            "fine regular texture (cloth, foliage, paper) is smoothed with strong noise",
            "noise with large clumps, as after denoising in a camera or enlarging, is taken for texture and kept",
            _INVENTION,
        ),
    ),
    "deblur": Card(
        "Pictures that are slightly out of focus or shaken by up to about ten pixels.",
        (
            "strong noise or compression is sharpened too; denoise first",
            "blur that varies over the picture",
            _INVENTION,
        ),
    ),
    "jpeg": Card(
        "Pictures saved with strong JPEG compression.",
        ("blocks that no longer lie on the grid of 8 pixels because the picture was scaled afterwards", _INVENTION),
    ),
    "super-resolution-x2": Card(
        "Clean small pictures to be shown twice as large.",
        ("noise and compression are enlarged as if they were detail; remove them first", _INVENTION),
    ),
    "super-resolution-x4": Card(
        "Clean small pictures to be shown four times as large.",
        ("text and faces of a few pixels become plausible but wrong", "noise is enlarged; remove it first", _INVENTION),
    ),
    "low-light": Card(
        "Pictures taken in too little light.",
        ("scenes meant to be dark are brightened as well", "colours under coloured lamps are not neutralised"),
    ),
    "exposure": Card(
        "Pictures that are too dark or too bright.",
        ("areas burnt out to pure white come back flat", "deliberate low-key and high-key pictures are evened out"),
    ),
    "low-photon": Card(
        "Pictures from few photons: astronomy, microscopy, night.",
        ("sources of one pixel may be taken for noise: not for measurements of brightness", _INVENTION),
    ),
    "art-restoration": Card(
        "Reproductions of paintings and drawings with blur, noise, scratches, water stains and fading. "
        "Correct the damage mask where it mistakes strokes for scratches.",
        (
            "thin dark strokes are taken for scratches; give a corrected mask",
            "large missing areas are filled with blur, not with painting",
            "pigments that were never photographed cannot be known: faded colours return as likely ones",
            _INVENTION,
        ),
    ),
    "old-photo": Card(
        "Scans of old prints with fading, grain, scratches and folds.",
        (
            "wires, hair and rigging are taken for scratches; give a corrected mask",
            "faces of a few pixels may change their look",
            _INVENTION,
        ),
    ),
    "colorize": Card(
        "A first colouring of gray photographs, to be guided by colour points; lightness is never changed.",
        (
            "without points most things come out in muted, likely colours: sky, skin, foliage are better than clothing",
            "colours bleed over edges of equal lightness",
            "the colours are invented: no evidence of a uniform, a flag or a face",
        ),
    ),
}
