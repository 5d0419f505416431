#!/usr/bin/env python3
"""Power cuts at any moment: what a disk may hold then, and whether a gateway starts on it with all that it acknowledged.

usage: power_cut.py [--images N] [--seed N] [--forget-syncs]

Everything that a real gateway writes, syncs, renames and removes is recorded. An image is what a disk may hold after a
cut behind any of these calls: all that was synced; of what was not, nothing, everything, or any sectors of 512 bytes; names
in a folder only as far as the folder was synced, or any further step of them. A gateway is started on each image: it must
get ready, know every job that had been acknowledged by then, and its ledger must verify. N images are spread over the
recording (0: three behind every call). The platform's own runs are left out: they are another program's files.
--forget-syncs tries the trial: on a disk whose store forgets what was synced, promises must be seen to break.
"""
import argparse
import concurrent.futures
import json
import random
import sys
import time

import city
from city import Broken, City, Land

SECTOR = 512
JOBS = 5


class File:
    def __init__(self):
        self.synced = bytearray()
        self.pending = []  # (offset, bytes), or (size, None) for a change of size

    @staticmethod
    def apply(content, change):
        offset, data = change
        if data is None:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
            return
        content.extend(bytes(max(0, offset + len(data) - len(content))))
        content[offset:offset + len(data)] = data

    def sync(self):
        for change in self.pending:
            self.apply(self.synced, change)
        self.pending = []

    def image(self, variant, chance):
        content = bytearray(self.synced)
        if variant == "nothing":
            return content
        for offset, data in self.pending:
            if variant == "everything" or data is None:
                if variant == "everything" or chance.random() < 0.5:
                    self.apply(content, (offset, data))
                continue
            at = 0
            while at < len(data):  # cut where the disk cuts
                size = min(len(data) - at, SECTOR - (offset + at) % SECTOR)
                if chance.random() < 0.5:
                    self.apply(content, (offset + at, data[at:at + size]))
                at += size
        return content


class Disk:
    """The model: replays the tape up to a call, and makes images."""

    forgets = False

    def __init__(self):
        self.names = {}    # as programs see them
        self.durable = {}  # as a cut leaves them
        self.steps = {}    # folder -> changes of its names that are not synced

    @staticmethod
    def folder_of(path):
        return path.rpartition("/")[0]

    def name(self, path, file):
        if file is None:
            self.names.pop(path, None)
        else:
            self.names[path] = file
        self.steps.setdefault(self.folder_of(path), []).append((path, file))

    def play(self, op, data):
        what, path = op["what"], op["path"]
        if what == "create":
            self.name(path, File())
        elif what == "write" and path in self.names:
            self.names[path].pending.append((op["offset"], data))
        elif what in ("resize", "truncate") and path in self.names:
            self.names[path].pending.append((op["offset"], None))
        elif what == "sync":
            if self.forgets and path.endswith("state.db-wal"):
                return
            if path in self.names:
                self.names[path].sync()
            for changed, file in self.steps.pop(path, ()):
                self.set_durable(self.durable, changed, file)
        elif what == "rename" and path in self.names:
            file = self.names[path]
            self.name(path, None)
            self.name(op["to"], file)
        elif what == "remove":
            self.name(path, None)

    @staticmethod
    def set_durable(names, path, file):
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file

    def write_image(self, folder, variant, chance):
        names = dict(self.durable)
        for steps in self.steps.values():
            kept = {"nothing": 0, "everything": len(steps)}.get(variant, chance.randint(0, len(steps)))
            for path, file in steps[:kept]:
                self.set_durable(names, path, file)
        for path, file in names.items():
            place = folder / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.write_bytes(file.image(variant, chance))
            place.chmod(0o600)


def read_tape(path):
    with path.open("rb") as tape:
        while line := tape.readline():
            op = json.loads(line)
            yield tape.tell() - len(line), op, tape.read(op["bytes"])


def record(land):
    """A gateway's life with a few jobs: (its city, the tape, {job id: where the tape was when it was acknowledged})."""
    one = City(land)
    tape = one.folder / "tape"
    one.start(one.fault(tape=tape))
    acknowledged = {}
    for number in range(JOBS):
        job = one.submit(f"recorded-{number}")
        acknowledged[job] = tape.stat().st_size
        one.wait_final(job)
    one.stop()
    return one, [t for t in read_tape(tape) if not t[1]["path"].startswith("/data/runs")], acknowledged


def judge_image(land, folder, due):
    one = City(land)
    one.data = folder / "data"
    one.write_config()
    try:
        one.start()
        for job in due:
            if one.http("GET", f"/api/v1/jobs/{job}")[0] != 200:
                raise Broken(f"job {job} was acknowledged, and is not known any more\n{one.log()}")
        one.stop()
        one.judge_ledger()
    finally:
        one.kill()


def try_image(land, tape, acknowledged, cut, variant, seed):
    folder = land.folder / f"image-{cut}-{variant}"
    disk = Disk()
    for _, op, data in tape[:cut + 1]:
        disk.play(op, data)
    (folder / "data").mkdir(parents=True, mode=0o700)
    disk.write_image(folder, variant, random.Random(f"{seed}/{cut}"))
    end = tape[cut + 1][0] if cut + 1 < len(tape) else float("inf")
    due = [job for job, at in acknowledged.items() if at <= end and at <= tape[cut][0]]
    try:
        judge_image(land, folder, due)
        return None
    except (Broken, OSError) as broken:
        return f"cut behind call {cut} ({tape[cut][1]['what']} {tape[cut][1]['path']}), {variant}: {broken}"


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--images", type=int, default=12)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--forget-syncs", action="store_true")
    chosen = arguments.parse_args()
    Disk.forgets = chosen.forget_syncs
    if why := city.missing():
        print(f"power_cut: skipped: {why}")
        return 77
    began = time.monotonic()
    land = Land()
    try:
        _, tape, acknowledged = record(land)
        every = [(cut, variant) for cut in range(len(tape)) for variant in ("nothing", "sectors", "everything")]
        step = len(every) / chosen.images if chosen.images else 1
        images = [every[int(i * step)] for i in range(int(len(every) / step))]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda i: try_image(land, tape, acknowledged, *i, chosen.seed), images))
    finally:
        land.close()
    broken = [one for one in found if one]
    if chosen.forget_syncs:
        print(f"power_cut: {len(broken)} of {len(images)} images of a forgetful disk were seen to be broken")
        return 0 if broken else 1
    for one in broken:
        print(f"power_cut: BROKEN (seed {chosen.seed}): {one}")
    print(f"power_cut: {len(tape)} recorded calls, {JOBS} jobs; {len(images)} images; {len(broken)} broken; "
          f"{time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
