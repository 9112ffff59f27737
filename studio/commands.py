"""The line for the shell that does to a folder what the page did to a picture."""

from __future__ import annotations

import shlex

from studio.treatment import BuildRequest, EnhanceRequest, StageRequest


def enhance_command(request: EnhanceRequest) -> str:
    """Return the `cli.py enhance` line of a treatment.

    Masks and colour points belong to one picture and are left out.

    Examples:
        >>> enhance_command(EnhanceRequest(treatment={"stages": [{"model": "denoise", "strength": 0.5}]}))
        'python cli.py enhance scans --out enhanced --stages denoise:0.5'
    """
    treatment = request.treatment
    words = ["python", "cli.py", "enhance", _place(request.input), "--out", request.out or "enhanced"]
    words += ["--auto"] if treatment.auto else ["--stages", ",".join(map(written, treatment.stages))]
    for flag, value in (("--detail", treatment.detail), ("--stretch", treatment.stretch)):
        words += [flag, f"{value:g}"] if value else []
    return shlex.join(words)


def written(stage: StageRequest) -> str:
    """Return a stage as the command line reads it.

    Examples:
        >>> written(StageRequest(model="denoise"))
        'denoise'
    """
    return stage.model if stage.strength == 1 else f"{stage.model}:{stage.strength:g}"


def build_command(request: BuildRequest) -> str:
    """Return the `cli.py build-dataset` line.

    Examples:
        >>> build_command(BuildRequest(recipe="denoise", images="my scans"))
        "python cli.py build-dataset denoise --images 'my scans' --data-dir data"
    """
    words = ["python", "cli.py", "build-dataset", request.recipe, "--images", _place(request.images)]
    words += ["--data-dir", request.data_dir or "data"]
    words += ["--seed", str(request.seed)] if request.seed else []
    words += ["--variants", str(request.variants)] if request.variants > 1 else []
    return shlex.join(words)


def _place(name: str) -> str:
    """Return a folder's name such that no command takes it for an option."""
    return f"./{name}" if name.startswith("-") else name or "."
