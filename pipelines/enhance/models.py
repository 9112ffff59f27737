"""The models of a job: loaded once per process, and known by the version of their weights."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable

from imagic_models.chain import Model, Step
from imaging.diagnosis import STAGES
from imaging.errors import MisuseError
from pipelines.enhance.options import EnhanceOptions, Stage

Factory = Callable[[str, str], Model]

# What results depend on beside weights and options; raise it when the same input would give other pixels or metadata.
FORMAT_VERSION = 1

_loaded: dict[tuple[Factory, str, str], Model] = {}
_loading = threading.Lock()


def load_restorer(model: str, engine: str) -> Model:
    """Load a model by name; the seam at which a test puts its own."""
    import imagic_models

    restorer: Model = imagic_models.load_restorer(model, engine=engine)
    return restorer


def restorer_of(factory: Factory, model: str, engine: str) -> Model:
    """Return a model, which only the first call in this process loads."""
    key = (factory, model, engine)
    with _loading:
        if key not in _loaded:
            _loaded[key] = factory(model, engine)
        return _loaded[key]


def possible_stages(options: EnhanceOptions, factory: Factory) -> tuple[Stage, ...]:
    """Return every stage that the job may apply: those named, or with `auto` all that the diagnosis may choose.

    With `auto`, a preset without weights is left out; a picture that needs it is passed on, and its row says so.
    """
    if not options.auto:
        return options.stages
    return tuple(Stage(name) for name in STAGES if _is_there(factory, name, options.engine))


def _is_there(factory: Factory, model: str, engine: str) -> bool:
    try:
        restorer_of(factory, model, engine)
    except MisuseError:
        return False
    return True


def steps_of(options: EnhanceOptions, factory: Factory, stages: tuple[Stage, ...]) -> list[Step]:
    """Return stages with their models."""
    return [
        Step(stage.model, restorer_of(factory, stage.model, options.engine), stage.strength * options.strength)
        for stage in stages
    ]


def settings_of(options: EnhanceOptions, factory: Factory) -> dict[str, object]:
    """Return all that a result depends on beside its original: stages, the versions of their models, parameters."""
    return {
        "stages": [
            (step.name, step.strength, step.restorer.version)
            for step in steps_of(options, factory, possible_stages(options, factory))
        ],
        "auto": options.auto,
        "detail": options.detail,
        "stretch": options.stretch,
        "engine": options.engine,
        "raw_format": options.raw_format,
        "format": FORMAT_VERSION,
    }


def key_of(content: str, settings: dict[str, object]) -> str:
    """Return the key of one result: a digest of its original's digest and the settings.

    Examples:
        >>> key_of("ab", {"auto": True}) == key_of("ab", {"auto": False})
        False
    """
    text = json.dumps([content, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
