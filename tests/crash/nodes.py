#!/usr/bin/env python3
"""Two nodes of one city share a PostgreSQL database, and die in turn; jobs must not notice.

usage: nodes.py [--rounds N]

Node 1 leads, node 2 passes connections on to it. Jobs are submitted through both. The leader is killed; or its database
session is cut while it is frozen, so that it wakes up as a leader who is none any more. Each time the other node must
take over within seconds, every acknowledged job must end and start once, no job may be lost or doubled, both ledgers must
verify and be prefixes of one another, the old leader must be able to come back, and a key that was used under it must be
the same job under the other. Exit status 1 if a promise was broken.
"""
import argparse
import itertools
import signal
import sys
import time

import city
from city import Broken, City, Land, Postgres, wait_until
from clients import Client

TAKE_OVER_S = 20


def submit_through(nodes):
    """A client's way to submit: through the nodes in turn, and the other one when a node does not answer."""
    turn = itertools.cycle(nodes)
    return lambda name: next(turn).submit(name, timeout=5)


def make_nodes(land, server):
    store = server.fresh()
    shared = land.folder / "shared"
    first = City(land, store=store, name="gw-1", shared=shared).start()
    return first, City(land, store=store, name="gw-2", shared=shared)


def without_the_key(land, first, second):
    """A node whose ledger would be signed with another key must be refused when its turn comes."""
    second.start(wait=False)
    wait_until(lambda: "stands by; gw-1 leads" in second.log(), "node 2 stands by", state=second.log)
    first.kill()
    wait_until(second.is_dead, "node 2 without the ledger's key gives up", state=second.log)
    if "copy keys/log.key" not in second.log():
        raise Broken(f"node 2 does not say what it lacks:\n{second.log()}")
    (second.data / "keys").mkdir(mode=0o700, exist_ok=True)
    for key in ("log.key", "witness.key"):
        (second.data / "keys" / key).write_bytes((first.data / "keys" / key).read_bytes())
        (second.data / "keys" / key).chmod(0o600)
    first.start()


def kill(leader, server):
    leader.kill()


def freeze(leader, server):
    """The leader is frozen, its session ends, and it wakes up when another node leads."""
    leader.process.send_signal(signal.SIGSTOP)
    server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%/{leader.name}'")


def wake(leader):
    leader.process.send_signal(signal.SIGCONT)
    wait_until(leader.is_dead, "the old leader gives up", TAKE_OVER_S, leader.log)


def change_leader(server, leader, other, how):
    began = time.monotonic()
    mark = other.log_file.stat().st_size
    how(leader, server)
    taken = lambda: f"node {other.name} takes over".encode() in other.log_file.read_bytes()[mark:]
    wait_until(taken, f"{other.name} takes over", TAKE_OVER_S, other.log)
    wait_until(other.is_ready, f"{other.name} is ready", TAKE_OVER_S, other.log)
    took_s = time.monotonic() - began
    if how is freeze:
        wake(leader)
    leader.start(wait=False)
    wait_until(lambda: f"stands by; {other.name} leads" in leader.log(), f"{leader.name} stands by", state=leader.log)
    wait_until(leader.is_ready, f"{leader.name} passes connections on", state=leader.log)
    return took_s


def ask_again(load, leader):
    """The first submission once more, with its key: by whoever did not hear its answer, say."""
    name, job = next(iter(load.acknowledged.items()))
    answers = []
    wait_until(lambda: answers.append(leader.submit(name)) or answers[-1], f"{name} is answered again", state=leader.log)
    if answers[-1] != job:
        raise Broken(f"{name} was {job}, and is {answers[-1]} to the next leader, {leader.name}")


def judge(load, nodes):
    load.stop()
    for name, job in load.acknowledged.items():
        nodes[0].judge_job(name, job)
    nodes[0].judge_list(load.acknowledged)
    for node in nodes:
        node.stop()
    for node in nodes:
        node.judge_ledger()
    city.judge_history(nodes[0].land, nodes[:1], load.acknowledged)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--rounds", type=int, default=2)
    chosen = arguments.parse_args()
    why = city.missing() or Postgres.missing()
    if why:
        print(f"nodes: skipped: {why}")
        return 77
    land = Land()
    server = Postgres(land)
    nodes = []
    try:
        nodes = make_nodes(land, server)
        without_the_key(land, *nodes)
        nodes[1].start(wait=False)
        wait_until(lambda: "stands by; gw-1 leads" in nodes[1].log(), "node 2 stands by", state=nodes[1].log)
        load = Client("load", submit_through(nodes), pause_s=0.02)
        took = []
        for turn in range(chosen.rounds):
            time.sleep(1)
            leader, other = nodes[turn % 2], nodes[(turn + 1) % 2]
            took.append(change_leader(server, leader, other, (kill, freeze)[turn % 2]))
            ask_again(load, other)
        judge(load, nodes)
        print(f"nodes: {len(took)} changes of the leader, the slowest {max(took):.1f} s; {len(load.acknowledged)} jobs "
              "acknowledged, each started and ended once")
        return 0
    except Broken as broken:
        print(f"nodes: BROKEN: {broken}")
        return 1
    finally:
        if "load" in locals():
            load.stopping.set()
        for node in nodes:
            node.kill()
        server.close()
        land.close()


if __name__ == "__main__":
    sys.exit(main())
