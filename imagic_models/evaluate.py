"""Measure models and classical baselines side by side, by a protocol of the literature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from tqdm import tqdm

from imagic_models.contenders import Contender, find_contender
from imagic_models.leak import Leak, find_leaks, refuse, training_hashes
from imagic_models.machine import PeakMemory, describe, threads
from imagic_models.metrics import METRICS
from imagic_models.no_reference import STATISTICS, statistics
from imagic_models.protocols import PROTOCOL_NAMES, PROTOCOLS, Case, Level, Protocol
from imagic_models.protocols.pairs import paired
from imagic_models.protocols.protocol import at_depth
from imagic_models.published import published_rows
from imagic_models.scorecard import Row, Runtime, Scorecard
from imagic_models.testset import READ_FAILURES, Failure, Source, hashes, sources
from imaging.errors import ImagicError, MisuseError
from imaging.pixels import FloatImage

REPORT_ENGINES = ("auto", "keras", "openvino")


@dataclass(frozen=True)
class EvaluateOptions:
    """One evaluation, complete.

    Attributes:
        models: preset names, run folders, `.keras` files, or `baseline:NAME`. The untouched input, or bicubic for
            super-resolution, is always measured beside them.
        protocol: a name of `PROTOCOL_NAMES`.
        images: folder of pictures (clean ones where the protocol degrades, inputs where it takes pairs), or one file.
        targets: folder of the inputs' targets, for `paired`, `low-light`, `exposure` and `deblur`.
        json: file for all rows and means.
        report: folder for the HTML report.
        engine: "auto", "keras" or "openvino".
        levels: names of levels to measure ("25", "x4", "q10"); all by default.
        recipe: recipe name or YAML file for the protocol `recipe`.
        damages: single damages to measure with it; those of the recipe by default.
        severities: of these damages.
        metrics: further metrics beside the protocol's own.
        set_name: name of the picture set where the folder's name does not tell.
        limit: measure only so many pictures.
        seed: of all noise and damage.
        allow_leak: measure models on pictures they were trained on, and mark them.
        all: run the whole card over the sets in `benchmarks` and write `results`.
        benchmarks: folder of picture sets, one folder each (kodak24, set5, ...).
        results: Markdown file that `all` writes.
        progress: whether to show a progress bar on stderr.
    """

    models: tuple[str, ...] = ()
    protocol: str = ""
    images: str | Path = ""
    targets: str | Path | None = None
    json: str | Path | None = None
    report: str | Path | None = None
    engine: str = "auto"
    levels: tuple[str, ...] = ()
    recipe: str = ""
    damages: tuple[str, ...] = ()
    severities: tuple[int, ...] = (1, 3, 5)
    metrics: tuple[str, ...] = ()
    set_name: str = ""
    limit: int | None = None
    seed: int = 0
    allow_leak: bool = False
    all: bool = False
    benchmarks: str | Path = ""
    results: str | Path = "docs/results.md"
    progress: bool = True

    def __post_init__(self) -> None:
        _one_of("An engine", (self.engine,), REPORT_ENGINES)
        _one_of("A metric", self.metrics, tuple(METRICS))
        _holds(self.limit is None or self.limit > 0, "A limit is at least 1", self.limit)
        _holds(all(1 <= one <= 5 for one in self.severities), "A severity is 1 to 5", self.severities)
        if self.all:
            _holds(bool(str(self.benchmarks)), "--all needs --benchmarks, a folder of picture sets", self.benchmarks)
        else:
            self._check_single()

    def _check_single(self) -> None:
        _one_of("A protocol", (self.protocol,), PROTOCOL_NAMES)
        _holds(bool(self.models), "At least one model is named", "", "Name a preset, a run folder or baseline:NAME")
        _holds(len(set(self.models)) == len(self.models), "Each model is named once", ", ".join(self.models))
        _holds(bool(str(self.images)), "--images names a folder of pictures", self.images)
        _holds((self.protocol == "recipe") == bool(self.recipe), "--recipe goes with the protocol recipe", self.recipe)
        takes = PROTOCOLS[self.protocol].needs if self.protocol in PROTOCOLS else "clean"
        if takes == "pair":
            _holds(self.targets is not None, f"The protocol {self.protocol} takes pairs", "", "Give --targets")
        elif self.protocol != "deblur":
            _holds(
                self.targets is None,
                f"The protocol {self.protocol} makes its own pairs",
                self.targets,
                "Leave out --targets",
            )


def evaluate(options: EvaluateOptions) -> Scorecard:
    """Measure every model on every picture at every level.

    Returns:
        The scorecard; pictures that could not be measured are its failures, not errors.

    Raises:
        MisuseError: when no picture or no level is left to measure, or a model was trained on the pictures.
    """
    protocol = _protocol(options)
    contenders = _contenders(options, protocol)
    usable, failures, digests = _survey(options, protocol)
    leaks = _leaks(options, digests)
    rows, runtimes, failed = _measure(contenders, protocol, usable, options)
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
    _one_of(f"A level of {protocol.name}", options.levels, names)
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
        _holds(
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
    from imagic_models.baselines import PREFIX

    unknown = [name for name in options.models if not name.startswith(PREFIX) and training_hashes(name) is None]
    return tuple(f"{name} records no training pictures: a leak cannot be ruled out" for name in unknown)


def _measure(
    contenders: list[Contender], protocol: Protocol, usable: list[Source], options: EvaluateOptions
) -> tuple[list[Row], list[Runtime], list[Failure]]:
    rows: list[Row] = []
    runtimes: list[Runtime] = []
    failures: list[Failure] = []
    total = sum(contender.takes(level) for contender in contenders for level in protocol.levels) * len(usable)
    with tqdm(total=total, desc=protocol.name, unit="picture", disable=not options.progress) as bar:
        for contender in contenders:
            memory, mine = PeakMemory(), []
            for case in cases(protocol, usable, contender, options.seed):
                answer = _answered(contender, protocol, case)
                (failures if isinstance(answer, Failure) else mine).append(answer)
                bar.update()
            rows += mine
            runtimes.append(_runtime(contender, mine, memory))
    return rows, runtimes, failures


def cases(protocol: Protocol, usable: list[Source], contender: Contender, seed: int) -> Iterator[Case]:
    """Yield the questions that one contender can be asked, one picture in memory at a time."""
    levels: list[Level] = [level for level in protocol.levels if contender.takes(level)]
    for source in usable if levels else ():
        sample = source.read(needs=protocol.needs)
        for level in levels:
            yield protocol.case(sample, level, seed)


def _answered(contender: Contender, protocol: Protocol, case: Case) -> Row | Failure:
    started = perf_counter()
    try:
        restored = contender.answer(case)
        seconds = perf_counter() - started
        metrics = scores(protocol, case, restored, contender)
    except MisuseError:
        raise
    except Exception as error:  # one answer that fails is a record; the others still count
        return Failure(case.key, "restore", f"{case.level.name}: {type(error).__name__}: {error}", contender.name)
    return Row(
        contender.name,
        case.key,
        case.level.name,
        metrics,
        seconds,
        restored[..., 0].size / 1e6 if restored.ndim == 3 else restored.size / 1e6,
    )


def scores(protocol: Protocol, case: Case, restored: FloatImage, contender: Contender) -> dict[str, float]:
    """Return the metrics of one answer, or its statistics where there is no truth."""
    if case.target is None:
        return statistics(at_depth(restored, case.step))
    return protocol.score(case, restored, as_is=contender.as_is)


def _runtime(contender: Contender, rows: list[Row], memory: PeakMemory) -> Runtime:
    timed = rows[1:] or rows  # the first answer of a network includes its compilation
    pixels = sum(row.megapixels for row in timed)
    cost = sum(row.seconds for row in timed) / pixels if pixels else 0.0
    return Runtime(contender.name, contender.engine, contender.version, threads(), cost, memory.mib())


def _write(
    card: Scorecard, options: EvaluateOptions, protocol: Protocol, contenders: list[Contender], usable: list[Source]
) -> None:
    if options.json is not None:
        card.write_json(Path(options.json))


def _one_of(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for one in given:
        _holds(one in known, f"{what} is one of {', '.join(known)}", one or "none", "Choose from these")


def _holds(condition: bool, rule: str, received: object, remedy: str = "") -> None:
    if not condition:
        raise MisuseError(rule, received, remedy)
