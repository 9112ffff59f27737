"""Figures that others published, as data with their sources; shown beside ours only for the same protocol and set."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedRow:
    """One method's line in a published table.

    Attributes:
        protocol, set_name: what it was measured by and on.
        method: its name, with its size where the source gives it.
        source: where the figures stand.
        scores: metric by level by value.
    """

    protocol: str
    set_name: str
    method: str
    source: str
    scores: Mapping[str, Mapping[str, float]]

    @property
    def label(self) -> str:
        """The name for a table."""
        return f"{self.method} (published)"

    def value(self, level: str, metric: str) -> float:
        """Return one figure, NaN where the source has none."""
        return self.scores.get(level, {}).get(metric, math.nan)


# How many pictures each set has: another number means another set, and then nothing is comparable.
SET_SIZES = {
    **{"cbsd68": 68, "kodak24": 24, "mcmaster": 18, "bsd68": 68, "live1": 29, "classic5": 5, "set5": 5, "set14": 14},
    **{"bsd100": 100, "urban100": 100, "lol": 15, "gopro": 1111},
}
_ALIASES = {"bsds100": "bsd100", "b100": "bsd100", "lolv1": "lol", "eval15": "lol", "kodak": "kodak24"}

_DENOISING = "the papers of CBM3D, DnCNN, FFDNet, DRUNet (DPIR), SwinIR, SCUNet, Restormer, ART, Xformer and InstructIR"
_GRAY = "the papers of DnCNN, FFDNet, DRUNet (DPIR), SwinIR, SCUNet and Restormer"
_JPEG = "the papers of ARCNN, DnCNN, DRUNet (DPIR) and SwinIR"
_SUPER = "the papers of SRCNN, FSRCNN, EDSR, RCAN, IMDN and SwinIR"
_DARK = "the papers of Retinexformer, InstructIR, LLFlow and their repositories; without the truth's mean"
_MOTION = "the papers of NAFNet and MAXIM"

# A cell lists the values of the levels in the table's order; "-" is not published; a slash parts PSNR from SSIM.
_TABLES = (
    ("gaussian-noise", ("cbsd68", "kodak24", "mcmaster"), ("15", "25", "50"), _DENOISING, """
        CBM3D                    | 33.52 30.71 27.38 | 34.28 32.15 28.46 | 34.06 31.66 28.51
        CDnCNN-B, blind, 0.67 M  | 33.90 31.24 27.95 | 34.60 32.14 28.95 | 33.45 31.52 28.62
        DnCNN per sigma, 0.56 M  | 33.99 31.31 28.01 | - | -
        FFDNet, 0.85 M           | 33.87 31.21 27.96 | 34.63 32.13 28.98 | 34.66 32.35 29.18
        DRUNet, 32.6 M           | 34.30 31.69 28.51 | 35.31 32.89 29.86 | 35.40 33.14 30.08
        SwinIR                   | 34.42 31.78 28.56 | 35.34 32.89 29.79 | 35.61 33.20 30.22
        SCUNet, 9.7 M            | 34.40 31.79 28.61 | 35.34 32.92 29.87 | 35.60 33.34 30.29
        Restormer, 26.1 M        | 34.40 31.79 28.60 | 35.47 33.04 30.01 | 35.61 33.34 30.30
        InstructIR-3D, 15.8 M    | 34.15 31.52 28.30 | 34.92 32.50 29.40 | -
        Xformer                  | 34.43 31.82 28.63 | 35.39 32.99 29.94 | 35.68 33.44 30.38
        """),
    ("gaussian-noise", ("bsd68",), ("15", "25", "50"), _GRAY, """
        BM3D           | 31.07 28.57 25.62
        DnCNN          | 31.73 29.23 26.23
        DnCNN-B, blind | 31.61 29.16 26.23
        FFDNet, 0.49 M | 31.63 29.19 26.29
        DRUNet         | 31.91 29.48 26.59
        SwinIR         | 31.97 29.50 26.58
        SCUNet         | 31.99 29.55 26.67
        Restormer      | 31.96 29.52 26.62
        """),
    ("jpeg", ("live1", "classic5"), ("q10", "q20", "q30", "q40"), _JPEG, """
        ARCNN   | 28.96 31.29 32.67 33.63 | 29.03 31.15 32.51 33.32
        DnCNN-3 | 29.19 31.59 32.98 33.96 | 29.40 31.63 32.91 33.77
        DRUNet  | 29.79 32.17 33.59 34.58 | -
        SwinIR  | 29.86 32.25 33.69 34.67 | -
        """),
    ("super-resolution", ("set5", "set14", "bsd100", "urban100"), ("x2", "x3", "x4"), _SUPER, """
      bicubic|33.66/.9299 30.39 28.42|30.24/.8688 27.55 26.00|29.56/.8431 27.21 25.96|26.88/.8403 24.46 23.14
      SRCNN, 8 K|36.66/.9542 32.75 30.48|32.45/.9067 29.30 27.50|31.36/.8879 28.41 26.90|29.50/.8946 26.24 24.52
      FSRCNN, 13 K|37.00/.9558 33.18 30.72|32.63/.9088 29.37 27.61|31.53/.8920 28.53 26.98|29.88/.9020 26.43 24.62
      EDSR-baseline, 1.4 M|37.99/.9604 - -|33.57/.9175 - -|32.16/.8994 - -|31.98/.9272 - -
      IMDN, 0.7 M|38.00/.9605 34.36 32.21|33.63/.9177 30.32 28.58|32.19/.8996 29.09 27.56|32.17/.9283 28.17 26.04
      SwinIR-light, .9 M|38.14/.9611 34.62 32.44|33.86/.9206 30.54 28.77|32.31/.9012 29.20 27.69|32.76/.9340 28.66 26.47
      EDSR, 43 M|38.11 34.65 32.46|33.92 30.52 28.80|32.32 29.25 27.71|32.93 28.80 26.64
      """),
    ("low-light", ("lol",), ("as given",), _DARK, """
        input                      | 7.77/.191
        Zero-DCE, 0.08 M           | 14.86/.562
        LIME                       | 16.76/.560
        RetinexNet, 0.8 M          | 16.77/.560
        EnlightenGAN, 114 M        | 17.48/.650
        RUAS, 0.003 M              | 18.23/.720
        KinD, 8 M                  | 20.86/.790
        Restormer, 26 M            | 22.43/.823
        InstructIR-5D, 15.8 M      | 23.00/.836
        Retinexformer, retrained   | 23.10
        IAT, 0.09 M                | 23.38/.809
        MAXIM-2S, 14 M             | 23.43/.863
        CIDNet                     | 23.81/.857
        MIRNet, 32 M               | 24.14/.830
        SNR-Net, 4 M               | 24.61/.842
        Retinexformer, paper       | 25.16/.845
        """),
    ("deblur", ("gopro",), ("as given",), _MOTION, """
        NAFNet-w32, 17 M | 32.87/.961
        NAFNet-w64       | 33.71/.967
        MAXIM-3S, 22 M   | 32.86/.961
        """),
)  # fmt: skip


def canonical_set(name: str) -> str:
    """Return a set's name as the tables have it: "Kodak24", "kodak_24" and "KODAK-24" are one.

    Examples:
        >>> canonical_set("BSDS100"), canonical_set("Set_5")
        ('bsd100', 'set5')
    """
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _ALIASES.get(plain, plain)


def published_rows(protocol: str, set_name: str, images: int) -> tuple[PublishedRow, ...]:
    """Return the rows for a protocol and set; none when the folder does not hold as many pictures as the set."""
    known = canonical_set(set_name)
    if SET_SIZES.get(known) != images:
        return ()
    return tuple(row for row in PUBLISHED if (row.protocol, row.set_name) == (protocol, known))


def _rows() -> Iterator[PublishedRow]:
    for protocol, sets, levels, source, text in _TABLES:
        for line in text.strip().splitlines():
            method, *cells = (cell.strip() for cell in line.split("|"))
            for set_name, cell in zip(sets, cells, strict=True):
                scores = _scores(levels, cell)
                if scores:
                    yield PublishedRow(protocol, set_name, method, source, scores)


def _scores(levels: tuple[str, ...], cell: str) -> dict[str, dict[str, float]]:
    if cell == "-":
        return {}
    values = dict(zip(levels, cell.split(), strict=True))
    return {level: _pair(value) for level, value in values.items() if value != "-"}


def _pair(value: str) -> dict[str, float]:
    return dict(zip(("psnr", "ssim"), (float(one) for one in value.split("/")), strict=False))


PUBLISHED: tuple[PublishedRow, ...] = tuple(_rows())
