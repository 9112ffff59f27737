"""The sample museum: a small server on this machine that a crawl can visit as it would visit a real one.

IIIF Presentation 3 collection and manifests, an Image API 3 service with info.json and sizes, and a robots.txt.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

from demo.collection import WORKS, Work, data_folder

_ROBOTS = "User-agent: *\nDisallow: /private/\n"
_CONTEXT = "http://iiif.io/api/presentation/3/context.json"
_SIZE = re.compile(r"^(?:(max)|(\d+),(\d*)|,(\d+))$")
_MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg"}
_PILLOW_FORMATS = {"png": "PNG", "jpg": "JPEG"}
_SHRINKS = (8, 4, 2, 1)


class SampleMuseum:
    """A museum that is open while the `with` block runs.

    Example:
        with SampleMuseum() as museum:
            crawl(CrawlOptions("iiif", out, base_url=museum.collection_url))

    Args:
        works: what it shows; the packaged photographs by default.
        port: 0 takes a free one.
        max_width: the image service's limit in pixels, None for none.
    """

    def __init__(self, works: tuple[Work, ...] = WORKS, port: int = 0, max_width: int | None = None) -> None:
        self.works = {work.name: work for work in works}
        self.folder = data_folder()
        self.max_width = max_width
        self._files = {Path(name).stem: self.folder / name for work in works for name in work.files}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _make_handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.collection_url = f"{self.url}/iiif/collection.json"

    def __enter__(self) -> SampleMuseum:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """Media type and body for a path; None when there is nothing there."""
        routes: tuple[tuple[str, Callable[..., tuple[str, bytes] | None]], ...] = (
            (r"/robots\.txt", lambda: ("text/plain", _ROBOTS.encode())),
            (r"/iiif/collection\.json", lambda: _as_json(self._collection())),
            (r"/iiif/([\w-]+)/manifest\.json", self._manifest),
            (r"/image/([\w-]+)/info\.json", self._info),
            (r"/image/([\w-]+)/full/([\w,]+)/0/default\.(\w+)", self._image),
        )
        for pattern, respond in routes:
            match = re.fullmatch(pattern, path)
            if match:
                return respond(*match.groups())
        return None

    def _collection(self) -> dict[str, Any]:
        members = [
            {"id": self._manifest_url(work), "type": "Manifest", "label": {"en": [work.title]}}
            for work in self.works.values()
        ]
        label = {"en": ["The sample museum"]}
        return {"@context": _CONTEXT, "id": self.collection_url, "type": "Collection", "label": label, "items": members}

    def _manifest_url(self, work: Work) -> str:
        return f"{self.url}/iiif/{work.name}/manifest.json"

    def _manifest(self, name: str) -> tuple[str, bytes] | None:
        work = self.works.get(name)
        if work is None:
            return None
        told = {"Artist": work.creator, "Date": work.date}
        return _as_json(
            {
                "@context": _CONTEXT,
                "id": self._manifest_url(work),
                "type": "Manifest",
                "label": {"en": [work.title]},
                "metadata": [{"label": {"en": [k]}, "value": {"en": [v]}} for k, v in told.items() if v],
                "rights": work.rights,
                "items": [self._canvas(work, number, file) for number, file in enumerate(work.files, 1)],
            }
        )

    def _canvas(self, work: Work, number: int, file: str) -> dict[str, Any]:
        width, height = self._size(self.folder / file)
        canvas = f"{self.url}/iiif/{work.name}/canvas/{number}"
        body = {
            "id": f"{self._service_url(file)}/full/max/0/default.{Path(file).suffix[1:]}",
            "type": "Image",
            "width": width,
            "height": height,
            "service": [{"id": self._service_url(file), "type": "ImageService3", "profile": "level1"}],
        }
        painting = {"id": f"{canvas}/image", "type": "Annotation", "motivation": "painting", "body": body}
        page = {"id": f"{canvas}/page", "type": "AnnotationPage", "items": [{**painting, "target": canvas}]}
        return {"id": canvas, "type": "Canvas", "width": width, "height": height, "items": [page]}

    def _service_url(self, file: str) -> str:
        return f"{self.url}/image/{Path(file).stem}"

    def _info(self, stem: str) -> tuple[str, bytes] | None:
        if stem not in self._files:
            return None
        width, height = self._size(self._files[stem])
        limit = {"maxWidth": self.max_width} if self.max_width else {}
        sizes = [{"width": width // n, "height": height // n} for n in _SHRINKS]
        return _as_json(
            {
                "@context": "http://iiif.io/api/image/3/context.json",
                "id": f"{self.url}/image/{stem}",
                "type": "ImageService3",
                "protocol": "http://iiif.io/api/image",
                "profile": "level1",
                "width": width,
                "height": height,
                "sizes": [size for size in sizes if size["width"] <= (self.max_width or width)],
                "extraFormats": ["png"],
                **limit,
            }
        )

    def _image(self, stem: str, size: str, extension: str) -> tuple[str, bytes] | None:
        """The file itself when the whole picture is asked in its own format, else a scaled copy."""
        file, asked = self._files.get(stem), _SIZE.match(size)
        if file is None or asked is None or extension not in _MEDIA_TYPES:
            return None
        if asked[1] and file.suffix[1:] == extension and not self.max_width:
            return _MEDIA_TYPES[extension], file.read_bytes()
        with Image.open(file) as picture:
            scaled = picture.resize(self._scaled_size(asked, *picture.size))
        buffer = io.BytesIO()
        scaled.convert("RGB").save(buffer, _PILLOW_FORMATS[extension])
        return _MEDIA_TYPES[extension], buffer.getvalue()

    def _scaled_size(self, asked: re.Match[str], width: int, height: int) -> tuple[int, int]:
        """Pixels for a size segment: `max`, `w,`, `w,h` or `,h`."""
        if asked[1]:
            wide = min(width, self.max_width or width)
            return wide, max(1, round(height * wide / width))
        if asked[4]:
            tall = int(asked[4])
            return max(1, round(width * tall / height)), tall
        wide = int(asked[2])
        return wide, int(asked[3]) if asked[3] else max(1, round(height * wide / width))

    def _size(self, file: Path) -> tuple[int, int]:
        with Image.open(file) as picture:
            return picture.size


def _as_json(document: dict[str, Any]) -> tuple[str, bytes]:
    return "application/json", json.dumps(document, ensure_ascii=False).encode()


def _make_handler(museum: SampleMuseum) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, body = museum.answer(self.path) or ("text/plain", b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: the crawl reports what happens."""

    return Handler
