"""The hidden folder of a build: its plan, receipts, progress and lock. What lies here is how a build resumes.

.build/plan.json            identity, options, rejections
.build/shards/NAME.jsonl    the pictures of a shard, in order
.build/missing              names of the shards that a job writes
.build/receipts/NAME.json   count, bytes, sha256 and failures of a finished shard
.build/progress/NAME        pictures done and failed so far, for the bar
.build/partial/             shards being written; emptied at every start
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from imaging.errors import ImagicError
from pipelines.dataset.options import DATASET_NAME, BuildOptions
from pipelines.dataset.plan import Plan, PlannedImage, Rejection, Shard, differences
from pipelines.dataset.records import file_sha256
from pipelines.storage import draft_place, remote, remove_folder, require_writable, write_text

NAME = ".build"


@dataclass(frozen=True)
class Receipt:
    """Proof that a shard is finished.

    Attributes:
        shard: its file name.
        images: pictures that gave examples.
        examples: records in the file.
        num_bytes: of all records, without their framing.
        file_bytes, sha256: of the file.
        failures: pictures that gave none.
    """

    shard: str
    images: int
    examples: int
    num_bytes: int
    file_bytes: int
    sha256: str
    failures: tuple[Rejection, ...] = ()

    @property
    def split(self) -> str:
        """The split that the shard is part of."""
        return self.shard.removeprefix(f"{DATASET_NAME}-").split(".")[0]


@dataclass(frozen=True)
class Workspace:
    """Reads and writes the files of one build.

    Attributes:
        folder: of the dataset, where the shards go.
    """

    folder: Path

    @property
    def hidden(self) -> Path:
        """The folder of the files below."""
        return self.folder / NAME

    def stop(self, reason: ImagicError) -> None:
        """Tells all workers to stop, and the job why."""
        with suppress(OSError):  # no room even for this: then the missing receipt tells
            write_text(self._stop_file, json.dumps([reason.rule, reason.received, reason.remedy]))

    def stopped(self) -> bool:
        """Whether the workers are to stop."""
        return self._stop_file.exists()

    def stop_reason(self) -> ImagicError | None:
        """Returns why the workers were told to stop; None when they were not."""
        return ImagicError(*json.loads(self._stop_file.read_text())) if self.stopped() else None

    def progress_file(self, shard: str) -> Path:
        """Where a shard's counts are noted."""
        return self._progress_folder / shard

    def progress(self) -> Iterator[str]:
        """Yields what the shards of this job have noted."""
        for path in self._progress_folder.iterdir():
            yield path.read_text()

    def partial_file(self, shard: str) -> Path:
        """Returns where a shard is made before it is published."""
        return draft_place(self.hidden / "partial", shard)

    def store_plan(self, plan: Plan, recipe: str, options: BuildOptions) -> None:
        """Writes a plan; refuses to mix it with another one.

        Raises:
            ImagicError: the folder holds a build of another identity.
        """
        old = self._old_identity()
        if old and (changed := differences(old, plan.identity)):
            raise ImagicError(
                "A dataset folder holds one recipe, seed and input",
                f"{self.folder}, where {'; '.join(changed)}",
                "Choose another --data-dir or --name, or delete that folder first",
            )
        for name in ("partial", "progress"):
            remove_folder(self.hidden / name)
        for name in ("partial", "progress", "receipts", "shards"):
            (self.hidden / name).mkdir(parents=True, exist_ok=True)
        self._stop_file.unlink(missing_ok=True)
        for shard in plan.shards:
            lines = [json.dumps(dataclasses.asdict(image)) for image in shard.images]
            write_text(self._shard_file(shard.name), "\n".join(lines) + "\n")
        told = {"identity": plan.identity, "recipe": recipe, "options": dataclasses.asdict(options)}
        write_text(self.hidden / "plan.json", json.dumps(told, indent=1))

    def plan_text(self) -> str:
        """Returns what `store_plan` wrote: identity, recipe and options, as JSON."""
        return (self.hidden / "plan.json").read_text()

    def load_shard(self, name: str) -> list[PlannedImage]:
        """Returns the pictures of a shard."""
        lines = self._shard_file(name).read_text().splitlines()
        return [PlannedImage(**json.loads(line)) for line in lines]

    def store_missing(self, names: Sequence[str]) -> None:
        """Notes the shards that the next job writes."""
        write_text(self.hidden / "missing", "".join(f"{name}\n" for name in names))

    def load_missing(self) -> list[str]:
        """Returns what `store_missing` noted."""
        return (self.hidden / "missing").read_text().splitlines()

    def store_receipt(self, receipt: Receipt) -> None:
        """Writes the proof that a shard is finished."""
        write_text(self._receipt_file(receipt.shard), json.dumps(dataclasses.asdict(receipt), indent=1))

    def receipt(self, name: str) -> Receipt | None:
        """Returns the receipt of a shard, None without one."""
        try:
            told = json.loads(self._receipt_file(name).read_text())
            told["failures"] = tuple(Rejection(**failure) for failure in told["failures"])
            return Receipt(**told)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def verified(self, shard: Shard) -> bool:
        """Whether a shard is finished and its file is still what the receipt says."""
        receipt, path = self.receipt(shard.name), self.folder / shard.name
        return bool(
            receipt
            and path.is_file()
            and path.stat().st_size == receipt.file_bytes
            # Buckets check what they are sent; reading it back would cost as much as making it.
            and (remote(path) or file_sha256(path) == receipt.sha256)
        )

    @property
    def _progress_folder(self) -> Path:
        return self.hidden / "progress"

    @property
    def _stop_file(self) -> Path:
        return self.hidden / "stop"

    def _old_identity(self) -> dict[str, str]:
        try:
            identity: dict[str, str] = json.loads(self.plan_text())["identity"]
        except (OSError, ValueError, KeyError):
            return {}
        return identity

    def _shard_file(self, name: str) -> Path:
        return self.hidden / "shards" / f"{name}.jsonl"

    def _receipt_file(self, name: str) -> Path:
        return self.hidden / "receipts" / f"{name}.json"


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Keeps a second build out of the folder; the system lets go of the lock however the process ends.

    A bucket has no such lock and needs none: another build of the same identity sends the same bytes.

    Raises:
        ImagicError: another build holds it, or the folder cannot be written.
    """
    if remote(workspace.folder):
        require_writable(workspace.hidden)
        yield
        return
    try:
        workspace.hidden.mkdir(parents=True, exist_ok=True)
        file = (workspace.hidden / "lock").open("w")
    except OSError as error:
        raise ImagicError(
            "The data folder must be writable", f"{workspace.folder} ({error.strerror})", "Choose another --data-dir"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ImagicError(
                "One build works in a folder at a time", workspace.folder, "Wait for the other build to end"
            ) from error
        yield
