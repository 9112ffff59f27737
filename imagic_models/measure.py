"""Ask every contender every question, and keep the answers' scores and costs as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter

from tqdm import tqdm

from imagic_models.contenders import Contender
from imagic_models.machine import PeakMemory, threads
from imagic_models.no_reference import statistics
from imagic_models.protocols.protocol import Case, Level, Protocol, at_depth
from imagic_models.scorecard import Row, Runtime
from imagic_models.testset import Failure, Source
from imaging.errors import ImagicError, MisuseError
from imaging.pixels import FloatImage


def measure(
    contenders: Sequence[Contender], protocol: Protocol, usable: Sequence[Source], *, seed: int, progress: bool
) -> tuple[list[Row], list[Runtime], list[Failure]]:
    """Return the rows of all answers, the cost of each contender, and the answers that failed.

    One picture is in memory at a time, and the contenders work one after the other, so that each one's peak is its own.
    """
    rows: list[Row] = []
    runtimes: list[Runtime] = []
    failures: list[Failure] = []
    total = sum(contender.takes(level) for contender in contenders for level in protocol.levels) * len(usable)
    with tqdm(total=total, desc=protocol.name, unit="picture", disable=not progress) as bar:
        for contender in contenders:
            memory = PeakMemory()
            mine: list[Row] = []
            for case in cases(protocol, usable, contender, seed):
                answer = _answered(contender, protocol, case)
                if isinstance(answer, Failure):
                    failures.append(answer)
                else:
                    mine.append(answer)
                bar.update()
            rows += mine
            runtimes.append(_runtime(contender, mine, memory))
    return rows, runtimes, failures


def cases(protocol: Protocol, usable: Sequence[Source], contender: Contender, seed: int) -> Iterator[Case]:
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
    except Exception as error:  # one answer that fails is a record; the others still count
        return Failure(case.key, "restore", f"{case.level.name}: {type(error).__name__}: {error}", contender.name)
    seconds = perf_counter() - started
    try:
        metrics = scores(protocol, case, restored, contender)
    except MisuseError:  # a metric that this machine does not have
        raise
    except ImagicError as error:
        return Failure(case.key, "score", f"{case.level.name}: {error}", contender.name)
    pixels = restored.shape[0] * restored.shape[1]
    return Row(contender.name, case.key, case.level.name, metrics, seconds, pixels / 1e6)


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
