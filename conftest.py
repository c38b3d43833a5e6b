"""What every test, and every kernel that `pytest --nbval` starts, inherits."""

import os

# Kernels read the environment when they start, so it is settled before any does. A person's own
# seed, budget or store would show other numbers than the pages do, so they are put away. Left
# alone are LABKIT_DATA, which says where data are on this machine, and LABKIT_MODE and
# LABKIT_SOURCE: whoever sets these beforehand wants to train, or to ask for the real data.
_LEFT_ALONE = {"LABKIT_DATA", "LABKIT_MODE", "LABKIT_SOURCE"}
for _name in [name for name in os.environ if name.startswith("LABKIT_")]:
    if _name not in _LEFT_ALONE:
        del os.environ[_name]
os.environ.setdefault("LABKIT_MODE", "replay")
os.environ.setdefault("LABKIT_SOURCE", "local")  # a mirror or the cache, else the excerpts

# Copies of the notebooks that the site's build and executed runs leave behind.
collect_ignore = ["_build", "book", "dist"]


def pytest_configure(config):
    """Run notebooks in this Python, whatever kernel called python3 a person has installed."""
    config.option.nbval_current_env = True
