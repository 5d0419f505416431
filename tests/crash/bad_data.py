#!/usr/bin/env python3
"""Data that is damaged, foreign or too new: a real gateway names it, or repairs what only a cut can have left.

usage: bad_data.py

Each case takes a copy of a good data folder, breaks one thing, and starts a gateway on it. It must either refuse with
exit code and words of the handbook (damaged-data.md), having changed nothing; or get ready and know what was acknowledged.
"""
import json
import shutil
import sqlite3
import sys

import city
from city import Broken, City, Land


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x40
    path.write_bytes(data)


def other_region(one):
    config = json.loads(one.config.read_text())
    config |= {"region": "hongkong", "jurisdiction": "HK", "operator_tenant": "hongkong-hub"}
    own = one.land.folder / "pki/hongkong"
    config["https"] = {"certificate": str(own / "https.crt"), "key": str(own / "https.key")}
    config["tunnel"] = {"certificate": str(own / "gw-1.crt"), "key": str(own / "gw-1.key")}
    one.config.write_text(json.dumps(config))


def newer_format(one):
    database = sqlite3.connect(one.data / "state.db")
    database.execute("PRAGMA user_version = 99")
    database.close()


def corrupt_page(one):
    # A page of the middle, so that its damage shows only when it is read.
    path = one.data / "state.db"
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096:page * 4096 + 64] = bytes(64)
    path.write_bytes(data)


def corrupt_ledger(one):
    flip(one.data / "ledger/wal", 40)


def torn_ledger(one):
    with (one.data / "ledger/wal").open("ab") as wal:
        wal.write(b"\x00\x00\x01\x00half of a record")


def lost_ledger_key(one):
    (one.data / "keys/log.key").unlink()


def older_ledger(one):
    shutil.rmtree(one.data / "ledger")


def lost_state(one):
    for path in one.data.glob("state.db*"):
        path.unlink()


def leftovers(one):
    (one.data / "ledger/.new-1-1").write_bytes(b"half a tile")
    (one.data / "keys/.new-1-2").write_bytes(b"half a key")


# (what is done, exit code and word of the refusal; None: it is repaired)
CASES = [
    (other_region, (2, "belongs to region 'shenzhen', not to 'hongkong'")),
    (newer_format, (2, "has format 99")),
    (corrupt_page, (1, "damaged")),
    (corrupt_ledger, (6, "wal")),
    (lost_ledger_key, (2, "log.key")),
    (older_ledger, (6, "the store continues at entry")),
    (lost_state, (6, "that the store knows nothing of")),
    (torn_ledger, None),
    (leftovers, None),
]


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.name not in ("lock",)}


def judge(land, good, job, case):
    damage, refusal = case
    one = City(land)
    shutil.copytree(good, one.data)
    damage(one)
    before = content(one.data)
    if refusal is None:
        one.start()
        if one.http("GET", f"/api/v1/jobs/{job}")[0] != 200:
            raise Broken("the job that was acknowledged is gone")
        one.stop()
        one.judge_ledger()
        return
    code, word = refusal
    one.start(wait=False)
    got = one.process.wait(30)
    log = one.log()
    if got != code or word not in log or not log.rstrip().splitlines()[-1].startswith("hetao-gateway: "):
        raise Broken(f"it ended with {got}, not {code}, and says:\n{log}")
    changed = [str(p) for p, data in content(one.data).items() if before.get(p, data) != data]
    if changed:
        raise Broken(f"it refused, and changed {changed}")


def main():
    if why := city.missing():
        print(f"bad_data: skipped: {why}")
        return 77
    land = Land()
    failed = 0
    try:
        first = City(land).start()
        job = first.submit("good")
        first.wait_final(job)
        first.stop()
        for case in CASES:
            try:
                judge(land, first.data, job, case)
            except Broken as broken:
                failed += 1
                print(f"bad_data: BROKEN: {case[0].__name__}: {broken}")
    finally:
        land.close()
    print(f"bad_data: {len(CASES)} cases, {failed} broken")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
