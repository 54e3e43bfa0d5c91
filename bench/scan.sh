#!/usr/bin/env bash
# Whole-tree scan beside its peers and beside itself: TREE, default the examples
# and the sources of this project. Peers that are not installed are left out by
# name. Medians of RUNS runs (default 3).
set -euo pipefail
cd "$(dirname "$0")/.."
tree=${TREE:-$PWD/crates}
runs=${RUNS:-3}
cargo build --release --quiet -p pi-cli
pi=$PWD/target/release/pi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

median() { # label command...
  local label=$1; shift
  local times=()
  for _ in $(seq "$runs"); do
    local started ended
    started=$(date +%s%N)
    "$@" >/dev/null 2>&1 || true
    ended=$(date +%s%N)
    times+=($(( (ended - started) / 1000000 )))
  done
  printf '%-44s %8s ms\n' "$label" "$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$(( (runs + 1) / 2 ))p")"
}

echo "tree: $(find "$tree" -type f | wc -l) files, $(du -sm "$tree" | cut -f1) MB"
median "pi scan, all agents, full receipts" "$pi" --data "$scratch/all" -q scan "$tree" --format json
median "pi scan, secrets alone" "$pi" --data "$scratch/secrets" -q scan "$tree" --only secrets --format json
if command -v detect-secrets >/dev/null; then
  median "detect-secrets" detect-secrets scan --all-files "$tree"
else
  echo "detect-secrets is not installed: left out"
fi
if command -v semgrep >/dev/null && [ -n "${SEMGREP_RULES:-}" ]; then
  median "semgrep with $SEMGREP_RULES" semgrep --metrics off --disable-version-check --config "$SEMGREP_RULES" "$tree"
else
  echo "semgrep or SEMGREP_RULES is missing: left out"
fi
