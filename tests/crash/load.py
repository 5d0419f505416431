#!/usr/bin/env python3
"""Two cities under load, whose gateways are killed at random, and whose clocks jump; jobs must not notice.

usage: load.py [--seconds S] [--seed N] [--store sqlite|postgresql]

Jobs are submitted in Hong Kong, cross to Shenzhen, run there, and send a result home. Meanwhile either gateway is killed
every second or so and started again, its wall clock an hour ahead or behind now and then. At the end every acknowledged
job must be complete and have started once, the ledgers must verify, and the two books must match. Exit status 1 if a
promise was broken.
"""
import argparse
import random
import struct
import sys
import time

import city
from city import Broken, City, Land, Postgres, wait_until
from clients import Client

CLIENTS = 2


class Clock:
    """The wall clock of one gateway, as far as it is wrong."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.set(0)

    def set(self, seconds):
        if self.file.exists():
            with self.file.open("r+b") as file:
                file.write(struct.pack("=q", seconds))
        else:
            self.file.write_bytes(struct.pack("=q", seconds))


def start(one, clock):
    one.start({"HETAO_FAULT_ROOT": str(one.folder / "nothing"), "HETAO_FAULT_CLOCK": str(clock.file)})


def disturb(cities, clocks, seconds, chance):
    kills = jumps = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(chance.uniform(0.2, 1.5))
        one = chance.choice(cities)
        if chance.random() < 0.3:
            clocks[one].set(chance.choice((0, 3600, -3600, 40)))
            jumps += 1
            continue
        one.kill()
        kills += 1
        start(one, clocks[one])
    return kills, jumps


def judge(hongkong, shenzhen, clients):
    acknowledged = {}
    for client in clients:
        client.stop()
        acknowledged |= client.acknowledged
    for name, job in acknowledged.items():
        hongkong.judge_job(name, job)
    for one in (hongkong, shenzhen):
        one.stop()
        one.judge_ledger()
    city.judge_books(hongkong, shenzhen)
    city.judge_history(hongkong.land, [hongkong, shenzhen], acknowledged, "--all-regions")
    return acknowledged


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--seconds", type=float, default=15)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--store", default="sqlite", choices=("sqlite", "postgresql"))
    chosen = arguments.parse_args()
    why = city.missing() or (Postgres.missing() if chosen.store == "postgresql" else None)
    if why:
        print(f"load: skipped: {why}")
        return 77
    land = Land()
    server = Postgres(land) if chosen.store == "postgresql" else None
    store = lambda: server.fresh() if server else None
    hongkong = City(land, "hongkong", store=store())
    shenzhen = City(land, "shenzhen", store=store(), peer=hongkong)
    hongkong.peer = shenzhen
    hongkong.write_config()
    clocks = {one: Clock(one.folder) for one in (hongkong, shenzhen)}
    clients = []
    try:
        for one in (hongkong, shenzhen):
            start(one, clocks[one])
        wait_until(lambda: hongkong.http("GET", "/api/v1/peers")[1]["peers"][0]["up"], "the tunnel is up")
        submit = lambda name: hongkong.submit(name, zone="shenzhen", timeout=5, output=True)
        clients = [Client(f"load-{serial}", submit) for serial in range(CLIENTS)]
        kills, jumps = disturb((hongkong, shenzhen), clocks, chosen.seconds, random.Random(chosen.seed))
        acknowledged = judge(hongkong, shenzhen, clients)
        print(f"load: {chosen.store}: {kills} kills and {jumps} jumps of a clock in {chosen.seconds:.0f} s; "
              f"{len(acknowledged)} jobs acknowledged, each started and ended once; the books match")
        return 0
    except Broken as broken:
        print(f"load: BROKEN (seed {chosen.seed}): {broken}")
        return 1
    finally:
        for client in clients:
            client.stopping.set()
        for one in (hongkong, shenzhen):
            one.kill()
        if server:
            server.close()
        land.close()


if __name__ == "__main__":
    sys.exit(main())
