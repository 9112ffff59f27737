"""Make the fakes beside the tests, and the sample files of the pictures' own tests, importable by their names."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "imaging")]
