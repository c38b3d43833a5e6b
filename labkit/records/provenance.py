"""Where a run was made: machine, versions, commit, time."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from labkit import folders

CPUINFO = Path("/proc/cpuinfo")


def collect() -> Mapping[str, str]:
    """Return where and when this process runs, every value a short text.

    Loads Keras. `commit` ends in "+changes" where the checkout differs from it, and is
    "unknown" outside a checkout.
    """
    import keras

    backend = keras.backend.backend()
    return {
        "backend": backend,
        "device": device(),
        "threads": threads(),
        "precision": keras.config.dtype_policy().name,
        "python": platform.python_version(),
        "keras": keras.__version__,
        backend: sys.modules[backend].__version__,  # under whatever name it was installed
        "numpy": metadata.version("numpy"),
        "commit": commit(),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def has_gpu() -> bool:
    """Say whether a GPU trains."""
    import keras

    return any(name.startswith(("gpu", "cuda")) for name in keras.distribution.list_devices())


def device() -> str:
    """Return what trains, e.g. "2 CPU cores (AMD EPYC)" or "GPU (NVIDIA H200)"."""
    if has_gpu():
        return f"GPU ({_gpu_name()})"
    return f"{cores()} CPU cores ({_processor()})"


def cores() -> int:
    """Return the cores this process may use: in a container, fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> str:
    """Return how many threads an operation may use; the order of its sums depends on it."""
    chosen = (os.environ.get(name) for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"))
    return next(filter(None, chosen), str(cores()))


def processor_features() -> frozenset[str]:
    """Return what the processor's instructions are, by Linux's names; elsewhere nothing."""
    return frozenset(_of_processor("flags").split())


def _processor() -> str:
    return _of_processor("model name") or platform.processor() or platform.machine()


def _of_processor(entry: str) -> str:
    """Return what Linux says of the processor under this name; nothing where it says nothing."""
    if CPUINFO.is_file():
        for line in CPUINFO.read_text(encoding="utf-8").splitlines():
            if line.startswith(entry):
                return " ".join(line.split(":", 1)[1].split())
    return ""


def _gpu_name() -> str:
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        lines = subprocess.run(
            query, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return "of unknown make"
    return lines[0].strip() if lines else "of unknown make"


def commit() -> str:
    """Return the checkout's commit; with "+changes" where labkit or notebooks differ from it."""
    root = folders.checkout()
    if root is None:
        return "unknown"
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--", "labkit", "notebooks")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+changes" if changed else head


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
