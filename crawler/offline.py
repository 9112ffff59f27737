"""A crawl without a network: the images of a folder go the same way as downloaded ones, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from crawler.appraise import UnusableImage
from crawler.frontier import IMAGE_RANK, FrontierRow
from crawler.guard import Guard
from crawler.intake import take_in
from crawler.judge import judge_all
from crawler.work import Work

_BATCH = 256


@dataclass(frozen=True)
class FolderGuard(Guard):
    """Admits files below one folder, also by where links really lead; nothing of this reaches a network."""

    folder: Path = Path()

    def refuses(self, url: str) -> str:
        """Why a file must not be read."""
        return "" if path_of(url).resolve().is_relative_to(self.folder) else "outside-folder"


def run_offline(work: Work) -> str:
    """Take in the folder's images up to the limit; returns the outcome."""
    guard = FolderGuard(folder=Path(work.options.target).resolve())
    with work.catalogue.transaction():
        work.frontier.add(judge_all(work.source.seeds(), work.options, guard))
    try:
        while batch := work.frontier.next_rows("", rank=IMAGE_RANK, count=_BATCH):
            for row in batch:
                if work.options.limit and work.frontier.count("stored") >= work.options.limit:
                    return "finished"
                _take(work, row)
    except KeyboardInterrupt:
        return "interrupted"
    return work.trouble or "finished"


def path_of(url: str) -> Path:
    """The path of a file address."""
    return Path(url2pathname(urlsplit(url).path))


def _take(work: Work, row: FrontierRow) -> None:
    path = path_of(row.url)
    try:
        data = path.read_bytes() if path.stat().st_size <= work.options.max_bytes else None
    except OSError as error:
        work.frontier.fail(row, "unreadable", str(error))
        return
    try:
        if data is None:
            raise UnusableImage("too-large")
        image = take_in(row, data, work.options, {"file": "vouched for by the user"})
    except UnusableImage as unusable:
        work.frontier.reject(row, str(unusable.args[0]), str(path))
        work.tally["rejected"] += 1
        return
    is_new = work.frontier.finish_image(row, image)
    work.tally["stored" if is_new else "duplicate"] += 1
    work.tally["bytes"] += image.num_bytes if is_new else 0
    work.progress.show(work.tally)
