"""A folder on this machine: its images enter the store and the manifest with the licence that the user vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.found import Candidate, Found
from crawler.spiders.base import Source
from imaging.errors import MisuseError


class Local(Source):
    """Every image file below the folder; each file is a work of its own."""

    name = "local"
    summary = "a folder on this machine"
    is_offline = True
    needs_target = "the path of a folder"
    needs_contact = False
    takes_your_word = True

    @classmethod
    def check(cls, options: Any) -> None:
        """The folder must be there, and somebody must vouch for its rights.

        Raises:
            MisuseError: one of them is missing.
        """
        super().check(options)
        if not Path(options.target).is_dir():
            raise MisuseError("The source local reads a folder", options.target or "none", "Name it with --target")
        if not options.rights:
            rule = "Files say nothing of their rights, so you must"
            raise MisuseError(rule, "no --rights", "Add --rights cc0 (or the licence that holds for the folder)")

    def seeds(self) -> Iterator[Found]:
        """The folder's images in a fixed order."""
        from imaging.files import find_images  # brings OpenCV, which the options must not

        folder = Path(self.options.target).resolve()
        for path in find_images(folder):
            name = path.relative_to(folder).as_posix()
            yield Candidate(url=path.absolute().as_uri(), work_id=name, rights=(), title=path.stem)
