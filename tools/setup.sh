#!/bin/sh
# Make the virtual environment: `sh tools/setup.sh .venv`. PYTHON names another interpreter.
set -eu
venv=${1:-.venv}

right() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13 python3.14 python; do
    if right "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "setup: no Python 3.11 or later on the path; name one: make setup PYTHON=/path/to/python" >&2
  exit 2
}

# Debian ships venv without ensurepip, in a package of its own.
need_ensurepip() {
  "$1" -c 'import ensurepip' >/dev/null 2>&1 && return
  version=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -qq -y "$version"
    return
  fi
  echo "setup: this Python cannot make virtual environments; install $version" >&2
  exit 2
}

if ! right "$venv/bin/python"; then
  python=$(find_python)
  need_ensurepip "$python"
  echo "setup: $("$python" --version) -> $venv"
  "$python" -m venv --clear "$venv"
fi

# pip learned --group in 25.1.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --group dev --editable '.[cli,test,uvloop]'
echo "setup: ready"
