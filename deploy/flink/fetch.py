"""Fetches what a local Flink cluster needs, once, into .flink/ of the checkout: `python deploy/flink/fetch.py`.

    .flink/flink-2.2.0/lib/                                  Flink itself, from PyPI (190 MB)
    .flink/beam-runners-flink-2.2-job-server-2.77.0.jar      Beam's job server, from Maven Central, by `mvn`
    .flink/bin/prism                                         Beam's local portable runner, by `go`

Each is left out, with a line that says why, when its tool or the artefact itself is missing; what is there stays.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

FLINK, BEAM = "2.2.0", "2.77.0"
ROOT = Path(__file__).resolve().parent.parent.parent
HOME = ROOT / ".flink"
LIBRARIES = HOME / f"flink-{FLINK}" / "lib"
JOB_SERVER = HOME / f"beam-runners-flink-{FLINK.rpartition('.')[0]}-job-server-{BEAM}.jar"
PRISM = HOME / "bin" / "prism"
_NEEDED = ("flink-dist-", "log4j-")  # the rest are table connectors and formats


def fetch_flink() -> None:
    """Takes Flink's jars out of its PyPI package."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"apache-flink-libraries=={FLINK}"
        _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, wanted])
        (wheel,) = Path(folder).glob("*.whl")
        partial = LIBRARIES.with_name(".lib")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith("pyflink/lib/") and Path(name).name.startswith(_NEEDED):
                    (partial / Path(name).name).write_bytes(archive.read(name))
        partial.rename(LIBRARIES)


def fetch_job_server() -> None:
    """Asks Maven for Beam's job server."""
    artifact = f"org.apache.beam:beam-runners-flink-{FLINK.rpartition('.')[0]}-job-server:{BEAM}"
    with tempfile.TemporaryDirectory() as folder:
        _run(["mvn", "-q", "-B", "dependency:get", f"-Dartifact={artifact}", "-Dtransitive=false"])
        _run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"])
        shutil.move(Path(folder, JOB_SERVER.name), JOB_SERVER)


def fetch_prism() -> None:
    """Builds Prism with the Go toolchain."""
    module = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{BEAM}"
    _run(["go", "install", module], {**os.environ, "GOBIN": str(PRISM.parent)})


PARTS: dict[str, tuple[Path, Callable[[], None]]] = {
    "flink": (LIBRARIES, fetch_flink),
    "job-server": (JOB_SERVER, fetch_job_server),
    "prism": (PRISM, fetch_prism),
}


def main() -> None:
    """Fetches the named parts; exit code 1 when one could not be had."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    HOME.mkdir(exist_ok=True)
    missing = 0
    for name in parser.parse_args().parts or PARTS:
        place, fetch = PARTS[name]
        try:
            if not place.exists():
                fetch()
            print(f"{name}: {place.relative_to(ROOT)}")
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            missing += 1
            print(f"{name}: not to be had here ({_told(error)})", file=sys.stderr)
    sys.exit(bool(missing))


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)


def _told(error: Exception) -> str:
    """Returns the first line in which a failed command says what is wrong."""
    text = f"{error.stdout}\n{error.stderr}" if isinstance(error, subprocess.CalledProcessError) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "ERROR" in line or "could not" in line.lower()), lines[-1])[:300]


if __name__ == "__main__":
    main()
