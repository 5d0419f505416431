"""Slurm's own slurmrestd on this machine, for comparison: what it takes a second, and what it brings to an end."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
TWIN = pathlib.Path(os.environ.get("HETAO_SLURM_TWIN", ROOT.parent / "shared/testbed/slurm-twin"))
API = "/slurm/v0.0.38/job/submit"
ROUNDTRIPS = 100
PORTS = 40


def free_port_range():
    for base in range(21000, 29000, PORTS):
        sockets = []
        try:
            for port in range(base, base + PORTS):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise OSError("no free range of ports")


class Twin:
    def __init__(self, bench, connections):
        self.bench, self.connections = bench, connections
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hetao-slurm."))
        self.folder.chmod(0o755)  # jobs run as nobody
        self.base = free_port_range()
        self.env = dict(os.environ, SLURM_TWIN_PORT_BASE=str(self.base), SLURM_TWIN_DIR=str(self.folder / "twin"))
        self.run("up", self.folder / "twin")
        self.token = self.run("token", "shenzhen").strip().rpartition("=")[2]
        self.body = self.folder / "body"
        self.body.write_text(json.dumps({"script": "#!/bin/sh\ntrue\n", "job": {
            "name": "small", "current_working_directory": "/tmp", "environment": {"PATH": "/usr/bin:/bin"},
            "standard_output": "/dev/null", "standard_error": "/dev/null"}}))

    def run(self, *words):
        return subprocess.run([TWIN, *map(str, words)], env=self.env, check=True, capture_output=True, text=True,
                              timeout=300).stdout

    def post(self, seconds, count=0):
        done = subprocess.run([self.bench, "127.0.0.1", str(self.base + 1), "", self.token, API, self.body,
                               str(self.connections), str(seconds), "0", str(count)], check=True, capture_output=True,
                              text=True)
        return json.loads(done.stdout)

    def queued(self):
        conf = next((self.folder / "twin/shenzhen").rglob("slurm.conf"))
        listed = subprocess.run(["squeue", "-h", "-t", "all", "-o", "%T"], env=dict(self.env, SLURM_CONF=str(conf)),
                                check=True, capture_output=True, text=True).stdout.split()
        return sum(1 for state in listed if state != "COMPLETED")

    def down(self):
        try:
            self.run("down", self.folder / "twin")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def measure(bench, connections, seconds, say):
    """{"accept": jobs/s, "roundtrip": jobs/s}, or nothing with a word on why not."""
    if os.geteuid() != 0 or not os.access(TWIN, os.X_OK):
        say(f"no peer: {TWIN} is not there, or this is not root")
        return None
    try:
        twin = Twin(bench, connections)
    except (OSError, subprocess.SubprocessError) as failed:
        say(f"no peer: Slurm does not start here: {failed}")
        return None
    try:
        began = time.monotonic()
        some = twin.post(0, ROUNDTRIPS)
        while twin.queued() > 0 and time.monotonic() - began < 120:
            time.sleep(0.2)
        took = time.monotonic() - began
        taken = twin.post(seconds)
        say(f"slurmrestd: {some['accepted']} jobs run in {took:.1f} s; {taken}")
        if not taken["accepted"] or not some["accepted"]:
            say("no peer: slurmrestd takes no jobs here")
            return None
        return {"accept": taken["rate"], "roundtrip": some["accepted"] / took}
    finally:
        twin.down()
