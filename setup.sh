#!/bin/sh
# Usage: setup.sh PYTHON VENV LOCKFILE. Makes the virtual environment and installs what the lock file names.
set -eu
python=$1 venv=$2 lock=$3

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo -n "$@"; else return 1; fi
}

# apt_install WHY PACKAGE…: installs, or says in one sentence what the reader has to do.
apt_install() {
    why=$1
    shift
    echo "Installing $* ($why)"
    if command -v apt-get >/dev/null 2>&1 && as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends "$@" >/dev/null; then return 0; fi
    echo "Please install them yourself and run this again: sudo apt-get install $*" >&2
    return 1
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "CSSS needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11 …" >&2
    exit 1
}
"$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install "Python's venv module" python3-venv
for library in libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0; do
    "$python" -c "import ctypes; ctypes.CDLL('$library')" 2>/dev/null || missing=1
done
[ -z "${missing:-}" ] || apt_install "the libraries that draw the PDF" libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing the Python packages of $lock"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -e .
