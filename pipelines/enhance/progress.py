"""A bar on the terminal that reads the ledger, and so works wherever the workers are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from pipelines.enhance.ledger import Ledger

_EVERY_SECONDS = 0.5


@contextmanager
def showing_progress(ledger: Ledger, run: int, inputs: int) -> Iterator[None]:
    """Show how many pictures of a run are settled, with pictures and megapixels a second and the time left."""
    over = threading.Event()
    with tqdm(total=inputs, desc="enhance", unit="image", smoothing=0.1, dynamic_ncols=True) as bar:
        thread = threading.Thread(target=_follow, args=(ledger, run, bar, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _follow(ledger: Ledger, run: int, bar: tqdm[None], over: threading.Event) -> None:
    began = time.monotonic()
    while True:
        last = over.wait(_EVERY_SECONDS)
        settled, megapixels, _ = ledger.work(run)
        bar.set_postfix_str(f"{megapixels / (time.monotonic() - began):.2f} MP/s", refresh=False)
        bar.update(settled - bar.n)
        if last:
            return
