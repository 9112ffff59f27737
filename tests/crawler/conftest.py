import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hostile import HostileSite


@pytest.fixture
def site():
    with HostileSite() as open_site:
        yield open_site
