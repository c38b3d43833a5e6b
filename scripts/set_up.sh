#!/bin/sh
# Make .venv from requirements.lock, with whichever Python from 3.11 to 3.13 this machine has.
# Called by make when the lock or pyproject.toml is newer than the last set-up. PYTHON=... chooses one.
set -eu
cd "$(dirname "$0")/.."
venv=.venv

fail() {
    printf '%s\n' "" "$@" >&2
    exit 1
}

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

supported() {
    case "$1" in 3.11 | 3.12 | 3.13) return 0 ;; *) return 1 ;; esac
}

find_python() {
    found="" bare=""
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        version=$(version_of "$candidate")
        [ -n "$version" ] || continue
        found="$found $candidate ($version)"
        supported "$version" || continue
        # Debian ships Python without ensurepip, and venv fails only half-way through.
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            python=$candidate
            return 0
        fi
        bare="$candidate $version"
    done
    if [ -n "$bare" ]; then
        fail "Python environment: expected a Python with the venv module; received ${bare% *} without it." \
            "Install it (on Debian and Ubuntu: sudo apt install python${bare#* }-venv), then run make again."
    fi
    fail "Python: expected 3.11, 3.12 or 3.13; received:${found:- none}." \
        "Install one of them, or name one: make PYTHON=/path/to/python3.12 ..."
}

rebuild=no
if [ -d "$venv" ] && ! supported "$(version_of "$venv/bin/python")"; then
    rebuild=yes # its Python was removed, or is one that the lock does not cover
elif [ -n "${PYTHON:-}" ] && [ -d "$venv" ] && [ "$(version_of "$PYTHON")" != "$(version_of "$venv/bin/python")" ]; then
    rebuild=yes
fi
if [ "$rebuild" = yes ] || [ ! -d "$venv" ]; then
    find_python
    echo "Setting up $venv with $python ($(version_of "$python")); this takes a few minutes, once."
    rm -rf "$venv"
    "$python" -m venv "$venv"
else
    echo "Bringing $venv up to date."
fi

pip() {
    # An outer environment's settings must not leak into this one.
    PYTHONPATH="" "$venv/bin/python" -m pip --disable-pip-version-check "$@"
}

not_installed() {
    fail "The packages of requirements.lock could not be installed (see above)." \
        "A package index must be reachable: check the network, or pip's index and proxy settings. Then run make again."
}

pip install --quiet --require-hashes --requirement requirements.lock || not_installed
# The lock has labkit's own build tools too, so nothing more is fetched here.
pip install --quiet --no-deps --no-build-isolation --editable .
touch "$venv/.ready"
