"""A site on this machine that serves what the worst of the web would: programmed path by path."""

import io
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

Behaviour = Callable[[BaseHTTPRequestHandler], None]


def picture(seed: int, size: tuple[int, int] = (48, 64), kind: str = "PNG", **options) -> bytes:
    """A small image with content of its own: smooth blobs, so that perceptual hashes differ from seed to seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8))
    buffer = io.BytesIO()
    coarse.resize(size, Image.Resampling.BICUBIC).save(buffer, kind, **options)
    return buffer.getvalue()


class HostileSite:
    """Serves what it was told to; remembers who asked for what, when, and with which headers."""

    def __init__(self) -> None:
        self.behaviours: dict[str, Behaviour] = {}
        self.asked: list[tuple[float, str, dict[str, str]]] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "HostileSite":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def serve(self, path: str, body: bytes | str, status: int = 200, **headers: str) -> str:
        """A plain answer; header names are written with underscores. Returns the address."""
        data = body.encode() if isinstance(body, str) else body

        def behave(handler: BaseHTTPRequestHandler) -> None:
            reply(handler, status, data, {name.replace("_", "-"): value for name, value in headers.items()})

        self.behaviours[path] = behave
        return self.url + path

    def serve_json(self, path: str, document: object) -> str:
        return self.serve(path, json.dumps(document), Content_Type="application/json")

    def act(self, path: str, behave: Behaviour) -> str:
        self.behaviours[path] = behave
        return self.url + path

    def times(self, path: str) -> list[float]:
        return [moment for moment, asked, _ in self.asked if asked == path]

    def _make_handler(site) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((time.monotonic(), self.path, dict(self.headers)))
                behave = site.behaviours.get(self.path) or site.behaviours.get(self.path.partition("?")[0])
                try:
                    behave(self) if behave else reply(self, 404, b"nothing here", {})
                except OSError:
                    self.close_connection = True  # the crawler hung up, as it should

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
