"""Durable steps a second of DBOS: 32 clients, workflows of ten steps, on SQLite or on the
PostgreSQL that DBOS_URL names.

The peer of `steps_bench`; `bench/steps.sh` runs both.
"""

import os
import sys
import tempfile
import threading
import time

from dbos import DBOS, DBOSConfig

STEPS, CLIENTS, SECONDS = 10, 32, 5

folder = tempfile.mkdtemp()
postgres = os.environ.get("DBOS_URL")
store = "PostgreSQL" if postgres else "SQLite"
config: DBOSConfig = {
    "name": "bench",
    "system_database_url": postgres or f"sqlite:///{os.path.join(folder, 'dbos.sqlite')}",
    "log_level": "ERROR",
}
DBOS(config=config)


@DBOS.step()
def step(n: int) -> int:
    return n + 1


@DBOS.workflow()
def workflow() -> int:
    value = 0
    for _ in range(STEPS):
        value = step(value)
    return value


DBOS.launch()
deadline = time.monotonic() + SECONDS
done = [0] * CLIENTS


def client(index: int) -> None:
    while time.monotonic() < deadline:
        assert workflow() == STEPS
        done[index] += 1


started = time.monotonic()
threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
rate = sum(done) * STEPS / (time.monotonic() - started)
print(f"{f'DBOS on {store}':<32} {rate:8.0f} steps/s")
sys.stdout.flush()
os._exit(0)
