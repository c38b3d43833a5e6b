"""What every test, and every kernel that `pytest --nbval` starts, inherits."""

import os

# Kernels read these when they start, so they are set before any does. Whoever sets them
# beforehand, to train or to ask for the real data, is left alone.
os.environ.setdefault("LABKIT_MODE", "replay")
os.environ.setdefault("LABKIT_SOURCE", "local")  # a mirror or the cache, else the excerpts

# Copies of the notebooks that the site's build and executed runs leave behind.
collect_ignore = ["_build", "book", "dist"]


def pytest_configure(config):
    """Run notebooks in this Python, whatever kernel called python3 a person has installed."""
    config.option.nbval_current_env = True
