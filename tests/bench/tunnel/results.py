"""Results of the tunnel's and the transfer's benchmarks, as JSON lines. A ratio above 1 is ahead of the peer."""

import json
import os
import subprocess
import sys


def put(name, value, unit, peer, peer_value, ratio):
    row = {"name": name, "value": round(value, 4), "unit": unit, "peer": peer, "peer_value": round(peer_value, 4),
           "ratio": round(ratio, 3)}  # fmt: skip
    print(json.dumps(row), flush=True)


def more(name, value, unit, peer, peer_value):
    """More is better."""
    put(name, value, unit, peer, peer_value, value / peer_value)


def less(name, value, unit, peer, peer_value):
    """Less is better."""
    put(name, value, unit, peer, peer_value, peer_value / max(value, 1e-9))


def build(root, *targets):
    if os.environ.get("BENCH_BUILT"):
        return
    command = f". {root}/deploy/lib.sh && build release {' '.join(targets)}"
    subprocess.run(["bash", "-c", command], check=True, stdout=sys.stderr)
