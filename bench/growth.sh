#!/usr/bin/env bash
# How a scan grows with the number of files: time, time a file, peak memory.
# The trees are copies of the repository's own examples: one with few findings,
# one with more than five in every file. SIZES, default 1k to 100k.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet -p pi-cli
pi=$PWD/target/release/pi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for source in shop-fixed shop; do
  echo "copies of examples/$source"
  printf '%10s %10s %12s %10s\n' files seconds us/file 'peak MB'
  for size in ${SIZES:-1000 10000 100000}; do
    python3 - "$scratch/tree" "$size" "examples/$source" <<'PY'
import pathlib, sys
target, size, source = pathlib.Path(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
files = sorted(path for path in source.rglob("*") if path.is_file())
for n in range(size):
    path = files[n % len(files)]
    copy = target / f"{n // 1000:03}" / f"{n:06}" / path.relative_to(source)
    copy.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_bytes()
    # No two files are the same.
    commented = path.suffix in {".yml", ".yaml", ".sh", ".py"}
    copy.write_bytes(text + f"\n# {n}\n".encode() if commented else text)
PY
    python3 - "$size" "$pi" --data "$scratch/data" -q scan "$scratch/tree" --format json -o /dev/null <<'PY'
import resource, subprocess, sys, time
size, command = int(sys.argv[1]), sys.argv[2:]
started = time.monotonic()
subprocess.run(command, check=False)
seconds = time.monotonic() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{size:10} {seconds:10.2f} {seconds / size * 1e6:12.0f} {peak:10.0f}")
PY
    rm -rf "$scratch/tree" "$scratch/data"
  done
done
