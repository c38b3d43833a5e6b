"""A machine of one's own, as labkit sees it."""

import os


def with_own_folders(monkeypatch, folder):
    """Give labkit empty user, cache and store folders, and no setting in the environment."""
    for name in [name for name in os.environ if name.startswith("LABKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("LABKIT_STORE", str(folder / "store"))
