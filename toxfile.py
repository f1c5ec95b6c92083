"""Let tox find the Pythons that pyenv keeps.

pyenv's shims run only the versions that a directory has chosen, here that of `.python-version`, so the newer Python
that the suite runs on too would seem to be missing.
"""

from __future__ import annotations

import os
from pathlib import Path

_VERSIONS = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"

os.environ["PATH"] = os.pathsep.join([*map(str, sorted(_VERSIONS.glob("*/bin"))), os.environ.get("PATH", "")])
