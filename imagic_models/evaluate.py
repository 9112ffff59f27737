"""Measure models and classical baselines side by side, by a protocol of the literature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from imagic_models.baselines import PREFIX
from imagic_models.contenders import Contender, find_contender
from imagic_models.evaluate_options import EvaluateOptions, holds, one_of
from imagic_models.leak import Leak, find_leaks, refuse, training_hashes
from imagic_models.machine import describe
from imagic_models.measure import measure
from imagic_models.no_reference import STATISTICS
from imagic_models.protocols import PROTOCOLS, Protocol
from imagic_models.protocols.pairs import paired
from imagic_models.published import published_rows
from imagic_models.results import Results, run_card
from imagic_models.scorecard import Scorecard
from imagic_models.testset import READ_FAILURES, Failure, Source, hashes, sources
from imaging.errors import ImagicError, MisuseError

__all__ = ["EvaluateOptions", "evaluate", "evaluate_one"]


def evaluate(options: EvaluateOptions) -> Scorecard | Results:
    """Measure by one protocol, or with `options.all` by every protocol that the benchmark folder has sets for.

    Raises:
        MisuseError: when nothing is left to measure, or a model was trained on the pictures.
    """
    return run_card(options, evaluate_one) if options.all else evaluate_one(options)


def evaluate_one(options: EvaluateOptions) -> Scorecard:
    """Measure every model on every picture at every level of one protocol.

    Returns:
        The scorecard; pictures that could not be measured are its failures, not errors.

    Raises:
        MisuseError: when no picture or no level is left to measure, or a model was trained on the pictures.
    """
    protocol = _protocol(options)
    contenders = _contenders(options, protocol)
    usable, failures, digests = _survey(options, protocol)
    leaks = _leaks(options, digests)
    rows, runtimes, failed = measure(contenders, protocol, usable, seed=options.seed, progress=options.progress)
    if not rows:
        raise ImagicError("At least one answer can be scored", failed[0].detail if failed else "none")
    set_name = options.set_name or Path(options.images).resolve().name
    card = Scorecard(
        protocol=protocol.name,
        summary=protocol.summary,
        set_name=set_name,
        images=len(usable),
        seed=options.seed,
        levels=tuple((level.name, level.curve, level.x) for level in protocol.levels),
        metrics=protocol.metrics,
        rows=tuple(rows),
        runtimes=tuple(runtimes),
        failures=(*failures, *failed),
        leaks=tuple(leaks),
        published=published_rows(protocol.name, set_name, len(usable)),
        notes=_notes(options),
        machine=describe(),
    )
    _write(card, options, protocol, contenders, usable)
    return card


def _protocol(options: EvaluateOptions) -> Protocol:
    """Return the protocol with the levels and metrics that were asked for."""
    if options.protocol == "recipe":
        from imagic_models.protocols.damage import recipe_protocol

        protocol = recipe_protocol(
            options.recipe, damages=options.damages, severities=options.severities, seed=options.seed
        )
    else:
        protocol = PROTOCOLS[options.protocol]
    if options.targets is not None and protocol.needs == "clean":
        protocol = paired(protocol)
    names = tuple(level.name for level in protocol.levels)
    one_of(f"A level of {protocol.name}", options.levels, names)
    levels = tuple(level for level in protocol.levels if not options.levels or level.name in options.levels)
    metrics = STATISTICS if protocol.needs == "input" else tuple(dict.fromkeys((*protocol.metrics, *options.metrics)))
    return replace(protocol, levels=levels, metrics=metrics)


def _contenders(options: EvaluateOptions, protocol: Protocol) -> list[Contender]:
    """Return who is measured: what the levels always stand beside, then the models asked for."""
    scales = any("scale" in level.known for level in protocol.levels)
    reference = "baseline:bicubic" if scales else "baseline:identity"
    names = dict.fromkeys((reference, *options.models))
    contenders = [find_contender(name, options.engine) for name in names]
    for contender in contenders[1:]:
        holds(
            any(contender.takes(level) for level in protocol.levels),
            f"{contender.name} answers at least one level of {protocol.name}",
            f"scale {contender.scale}, needs {', '.join(contender.needs) or 'nothing'}",
            "Choose another protocol, level or model",
        )
    return contenders


def _survey(options: EvaluateOptions, protocol: Protocol) -> tuple[list[Source], list[Failure], dict[str, str]]:
    """Read every picture once: which are usable, which are not and why, and the hashes of all that are."""
    targets = Path(options.targets) if options.targets is not None else None
    found, failures = sources(Path(options.images), targets, options.limit)
    usable: list[Source] = []
    digests: dict[str, str] = {}
    for source in tqdm(found, "reading", unit="picture", disable=not options.progress, leave=False):
        try:
            sample = source.read(needs=protocol.needs)
        except READ_FAILURES as error:
            failures.append(Failure(str(source.path), error.reason, getattr(error, "detail", "") or error.received))
            continue
        usable.append(source)
        digests |= hashes(source, sample)
    if not usable:
        named = "; ".join(f"{one.file}: {one.reason}" for one in failures[:5])
        raise MisuseError(
            "At least one picture can be measured", named, "See the reasons, and repair or replace the files"
        )
    return usable, failures, digests


def _leaks(options: EvaluateOptions, digests: dict[str, str]) -> list[Leak]:
    lists = ((name, training_hashes(name)) for name in options.models)
    leaks = [leak for name, known in lists if known for leak in find_leaks(name, known, digests)]
    if not options.allow_leak:
        refuse(leaks)
    return leaks


def _notes(options: EvaluateOptions) -> tuple[str, ...]:
    unknown = [name for name in options.models if not name.startswith(PREFIX) and training_hashes(name) is None]
    return tuple(f"{name} records no training pictures: a leak cannot be ruled out" for name in unknown)


def _write(
    card: Scorecard, options: EvaluateOptions, protocol: Protocol, contenders: list[Contender], usable: list[Source]
) -> None:
    if options.json is not None:
        card.write_json(Path(options.json))
    if options.report is not None:
        from imagic_models.report import write_report
        from imagic_models.specimens import specimens

        write_report(card, specimens(card, protocol, contenders, usable), Path(options.report))
