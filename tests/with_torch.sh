#!/bin/sh
# The numeric tests with one version of torch, in an environment of its own: sh with_torch.sh PYTHON VERSION
set -eu
venv=".venv-torch-$2"
test -x "$venv/bin/pip" || "$1" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  "torch==$2" torchvision -e ".[suite]" pytest hypothesis
echo "torch $2"
# Warnings of an older torch are its own.
"$venv/bin/python" -m pytest -q -W default tests/recurrent tests/static tests/models tests/training
