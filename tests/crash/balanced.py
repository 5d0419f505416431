#!/usr/bin/env python3
"""Three nodes of Shenzhen share a database behind HAProxy, Hong Kong is beside; nodes die, and are restarted in turn.

usage: balanced.py [--rounds N]

Jobs go from Shenzhen to itself and to Hong Kong, and from Hong Kong to Shenzhen, without a pause. Each round kills the node
that leads (kill -9), then one that stands by, and then restarts all three in order, those that stand by first and the
leader last, as an upgrade does. Clients know HAProxy's address alone, and ask again with the same Idempotency-Key when
they get no answer or are told to come later; anything else that they are told is an error. Every acknowledged job must be
complete and have started once, ledgers must verify, and the two cities' books must match. Prints the counts; exit status 1
if a promise was broken.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time

import city
from city import ROOT, Broken, City, Land, Postgres, free_ports, wait_until
from clients import Client

NODES = 3
CLIENTS = 3
TAKE_OVER_S = 30


class Front(City):
    """Shenzhen as clients and Hong Kong see it: HAProxy's two ports, whichever node answers."""

    def __init__(self, land):
        self.land, self.region, self.headers, self.asked_again = land, "shenzhen", {}, 0
        self.https, self.tunnel = free_ports(2)
        self.process = None

    def http(self, method, path, body=None, timeout=10, **headers):
        """As a client that asks again when it gets no answer: what only reads may be asked as often as one likes."""
        deadline = time.monotonic() + city.PATIENCE_S
        while True:
            try:
                status, answer = super().http(method, path, body, timeout, **headers)
            except OSError:
                status, answer = 0, None
            if method != "GET" or status not in (0, 502, 503, 504) or time.monotonic() > deadline:
                if status == 0:
                    raise OSError("no answer")
                return status, answer
            self.asked_again += 1
            time.sleep(0.05)

    def open(self, nodes):
        """Starts HAProxy with the configuration that we ship; only its addresses are ours."""
        text = (ROOT / "deploy/haproxy/haproxy.cfg").read_text()
        text = text.replace("bind :8443", f"bind 127.0.0.1:{self.https}").replace("bind :9443", f"bind 127.0.0.1:{self.tunnel}")
        for node in nodes:
            text = re.sub(rf"{node.name}\.example:9443 port 8443", f"127.0.0.1:{node.tunnel} port {node.https}", text)
            text = re.sub(rf"{node.name}\.example:8443", f"127.0.0.1:{node.https}", text)
        if ".example" in text:
            raise Broken(f"haproxy.cfg has more than {NODES} nodes:\n{text}")
        config = self.land.folder / "haproxy.cfg"
        config.write_text(text)
        self.log_file = self.land.folder / "haproxy.log"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen([shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.is_ready, "HAProxy passes on to a node", state=self.log)
        self.asked_again = 0


class Cluster:
    def __init__(self, land, server, front, peer):
        self.server, self.store = server, server.fresh()
        self.database = self.store["postgresql"].split("/")[3].split("?")[0]
        shared = land.folder / "shared"
        self.nodes = [City(land, store=self.store, name=f"gw-{number + 1}", shared=shared, peer=peer) for number in range(NODES)]
        first, *others = self.nodes
        first.start()
        for node in others:
            (node.data / "keys").mkdir(mode=0o700, parents=True)
            for key in ("log.key", "witness.key"):
                (node.data / "keys" / key).write_bytes((first.data / "keys" / key).read_bytes())
                (node.data / "keys" / key).chmod(0o600)
        for node in others:
            self.start(node)
        front.open(self.nodes)

    def leader(self):
        said = self.server.sql("SELECT value FROM hetao.meta WHERE key = 'leader'", self.database)
        return next(node for node in self.nodes if re.search(rf"\b{node.name}\b", said))

    def standing_by(self):
        return [node for node in self.nodes if node is not self.leader()]

    def start(self, node):
        mark = node.log_file.stat().st_size if node.log_file.exists() else 0
        node.start(wait=False)
        came = lambda: re.search(rb"stands by;|takes over|listens on", node.log_file.read_bytes()[mark:])
        wait_until(came, f"{node.name} is back", TAKE_OVER_S, node.log)
        wait_until(node.is_ready, f"{node.name} is ready", TAKE_OVER_S, node.log)

    def new_leader(self, old):
        """Waits for a node that leads instead of this one, and answers requests."""
        took = time.monotonic()
        wait_until(lambda: self.leader() is not old, f"another node leads than {old.name}", TAKE_OVER_S,
                   lambda: "\n".join(node.log() for node in self.nodes))
        wait_until(self.leader().is_ready, "the new leader answers", TAKE_OVER_S, self.leader().log)
        return time.monotonic() - took

    def kill(self, node):
        led = node is self.leader()
        node.kill()
        took = self.new_leader(node) if led else 0.0
        self.start(node)
        return took

    def restart_in_turn(self):
        """As an upgrade does: those that stand by first, the leader last."""
        last = self.leader()
        for node in [*(one for one in self.nodes if one is not last), last]:
            led = node is self.leader()
            node.stop()
            if led:
                self.new_leader(node)
            self.start(node)


def judge(cluster, hongkong, front, clients):
    """`clients`: {client: the city where it submits}."""
    for client in clients:
        client.stop()
    jobs = {}
    for client, at in clients.items():
        for name, job in client.acknowledged.items():
            at.judge_job(name, job)
        jobs |= client.acknowledged
    front.judge_list([name for name in jobs if name.startswith("shenzhen-")])
    hongkong.judge_list([name for name in jobs if name.startswith("hongkong-")])
    leader = cluster.leader()
    for node in [*cluster.standing_by(), leader, hongkong]:
        node.stop()
    for one in (leader, hongkong):
        one.judge_ledger()
    city.judge_books(leader, hongkong)
    city.judge_history(front.land, [leader, hongkong], jobs, "--all-regions")
    return jobs


def missing():
    if not (shutil.which("haproxy") or pathlib.Path("/usr/sbin/haproxy").exists()):
        return "HAProxy is not installed"
    return city.missing() or Postgres.missing()


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--rounds", type=int, default=1)
    chosen = arguments.parse_args()
    why = missing()
    if why:
        print(f"balanced: skipped: {why}")
        return 77
    land = Land()
    server = Postgres(land)
    front = Front(land)
    hongkong = City(land, "hongkong", peer=front)
    cluster, clients = None, {}
    try:
        hongkong.start()
        cluster = Cluster(land, server, front, hongkong)
        wait_until(hongkong.has_tunnel, "the tunnel is up", state=hongkong.log)
        for serial, (at, zone) in enumerate(((front, "shenzhen"), (front, "hongkong"), (hongkong, "shenzhen"))):
            submit = lambda name, at=at, zone=zone: at.submit(name, zone=zone, timeout=5, output=True)
            clients[Client(f"{at.region}-{serial}", submit)] = at
        took, began = [], time.monotonic()
        for _ in range(chosen.rounds):
            time.sleep(1)
            took.append(cluster.kill(cluster.leader()))
            time.sleep(1)
            cluster.kill(cluster.standing_by()[0])
            time.sleep(1)
            cluster.restart_in_turn()
        time.sleep(1)
        lasted = time.monotonic() - began
        jobs = judge(cluster, hongkong, front, clients)
        print(f"balanced: {lasted:.0f} s, {chosen.rounds} times each: the leader killed (another led after at most {max(took):.1f} s), "
              f"a node that stood by killed, all {NODES} restarted in turn; {len(jobs)} jobs acknowledged, each complete and "
              f"started once; clients asked {front.asked_again + sum(c.again for c in clients)} times again, the longest for "
              f"{max(c.longest_s for c in clients):.1f} s; errors: 0; books match")
        return 0
    except Broken as broken:
        print(f"balanced: BROKEN: {broken}")
        return 1
    finally:
        for client in clients:
            client.stopping.set()
        for one in [hongkong, *(cluster.nodes if cluster else ()), front]:
            one.kill()
        server.close()
        land.close()


if __name__ == "__main__":
    sys.exit(main())
