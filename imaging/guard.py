"""Decode in another process, so that a codec that crashes, hangs or eats memory costs one file and not the run.

Decoders are C libraries fed with whatever an archive holds. A pool of small processes (no network, no framework)
decodes for the job; each is given a deadline and a ceiling on its memory for every file, and is replaced when it dies.
The deadline is the process's own alarm, so it also ends a process whose parent was killed.

Samples come back through a socket, straight into the array that they end up in.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import resource
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imaging.files import UnreadableImage, read_picture
from imaging.header import probe
from imaging.picture import Picture

_ROOT = Path(__file__).resolve().parent.parent
_BASE_MEMORY = 1 << 30
_MEMORY_PER_PIXEL = 32  # stored, turned and handed over, at 16 bits and four channels
_SECONDS_PER_MEGAPIXEL = 1.0
_FILES_PER_PROCESS = 2000  # then it is replaced, so that what a codec leaks stays small


class DecoderPool:
    """Reads pictures in other processes; safe to call from many threads.

    Args:
        seconds: how long a small picture may take; large ones get a second more for each megapixel.
        max_pixels: the largest width x height taken in, all pages together.
    """

    def __init__(self, *, seconds: float = 60.0, max_pixels: int = 1 << 30) -> None:
        self._seconds, self._max_pixels = seconds, max_pixels
        self._idle: queue.LifoQueue[_Decoder] = queue.LifoQueue()

    def read(self, path: Path, *, pages: int | None = None) -> Picture:
        """Read a picture as `imaging.files.read_picture` does.

        Raises:
            UnreadableImage: as there, and "unreadable" when the decoder crashed or ran out of time.
        """
        try:
            decoder = self._idle.get_nowait()
        except queue.Empty:
            decoder = _Decoder()
        answer = decoder.ask((os.fspath(path), self._max_pixels, pages, self._seconds))
        if answer is None:
            raise UnreadableImage("unreadable", path, decoder.epitaph())
        if decoder.asked < _FILES_PER_PROCESS:
            self._idle.put(decoder)
        else:
            decoder.close()
        if isinstance(answer, UnreadableImage):
            raise answer
        return answer

    def close(self) -> None:
        """End the idle processes."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def __enter__(self) -> DecoderPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Decoder:
    """One process, and this side of the socket to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "imaging.guard", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._socket = ours
        self.asked = 0

    def ask(self, request: tuple[str, int, int | None, float]) -> Picture | UnreadableImage | None:
        """Return the picture, or why there is none; None when the process died over it."""
        self.asked += 1
        try:
            _send(self._socket, request)
            answer: Picture | UnreadableImage = _receive(self._socket)
            return answer
        except (OSError, EOFError):
            return None

    def epitaph(self) -> str:
        """Bury a dead process and say what it died of."""
        self._socket.close()
        code = self._process.wait()
        if code == -signal.SIGALRM:
            return "the decoder ran out of time"
        return f"the decoder crashed ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def serve(channel: socket.socket, read: Callable[..., Picture] = read_picture) -> None:
    """Answer requests until the other side goes away; the loop of a decoding process."""
    while True:
        try:
            path, max_pixels, pages, seconds = _receive(channel)
        except (OSError, EOFError):
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)
        answer = _read(read, Path(path), max_pixels, pages, seconds)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(channel, answer)


def _read(
    read: Callable[..., Picture], path: Path, max_pixels: int, pages: int | None, seconds: float
) -> Picture | UnreadableImage:
    try:
        _limit_memory(_BASE_MEMORY)
        header = probe(path, max_pixels=max_pixels)
        pixels = header.width * header.height * (header.pages if pages is None else min(pages, header.pages))
        if pixels > max_pixels:
            raise UnreadableImage("too-large", path, f"{header.pages} pages of {header.width} x {header.height}")
        _limit_memory(_BASE_MEMORY + _MEMORY_PER_PIXEL * pixels)
        signal.setitimer(signal.ITIMER_REAL, seconds + _SECONDS_PER_MEGAPIXEL * pixels / 1e6)
        return read(path, max_pixels=max_pixels, pages=pages)
    except UnreadableImage as unreadable:
        return unreadable
    except MemoryError:
        return UnreadableImage("too-large", path, "decoding it takes more memory than its size explains")


def _limit_memory(more: int) -> None:
    """Allow this process `more` bytes of address space on top of what it has; where the system cannot, do nothing."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _send(channel: socket.socket, message: Any) -> None:
    """Send a message: its pickle, and after it the arrays as they lie in memory."""
    arrays: list[pickle.PickleBuffer] = []
    text = pickle.dumps(message, protocol=5, buffer_callback=arrays.append)
    views = [array.raw() for array in arrays]
    channel.sendall(struct.pack(f"<QQ{len(views)}Q", len(text), len(views), *[view.nbytes for view in views]) + text)
    for view in views:
        channel.sendall(view)


def _receive(channel: socket.socket) -> Any:
    """Receive what `_send` sent from the process on the other side, which is this project's own.

    Raises:
        EOFError: when the other side is gone.
    """
    length, count = struct.unpack("<QQ", _exactly(channel, 16))
    sizes = struct.unpack(f"<{count}Q", _exactly(channel, 8 * count))
    text = _exactly(channel, length)
    return pickle.loads(text, buffers=[_exactly(channel, size) for size in sizes])


def _exactly(channel: socket.socket, size: int) -> bytearray:
    block = bytearray(size)
    view, got = memoryview(block), 0
    while got < size:
        count = channel.recv_into(view[got:])
        if not count:
            raise EOFError
        got += count
    return block


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as mine:
        serve(mine)
