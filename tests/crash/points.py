#!/usr/bin/env python3
"""Fails one call of a real gateway after the other, and judges from outside what became of its jobs.

usage: points.py [--store sqlite|postgresql] [--sample N] [--only KIND:N]

A job is submitted to a gateway whose call number N (of those that change its files, or that send to its database) goes
wrong; then it is started again on what is there. Acknowledged or not, the job must end, and start once; the ledger must
verify; the gateway must take and finish another job. KIND is one of
  kill-before, kill-after   the process dies before or after the call
  EIO, ENOSPC               the call fails, and all after it: the gateway must end with a word, or go on without a lie
  EINTR, short              the call is interrupted, or writes half: nobody may notice
Every call of every kind without --sample; else N points, spread evenly. Exit status 1 if a promise was broken.
"""
import argparse
import concurrent.futures
import re
import sys
import time

import city
from city import Broken, City, Land, Postgres, wait_until

KINDS = ("kill-before", "kill-after", "EIO", "ENOSPC", "EINTR", "short")
SUDDEN_S = 20  # a gateway that can't go on has ended by then
WRITES = ("write", "pwrite", "send")


class Course:
    """One city on its way through one fault."""

    def __init__(self, land, store, serial):
        self.land, self.name = land, f"job-{serial}"
        self.city = City(land, store=store)

    def submit_until(self, given_up):
        while not given_up():
            answer = self.city.submit(self.name, timeout=5)
            if answer is not None:
                return answer
            time.sleep(0.02)
        return None

    def run_faulty(self, kind, number, log=None):
        """Until the fault has ended the process, or the job has ended in spite of it. The id that was acknowledged."""
        one = self.city
        env = one.fault(kind, number, **({"log": log} if log else {}))
        if one.store is not None:
            env["HETAO_FAULT_SOCKET"] = one.store["postgresql"].rpartition("host=")[2]
        one.start(env, wait=False)
        deadline = time.monotonic() + SUDDEN_S
        ended = lambda: one.is_dead() or time.monotonic() > deadline
        while not ended():
            try:
                if one.is_ready():
                    break
            except Broken:
                break
            time.sleep(0.01)
        acknowledged = self.submit_until(ended)
        while not ended() and acknowledged is not None:
            try:
                if one.job(acknowledged)["state"] in city.FINAL:
                    break
            except OSError:
                pass
            time.sleep(0.02)
        return acknowledged

    def judge_end(self, kind):
        """How the faulty gateway ended, if it did."""
        one = self.city
        if not one.is_dead():
            one.kill()
            return
        code = one.process.returncode
        if kind.startswith("kill"):
            if code != -9:
                raise Broken(f"it was to be killed, and ended with {code}\n{one.log()}")
        elif kind in ("EINTR", "short"):
            raise Broken(f"{kind} ended the gateway with {code}\n{one.log()}")
        elif code not in (1, 2, 6) or not re.search(r"hetao-gateway: .+", one.log()):
            raise Broken(f"{kind} ended the gateway with {code} and without a word\n{one.log()}")

    def recover(self, kind, acknowledged):
        one = self.city
        one.start()
        again = self.submit_until(lambda: False)
        if acknowledged is not None and again != acknowledged:
            raise Broken(f"{self.name} was acknowledged as {acknowledged}, and is now {again}")
        # A broken disk may have failed the job itself, but not silently.
        may = ("complete", "executor-error", "system-error") if kind in ("EIO", "ENOSPC") else ("complete",)
        other = self.name + "-after"
        other_id = one.submit(other)
        one.judge_job(self.name, again, may)
        one.judge_job(other, other_id)
        one.judge_list([self.name, other])
        one.stop()
        one.judge_ledger()
        city.judge_history(self.land, [one], {self.name: again, other: other_id})


def count_calls(land, store):
    """[(number, call, file)] of one undisturbed job."""
    course = Course(land, store, "count")
    log = course.city.folder / "calls"
    job = course.run_faulty(None, 0, log=log)
    course.city.wait_final(job)
    course.city.stop()
    calls = []
    for line in log.read_text().splitlines():
        number, name, path, *_ = line.split(" ")
        calls.append((int(number), name, path))
    return calls


def plan(calls, sample):
    """Points, of every kind where it can happen."""
    points = [(kind, number) for kind in KINDS for number, name, _ in calls
              if not (kind == "short" and name not in WRITES) and not (kind == "EINTR" and name not in WRITES)]
    if sample is None or sample >= len(points):
        return points
    step = len(points) / sample
    return [points[int(i * step + step / 2)] for i in range(sample)]


def run_point(land, make_store, serial, point):
    kind, number = point
    course = Course(land, make_store(), serial)
    try:
        acknowledged = course.run_faulty(kind, number)
        course.judge_end(kind)
        course.recover(kind, acknowledged)
        return None
    except (Broken, OSError) as broken:
        return f"{kind}:{number}: {broken}"
    finally:
        course.city.kill()


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--store", default="sqlite", choices=("sqlite", "postgresql"))
    arguments.add_argument("--sample", type=int)
    arguments.add_argument("--only")
    chosen = arguments.parse_args()
    why = city.missing() or (Postgres.missing() if chosen.store == "postgresql" else None)
    if why:
        print(f"points: skipped: {why}")
        return 77
    land = Land()
    server = Postgres(land) if chosen.store == "postgresql" else None
    make_store = server.fresh if server else lambda: None
    began = time.monotonic()
    try:
        calls = count_calls(land, make_store())
        if chosen.only:
            kind, number = chosen.only.split(":")
            points = [(kind, int(number))]
        else:
            points = plan(calls, chosen.sample)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda numbered: run_point(land, make_store, *numbered), enumerate(points)))
    finally:
        if server:
            server.close()
        land.close()
    broken = [one for one in found if one]
    for one in broken:
        print(f"points: BROKEN: {one}")
    of_kind = ", ".join(f"{sum(1 for k, _ in points if k == kind)} {kind}" for kind in KINDS)
    print(f"points: {chosen.store}: {len(calls)} calls of a job; {len(points)} faults ({of_kind}); {len(broken)} broken; "
          f"{time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
