"""What this machine has of what the course needs; each line says OK or the exact remedy."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from labkit import choices, folders
from labkit.data import sources
from labkit.errors import LabkitError, ParameterError
from labkit.records import provenance, store

PYTHONS = ((3, 11), (3, 13))  # the oldest and the newest that Keras, numpy and pandas build for
FREE_BYTES = 2_000_000_000  # the real data of every dataset, and room to train
PROBE_SECONDS = 180

# Run in a process of its own: a backend that crashes on this processor must not end the doctor.
_PROBE = """
import json, keras
try:
    devices = keras.distribution.list_devices("gpu")
except Exception:
    devices = []
total = float(keras.ops.sum(keras.ops.ones((2, 2))))
report = {"keras": keras.__version__, "backend": keras.backend.backend(), "gpus": len(devices)}
print(json.dumps(report | {"computes": total == 4.0}))
"""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        subject: what was looked at.
        found: what is there.
        remedy: what to do about it; empty where all is well.
        needed: whether the course can do without.
    """

    subject: str
    found: str
    remedy: str = ""
    needed: bool = True

    @property
    def ok(self) -> bool:
        """Whether there is nothing to do."""
        return not self.remedy


def examine() -> Iterator[Finding]:
    """Yield the findings in the report's order, each as soon as it is known.

    Loads Keras, in another process; nothing is downloaded or written.
    """
    yield _python()
    yield from _keras()
    yield Finding("CPU cores", str(provenance.cores()))
    yield _disk()
    yield from _environment()
    yield from _datasets()
    yield _records()
    yield _kernel()
    yield _package("papermill", "it runs whole notebooks: labkit run, labkit record")
    yield _command()


def healthy(findings: list[Finding]) -> bool:
    """Say whether everything that the course needs is there."""
    return all(finding.ok for finding in findings if finding.needed)


def table(findings: list[Finding]) -> Any:
    """Return the findings as a `rich.table.Table`: subject, OK or not, found, remedy."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = Table(box=box.SIMPLE, title="What this machine has", title_justify="left")
    lines.add_column("What", no_wrap=True)
    lines.add_column("", no_wrap=True)
    lines.add_column("Found, and what to do", overflow="fold")
    for one in findings:
        word, style = _verdict(one)
        what_to_do = f"\n→ {one.remedy}" if one.remedy else ""
        lines.add_row(one.subject, Text(word, style=style), Text(one.found + what_to_do))
    return lines


def _verdict(finding: Finding) -> tuple[str, str]:
    if finding.ok:
        return "OK", "green"
    return ("to do", "bold red") if finding.needed else ("optional", "yellow")


def _python() -> Finding:
    oldest, newest = (".".join(map(str, version)) for version in PYTHONS)
    fits = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    remedy = "" if fits else f"Install Python {oldest} to {newest}, then labkit in it."
    return Finding("Python", f"{platform.python_version()} ({sys.executable})", remedy)


def _keras() -> Iterator[Finding]:
    """Yield what is to say of Keras, TensorFlow and the GPU."""
    if _version("keras") is None:
        yield Finding("Keras", "not installed", _install("keras", "tensorflow"))
        return
    report = _probe()
    if "problem" in report:
        remedy = f"{_install('keras', 'tensorflow')} {_BACKENDS}"
        yield Finding("Keras", f"{_version('keras')}, does not start: {report['problem']}", remedy)
        return
    backend, right = report["backend"], report["computes"]
    found = f"{report['keras']} on {backend}" + ("" if right else ", computes wrongly")
    yield Finding("Keras", found, "" if right else _install("--force-reinstall", backend))
    yield _tensorflow(backend)
    gpus = report["gpus"]
    yield Finding("GPU", f"{gpus}" if gpus else "none; a CPU is enough", needed=False)


_BACKENDS = "Or set KERAS_BACKEND to a backend that is installed: tensorflow, jax or torch."


def _probe() -> dict[str, Any]:
    """Return what Keras says of itself, or {"problem": its last line of complaint}."""
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", _PROBE]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=quiet, timeout=PROBE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"no answer within {PROBE_SECONDS} seconds"}
    if done.returncode == 0 and done.stdout.strip():
        return json.loads(done.stdout.splitlines()[-1])
    complaint = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return {"problem": complaint[-1]}


def _tensorflow(backend: str) -> Finding:
    version = _version("tensorflow")
    if version is None:
        return Finding("TensorFlow", f"not installed; Keras runs on {backend}", needed=False)
    return Finding("TensorFlow", version)


def _disk() -> Finding:
    folder = folders.cache_folder()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(there).free
    remedy = f"Free {_size(FREE_BYTES - free)} there, or set XDG_CACHE_HOME to a larger disk."
    found = f"{_size(free)} free for {folder}"
    return Finding("Disk", found, "" if free >= FREE_BYTES else remedy, needed=False)


def _environment() -> Iterator[Finding]:
    """Yield what no notebook would start with; nothing where all is well."""
    asked = [functools.partial(choices.choice, name) for name in choices.NAMES]
    for ask in (*asked, choices.seed):
        try:
            ask()
        except ParameterError as problem:
            yield _wrong(problem)


def _wrong(problem: ParameterError) -> Finding:
    return Finding(problem.subject, problem.received, f"Unset it, or correct it. {problem.remedy}")


def _datasets() -> Iterator[Finding]:
    try:
        mirror = folders.mirror_folder()
        if mirror is not None:
            folders.require_there(mirror, subject="LABKIT_DATA")
    except ParameterError as problem:
        yield _wrong(problem)
        return
    yield from map(_dataset, sources.NAMES)


def _dataset(name: str) -> Finding:
    try:
        status = sources.status(name)
    except (LabkitError, OSError) as error:
        return Finding(name, "cannot be read", str(error))
    size, fetch = f"({_size(status.bytes)})", f"labkit data fetch {name}"
    if status.source == "sample":
        found = f"an excerpt, travels with labkit {size}"
        return Finding(name, found, fetch, needed=False)
    if status.source == "package":
        return Finding(name, f"whole, travels with labkit {size}")
    if status.path is None:
        return Finding(name, "not on this machine", fetch, needed=False)
    return Finding(name, f"{status.source}, {status.path} {size}")


def _records() -> Finding:
    try:
        folder = folders.store_folder()
    except ParameterError as problem:
        return _wrong(problem)
    count = len(store.experiments(folder))
    remedy = "Set LABKIT_STORE to a folder of records, or install labkit again: replay needs them."
    return Finding("Records", f"{count} experiments in {folder}", "" if count else remedy)


def _kernel() -> Finding:
    if not (importlib.util.find_spec("ipykernel") and importlib.util.find_spec("jupyter_client")):
        return Finding("Notebook kernel", "not installed", _install("ipykernel"))
    from jupyter_client.kernelspec import KernelSpecManager

    python = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    if python.is_absolute() and python != Path(sys.executable):
        remedy = f"{_python_m('ipykernel install --sys-prefix')}: notebooks then run in this Python"
        return Finding("Notebook kernel", f"python3 starts another Python, {python}", remedy)
    return Finding("Notebook kernel", f"ipykernel {_version('ipykernel')}")


def _package(name: str, purpose: str) -> Finding:
    version = _version(name)
    if version is None:
        return Finding(name, f"not installed; {purpose}", _install(name))
    return Finding(name, version)


def _command() -> Finding:
    """Look for the command `labkit` by its bare name, as pages and remedies give it."""
    found = shutil.which("labkit")
    remedy = f"Write {_python_m('labkit')} wherever labkit is said, or activate its environment."
    return Finding("labkit", found or "not on the PATH", "" if found else remedy, needed=False)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _install(*packages: str) -> str:
    return _python_m(f"pip install {' '.join(packages)}")


def _python_m(rest: str) -> str:
    return f'"{sys.executable}" -m {rest}'


def _size(count: int) -> str:
    """Return a number of bytes as a person says it.

    >>> _size(11_490_434), _size(512), _size(2_000_000_000)
    ('11.5 MB', '1 kB', '2.0 GB')
    """
    for factor, unit in ((10**9, "GB"), (10**6, "MB")):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1000:.0f} kB"
