"""`python scripts/bench`: see `command.py`."""

import sys

import command

sys.exit(command.main())
