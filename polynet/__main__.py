"""`python -m polynet`."""

from __future__ import annotations

import sys

from polynet.cli.main import main

sys.exit(main())
