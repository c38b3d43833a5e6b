"""Read many damaged files: records, claims, archives, unfinished trainings.

Each has to end in one of labkit's errors or in a right result. Other damages are tried each time.

    python scripts/campaign.py --examples 20000
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run the tests of tests/campaign with so many damages each; return their exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=20_000, help="damages of each kind")
    examples = str(parser.parse_args(arguments).examples)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-o", "timeout=0", "tests/campaign"]
    environment = os.environ | {"CAMPAIGN_EXAMPLES": examples}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
