#!/usr/bin/env python3
"""Far more jobs than a gateway may hold, from a tenant that floods; another tenant must not notice, nor memory grow.

usage: overload.py [--seconds S]

A gateway that may have 2,000 open jobs, whose jobs wait for a region that is away, is flooded over 64 connections as fast
as it answers. The flooding tenant must end at half of the bound, with 429 and Retry-After; another tenant's submissions
must all be taken meanwhile, quickly; memory must not grow once the bound is met. When the other region comes, all that
was acknowledged must end, and the flooding tenant be let in again. Exit status 1 if a promise was broken.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

import city
from city import Broken, City, Land, wait_until

OPEN_MAX = 2000
SLOW_S = 1.0  # of another tenant's submission, on a machine whose processors the flood's client takes too
GROWTH_MAX = 1.10


def resident_kb(one):
    text = pathlib.Path(f"/proc/{one.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def flood(land, one, seconds):
    task = land.folder / "task"
    task.write_text(json.dumps({"name": "flood", "executors": [{"image": "host/true", "command": ["/bin/true"]}],
                                "resources": {"zones": ["shenzhen"]}}))
    return subprocess.Popen([city.BIN / "bench_jobs", "127.0.0.1", str(one.https), land.folder / "ca.crt",
                             land.tokens["hongkong"], "/ga4gh/tes/v1/tasks", task, "64", str(seconds)],
                            stdout=subprocess.PIPE, text=True)


def submit_beside(one, token, load, seconds):
    """(latencies, memory every half second) while the flood lasts."""
    took, memory = [], []
    job = {"name": "beside", "executors": [{"image": "host/true", "command": ["/bin/true"]}],
           "resources": {"zones": ["shenzhen"]}}
    until = time.monotonic() + seconds
    while load.poll() is None and time.monotonic() < until:
        began = time.monotonic()
        status, answer = one.http("POST", "/ga4gh/tes/v1/tasks", job, Authorization="Bearer " + token)
        took.append(time.monotonic() - began)
        if status != 200:
            raise Broken(f"another tenant's submission number {len(took)} got {status}: {answer}")
        memory.append(resident_kb(one))
        time.sleep(0.05)
    return took, memory


def judge_refusal(one):
    status, answer = one.http("POST", "/ga4gh/tes/v1/tasks", {"name": "x", "executors": [{"image": "host/true",
                              "command": ["/bin/true"]}], "resources": {"zones": ["shenzhen"]}})
    if status != 429 or not one.headers.get("Retry-After", "").isdigit() or "Idempotency-Key" not in json.dumps(answer):
        raise Broken(f"the flooding tenant got {status} with {dict(one.headers)}: {answer}")


def open_jobs(one):
    count = 0
    for line in one.http("GET", "/metrics", timeout=60)[1].splitlines():
        if line.startswith("hetao_jobs{") and not any(f'"{state}"' in line for state in city.FINAL):
            count += int(float(line.rsplit(" ", 1)[1]))
    return count


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--seconds", type=float, default=8)
    chosen = arguments.parse_args()
    if why := city.missing():
        print(f"overload: skipped: {why}")
        return 77
    land = Land()
    simulated = {"platforms": [{"name": "simulated", "kind": "simulated"}], "jobs": {"open": OPEN_MAX}}
    home = City(land, "hongkong", more=simulated)
    place = City(land, "shenzhen", peer=home, more=simulated)
    home.peer = place
    home.write_config()
    try:
        home.start()
        other = land.token("hongkong", "shenzhen-hub")
        load = flood(land, home, chosen.seconds)
        took, memory = submit_beside(home, other, load, chosen.seconds)
        said = json.loads(load.communicate()[0])
        if not 0 < said["accepted"] <= OPEN_MAX // 2 or said["other"].get("429", 0) == 0 or set(said["other"]) - {"429"}:
            raise Broken(f"the flood got {said}")
        took.sort()
        if took[int(len(took) * 0.99)] > SLOW_S:
            raise Broken(f"another tenant waited {took[-1]:.2f} s at most, {took[len(took) // 2]:.2f} s in the middle")
        if memory[-1] > GROWTH_MAX * memory[len(memory) // 2]:
            raise Broken(f"memory grew from {memory[len(memory) // 2]} kB to {memory[-1]} kB at the bound")
        judge_refusal(home)
        if open_jobs(home) > OPEN_MAX:
            raise Broken(f"{open_jobs(home)} jobs are open")
        place.start()
        wait_until(lambda: open_jobs(home) == 0, "all that was taken has ended", 120, home.log)
        if home.submit("again", zone="shenzhen") is None:
            raise Broken("the tenant is not let in again")
        print(f"overload: {said['accepted']} taken and {said['other']['429']} turned away in {said['seconds']:.0f} s; beside them "
              f"{len(took)} submissions of another tenant, the slowest {took[-1] * 1000:.0f} ms; {memory[-1] // 1024} MB")
        return 0
    except Broken as broken:
        print(f"overload: BROKEN: {broken}")
        return 1
    finally:
        home.kill()
        place.kill()
        land.close()


if __name__ == "__main__":
    sys.exit(main())
