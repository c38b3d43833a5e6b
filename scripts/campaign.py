"""Damage files and kill recordings, many times.

Each damaged record, claims file, archive or unfinished training has to end in one of labkit's
errors or in a right result. Each killed recording has to come to the end that it would have come
to. Other damages and other moments are tried each time.

    python scripts/campaign.py --examples 20000
    python scripts/campaign.py --kills 50
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = 20_000


def main(arguments: list[str] | None = None) -> int:
    """Run the tests of tests/campaign with so many damages or kills; return their exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--examples", type=int, default=EXAMPLES, help="damages of each kind")
    how.add_argument("--kills", type=int, help="kill recordings so many times instead")
    options = parser.parse_args(arguments)
    tests, asked = "tests/campaign", {"CAMPAIGN_EXAMPLES": str(options.examples)}
    if options.kills:
        tests, asked = "tests/campaign/test_kills.py", {"CAMPAIGN_KILLS": str(options.kills)}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-o", "timeout=0", tests]
    return subprocess.run(command, cwd=ROOT, env=os.environ | asked, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
