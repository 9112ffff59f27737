"""Start a crawl, from the command line, from Python or from a test, as often as wanted.

Importing this module imports no Scrapy: the crawl runs in a process of its own (see `crawler.child`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from crawler.catalogue import Catalogue
from crawler.manifest import CATALOGUE_NAME
from crawler.options import CONTACT_VARIABLE, CrawlOptions
from crawler.report import CrawlReport
from crawler.spiders import SOURCES
from crawler.status import StatusReport, read_status
from imaging.errors import ImagicError, MisuseError


def crawl(options: CrawlOptions) -> CrawlReport | StatusReport:
    """Crawl one source into a folder; what an earlier run of the same job left is resumed.

    With `options.status` nothing is crawled: what the folder holds is counted.

    Raises:
        MisuseError: there is no contact for hosts that are not ours.
        ImagicError: the folder cannot be written or is in use, or the crawling process died.
    """
    if options.status:
        return read_status(options.out)
    given = json.dumps(replace(options, contact=find_contact(options)).to_dict())
    child = subprocess.Popen(
        [sys.executable, "-m", "crawler.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        text=True,
    )
    try:
        answer, _ = child.communicate(given)
    except KeyboardInterrupt:
        # The terminal has told the child too; it finishes what is under way.
        answer, _ = child.communicate()
    return _read_answer(answer, child.returncode)


def find_contact(options: CrawlOptions) -> str:
    """The contact to identify with: given now, or remembered in the output folder.

    Raises:
        MisuseError: neither, and the source has hosts of others.
    """
    contact = options.contact or _remembered_contact(options.out)
    if not contact and SOURCES[options.source].needs_contact and not options.is_loopback:
        raise MisuseError(
            "A crawl tells every host whom to write to",
            "no contact",
            f"Give --contact you@example.org once per output folder, or set {CONTACT_VARIABLE}",
        )
    return contact


def _remembered_contact(folder: Path) -> str:
    if not (folder / CATALOGUE_NAME).is_file():
        return ""
    with Catalogue(folder) as catalogue:
        return catalogue.recall("contact")


def _environment() -> dict[str, str]:
    """This process's environment, with the folder that holds the packages on the child's path."""
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path}


def _read_answer(answer: str, exit_code: int) -> CrawlReport:
    try:
        told: dict[str, Any] = json.loads(answer)
    except ValueError as error:
        rule = "A crawl ends with a report"
        raise ImagicError(rule, f"exit code {exit_code}", "Run it again; it goes on where it stopped") from error
    if "error" in told:
        raise ImagicError(*told["error"])
    return CrawlReport.from_dict(told["report"])
