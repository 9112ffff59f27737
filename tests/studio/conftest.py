"""A studio with restorers that need no weights, in process and listening."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from skimage import data
from starlette.testclient import TestClient

from studio.app import create_app
from studio.catalogue import Offer
from studio.options import StudioOptions

OFFERS = (
    Offer("denoise", "Denoise", "blurs"),
    Offer("super-resolution-x2", "Super resolution x2", "doubles", scale=2),
    Offer("old-photo", "Old photo", "fills what is marked", mask=True),
    Offer("colorize", "Colorize", "paints points", points=True),
    Offer("slow", "Slow", "takes its time"),
    Offer("broken", "Broken", "raises"),
)


@dataclass
class FakeRestorer:
    """Does something simple and telling, by name."""

    name: str
    version: str = "0" * 64

    @property
    def scale(self) -> int:
        return 2 if self.name == "super-resolution-x2" else 1

    @property
    def accepts_mask(self) -> bool:
        return self.name == "old-photo"

    def restore(self, image, *, mask=None, points=()):
        if self.name == "broken":
            raise RuntimeError("/secret/path is none of the client's business")
        if self.name == "slow":
            time.sleep(0.2)
        restored = cv2.GaussianBlur(image, (0, 0), 1.5) if self.name == "denoise" else image.copy()
        if self.scale == 2:
            return restored.repeat(2, axis=0).repeat(2, axis=1)
        if mask is not None:
            restored[mask > 127] = 0
        for row, column, colour in points:
            restored[row, column] = colour
        return restored

    def detect(self, image):
        found = np.zeros(image.shape[:2], np.float32)
        found[10:11] = 1
        return found


def build_app(**options):
    return create_app(StudioOptions(**options), load=FakeRestorer, offers=OFFERS)


@pytest.fixture(scope="session")
def studio() -> Iterator[TestClient]:
    with TestClient(build_app(rate=0), base_url="http://127.0.0.1:7860") as made:
        yield made


@pytest.fixture
def client(studio) -> Iterator[TestClient]:
    """A client that nobody has met, of a studio that keeps nothing yet; its decoding processes live on."""
    studio.cookies.clear()
    yield studio
    store = studio.app.state.store
    for kept in list(store._kept.values()):
        store.remove(kept)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """(120, 150, 3) uint8."""
    return np.ascontiguousarray(data.astronaut()[20:140, 150:300])


@pytest.fixture(scope="session")
def png(astronaut) -> bytes:
    return cv2.imencode(".png", astronaut[:, :, ::-1])[1].tobytes()


def finished(client: TestClient, job: dict) -> dict:
    """Wait for a job and return its last state."""
    deadline = time.monotonic() + 30
    while job["state"] in ("waiting", "running") and time.monotonic() < deadline:
        time.sleep(0.01)
        job = client.get(f"/api/jobs/{job['id']}").json()
    return job


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """The address of a studio that listens."""
    import uvicorn

    from studio.server import listen

    options = StudioOptions(port=0, rate=0)
    listening = listen(options)
    server = uvicorn.Server(uvicorn.Config(build_app(port=0, rate=0), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
