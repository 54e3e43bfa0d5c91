#!/usr/bin/env bash
# Durable steps a second of compositions, beside DBOS on the same store in the same run.
# A peer that is not installed is left out by name: pip install dbos.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --release -q -p pi-runtime --example steps_bench
if "${PYTHON:-python3}" -c 'import dbos' 2>/dev/null; then
  "${PYTHON:-python3}" bench/dbos_steps.py
else
  echo "DBOS is not installed: left out"
fi
cargo run --release -q -p pi-runtime --example steps_bench -- postgres
