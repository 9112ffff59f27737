from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from imaging.errors import ImagicError
from studio.options import StudioOptions
from studio.server import ServeReport, listen

SERVE = "import sys, studio; report = studio.serve(studio.StudioOptions(port=0)); print(*report.lines())"


def test_the_studio_opens_says_where_and_leaves_nothing_when_it_is_interrupted(tmp_path, png):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        address = re.search(r"http://\S+/", process.stdout.readline())[0]
        assert b"Restore a picture" in urlopen(address).read()
        assert urlopen(f"{address}api/pictures", data=png).status == 201
        assert any(tmp_path.rglob("source"))
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert "deleted" in said and list(tmp_path.iterdir()) == []


def test_a_taken_port_is_one_sentence():
    with listen(StudioOptions(port=0)) as taken, pytest.raises(ImagicError, match="free address"):
        listen(StudioOptions(port=taken.getsockname()[1]))


def test_the_report_ends_well():
    assert ServeReport().exit_code == 0 and ServeReport().lines()
