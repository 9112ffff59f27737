from __future__ import annotations

import subprocess
import sys

import pytest

from imaging.errors import MisuseError
from studio.options import StudioOptions


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 70000},
        {"port": -1},
        {"host": " "},
        {"max_upload_mb": 0},
        {"max_megapixels": -1},
        {"rate": -1},
        {"waiting": 0},
        {"workers": 0},
        {"keep_minutes": 0},
        {"max_upload_mb": float("nan")},
        {"engine": "abacus"},
        {"results": ("no such folder",)},
    ],
)
def test_nonsense_is_refused_at_birth(wrong):
    with pytest.raises(MisuseError) as caught:
        StudioOptions(**wrong)
    assert str(next(iter(wrong.values()))).strip("(),'") in str(caught.value)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True), ("0.0.0.0", False), ("mill", False)],
)
def test_only_loopback_counts_as_this_machine(host, local):
    assert StudioOptions(host=host).is_local is local


def test_the_default_is_loopback_and_ten_megabytes():
    options = StudioOptions()
    assert options.is_local and options.max_upload_bytes == 10_000_000


def test_importing_the_options_imports_no_framework():
    code = "import sys, studio; print([m for m in ('fastapi', 'uvicorn', 'numpy', 'cv2', 'keras') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
