"""Stored images per second and peak memory of a crawl on loopback, beside Scrapy's FilesPipeline.

    python benchmarks/crawl.py [--images 1000 4000] [--ways crawl files-pipeline]

A server process gives JPEGs of 262 KB, each with bytes of its own. `crawl` is what a user calls: frontier, opt-out
statements, header probe, decode, hash and quality estimates, fsync, manifest. `files-pipeline` only downloads and
writes. `bare-crawl` is `crawl` without decoding and measuring, to show what the estimates cost. Each row is a process
of its own, measured from its start to its end; memory is the peak resident size of the crawling
process. CPU time per image says more than wall clock where the machine is shared.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

NUM_BYTES = 262_000

CRAWL = """
import json, resource, sys
from crawler.options import CrawlOptions
from crawler.run import crawl
report = crawl(CrawlOptions.from_dict(json.loads(sys.argv[1])))
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([report.stored, used.ru_maxrss, used.ru_utime + used.ru_stime]))
"""

BARE_CRAWL = """
import json, resource, sys
import crawler.intake
from crawler.appraise import Appraisal
from crawler.child import crawl_here
from crawler.options import CrawlOptions
crawler.intake.appraise = lambda data, header: Appraisal("", 0.0, 0.0, 0.0, False)
report = crawl_here(CrawlOptions.from_dict(json.loads(sys.argv[1])))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([report.stored, used.ru_maxrss, used.ru_utime + used.ru_stime]))
"""

FILES_PIPELINE = """
import json, resource, sys
from pathlib import Path
from scrapy import Spider
from scrapy.crawler import CrawlerProcess
options = json.loads(sys.argv[1])
class Listed(Spider):
    name = "listed"
    async def start(self):
        for line in Path(options["target"]).read_text().split()[1:]:
            yield {"file_urls": [line.partition(",")[0]]}
process = CrawlerProcess({
    "ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1}, "FILES_STORE": options["out"],
    "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False,
    "DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS": 8, "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
})
process.crawl(Listed)
process.start()
stored = sum(path.is_file() for path in Path(options["out"]).rglob("*"))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([stored, used.ru_maxrss, used.ru_utime + used.ru_stime]))
"""

WAYS = {"crawl": CRAWL, "bare-crawl": BARE_CRAWL, "files-pipeline": FILES_PIPELINE}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    print(f"{'way':16}{'images':>8}{'seconds':>9}{'images/s':>10}{'MB/s':>7}{'peak MiB':>10}{'CPU ms/image':>14}")
    with server() as base_url, tempfile.TemporaryDirectory() as folder:
        for count in given.images:
            for way in given.ways:
                print_row(way, count, *measure(WAYS[way], base_url, Path(folder) / f"{way}-{count}", count))


def print_row(way: str, count: int, seconds: float, stored: int, peak: int, cpu: float) -> None:
    if stored != count:
        raise SystemExit(f"{way} stored {stored} of {count} images")
    rate = count / seconds
    speed = f"{seconds:9.1f}{rate:10.1f}{rate * NUM_BYTES / 1e6:7.1f}"
    print(f"{way:16}{count:8}{speed}{peak / 1024:10.0f}{cpu / count * 1000:14.1f}", flush=True)


def measure(program: str, base_url: str, folder: Path, count: int) -> tuple[float, int, int, float]:
    """Seconds, stored images, peak KiB and CPU seconds of one run of a program."""
    folder.mkdir()
    listed = folder / "list.csv"
    listed.write_text("url,rights\n" + "".join(f"{base_url}/{folder.name}/{n}.jpg,cc0\n" for n in range(count)))
    options = {"source": "urls", "out": str(folder / "out"), "target": str(listed), "base_url": base_url}
    given = json.dumps({**options, "licences": ["cc0"], "progress": False})
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program, given], capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(done.stderr)
    stored, peak, cpu = json.loads(done.stdout.splitlines()[-1])
    return seconds, stored, peak, cpu


@contextmanager
def server() -> Iterator[str]:
    """The server as a process of its own; yields its address."""
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


async def serve() -> None:
    """Answer every .jpg with the picture and a tail of its own, everything else with 404."""
    picture = make_picture()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readline():
            while (await reader.readline()) not in (b"\r\n", b""):
                pass
            path = request.split()[1]
            body = picture + path.ljust(64) if path.endswith(b".jpg") else b""
            status = b"200 OK" if body else b"404 Not Found"
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
            await writer.drain()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", flush=True)
    await listener.serve_forever()


def make_picture() -> bytes:
    """A photograph as a JPEG of about NUM_BYTES."""
    from PIL import Image
    from skimage import data

    large = Image.fromarray(data.astronaut()).resize((1200, 1200), Image.Resampling.LANCZOS)
    grain = np.random.default_rng(0).normal(0, 2, (1200, 1200, 3))
    pixels = Image.fromarray((np.asarray(large) + grain).clip(0, 255).astype(np.uint8))
    for quality in range(60, 100):
        buffer = io.BytesIO()
        pixels.save(buffer, "JPEG", quality=quality)
        if buffer.tell() >= NUM_BYTES - 64:
            break
    return buffer.getvalue()


if __name__ == "__main__":
    main()
