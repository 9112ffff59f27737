"""Pairs that exist as files: an input folder and a target folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imagic_models.protocols.protocol import Case, Level, Protocol, Sample

AS_GIVEN = Level("as given")


def as_given(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    """Return the files themselves as the case."""
    assert sample.degraded is not None
    return Case(sample.key, level, sample.degraded, sample.clean, level.known)


PAIRED = Protocol(
    "paired", "Inputs and targets of one name in two folders, measured over RGB.", (AS_GIVEN,), as_given, needs="pair"
)
LOW_LIGHT = replace(
    PAIRED,
    name="low-light",
    summary="Pairs such as LOL, without the ground truth's mean; the corrected figure is a second column.",
    metrics=("psnr", "ssim", "psnr_gt_mean", "ciede2000"),
)
EXPOSURE = replace(LOW_LIGHT, name="exposure", summary="Pairs such as MSEC or FiveK, without the truth's mean.")
NO_REFERENCE = Protocol(
    "no-reference",
    "Pictures without truth: what sharpness, noise and exposure statistics say before and after.",
    (AS_GIVEN,),
    as_given,
    metrics=(),
    needs="input",
)


def paired(protocol: Protocol) -> Protocol:
    """Return a protocol of the same name and metrics that takes given pairs instead of making its own."""
    return replace(protocol, levels=(AS_GIVEN,), make=as_given, needs="pair")
