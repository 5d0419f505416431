#!/usr/bin/env python3
"""The previous release and this one: its data taken over and given back, and both in one federation, either way round.

usage: releases.py [--old FOLDER|PACKAGE.deb]

--old: the previous release's programs, or its Debian package; default: build-previous/bin, which tests/crash/previous
makes. Jobs go both ways all the while, one of them running through each change. Shenzhen is upgraded first, then talks to
an old Hong Kong; then Hong Kong; then Shenzhen is set back on the newer data, which has to work or to be refused by its
format with nothing changed. Every acknowledged job must complete and start once; ledgers must verify, books match. Exit
status 1 if a promise was broken, 77 without a previous release.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import city
from city import ROOT, Broken, City, Land, wait_until


def programs_of(given, unpacked):
    """The folder with the programs of a release."""
    if given.suffix == ".deb":
        subprocess.run(["dpkg-deb", "-x", given, unpacked], check=True)
        return pathlib.Path(unpacked) / "usr/libexec/hetao"
    return given


def version(folder):
    return subprocess.run([folder / "hetao-gateway", "--version"], check=True, capture_output=True, text=True).stdout.strip()


class Federation:
    """Two cities that send each other jobs, whatever each of them runs."""

    def __init__(self, land, old):
        self.jobs = {}
        self.hongkong = City(land, "hongkong")
        self.shenzhen = City(land, "shenzhen", peer=self.hongkong)
        self.hongkong.peer = self.shenzhen
        self.hongkong.write_config()
        for one in self.cities():
            one.bin = old
            one.start()
        self.connected()

    def cities(self):
        return self.shenzhen, self.hongkong

    def connected(self):
        def sees_its_peer(one):
            return one.is_ready() and one.http("GET", "/api/v1/peers")[1]["peers"][0]["up"]
        for one in self.cities():
            wait_until(lambda one=one: sees_its_peer(one), f"{one.region} sees its peer", state=one.log)

    def submit(self, at, zone, seconds=0):
        name = f"{at.region}-{zone}-{len(self.jobs)}"
        answer = None

        def acknowledged():
            nonlocal answer
            answer = answer or at.submit(name, zone=zone, output=True, seconds=seconds)
            return answer
        wait_until(acknowledged, f"{name} is acknowledged", state=at.log)
        self.jobs[name] = (at, answer)
        return answer

    def exchange(self):
        """A job each way, to its end."""
        self.connected()
        for at, zone in ((self.shenzhen, "hongkong"), (self.hongkong, "shenzhen")):
            job = self.submit(at, zone)
            if (state := at.wait_final(job)) != "complete":
                raise Broken(f"{job} of {at.region} is {state}\n{at.log()}")

    def change(self, one, programs, kill=False):
        """The same data with other programs, while jobs run both ways."""
        for at, zone in ((self.shenzhen, "hongkong"), (self.hongkong, "shenzhen")):
            self.submit(at, zone, seconds=3)
        if kill:
            one.kill()
        else:
            one.stop()
        one.bin = programs
        one.start(wait=False)

    def set_back(self, one, programs):
        """True: the older programs went on with the newer data. False: they refused its format, and changed nothing."""
        self.change(one, programs)
        wait_until(lambda: one.is_dead() or one.is_ready(), "the older release is ready or gives up", state=one.log)
        if not one.is_dead():
            return True
        if one.process.returncode != 2 or "format" not in one.log():
            raise Broken(f"the older release ended with {one.process.returncode}:\n{one.log()}")
        return False

    def judge(self):
        for name, (at, job) in self.jobs.items():
            at.judge_job(name, job)
        for one in self.cities():
            one.stop()
            one.judge_ledger()
        city.judge_books(*self.cities())
        city.judge_history(self.shenzhen.land, self.cities(), {name: job for name, (_, job) in self.jobs.items()}, "--all-regions")


def run(land, old):
    federation = Federation(land, old)
    shenzhen, hongkong = federation.cities()
    try:
        federation.exchange()
        federation.change(shenzhen, city.BIN)
        federation.exchange()
        federation.change(hongkong, city.BIN, kill=True)
        federation.exchange()
        went_back = federation.set_back(shenzhen, old)
        if went_back:
            federation.exchange()
            federation.change(hongkong, old)
            federation.exchange()
        for one in federation.cities():
            if one.bin is not city.BIN:
                one.stop()
                one.bin = city.BIN
                one.start()
        federation.exchange()
        federation.judge()
        return len(federation.jobs), went_back
    finally:
        for one in federation.cities():
            one.kill()


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--old", type=pathlib.Path, default=ROOT / "build-previous/bin")
    chosen = arguments.parse_args()
    why = city.missing() or (None if chosen.old.exists() else f"{chosen.old} is not there (tests/crash/previous makes it)")
    if why:
        print(f"releases: skipped: {why}")
        return 77
    land = Land()
    try:
        with tempfile.TemporaryDirectory() as unpacked:
            old = programs_of(chosen.old, unpacked)
            began = time.monotonic()
            jobs, went_back = run(land, old)
            print(f"releases: {version(old)} ({chosen.old}) and {version(city.BIN)}: {jobs} jobs, each complete and started once, through "
                  f"{'four' if went_back else 'two'} changes of a gateway's programs in {time.monotonic() - began:.0f} s; books match; "
                  f"the older programs {'go on with the newer data' if went_back else 'refuse the newer data and leave it as it is'}")
        return 0
    except Broken as broken:
        print(f"releases: BROKEN: {broken}")
        return 1
    finally:
        land.close()


if __name__ == "__main__":
    sys.exit(main())
