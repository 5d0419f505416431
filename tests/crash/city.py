"""One gateway, or two that see each other, with a disk that fails to order, and the judge of what became of their jobs.

Every job's own first act is to write its name into a pipe that only this process reads: so starts are counted from
outside, whatever gateway, store and platform believe.
"""

import json
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("HETAO_BIN_DIR", ROOT / "build/bin"))
SHIM = BIN / "hetao_fault_shim.so"
PATIENCE_S = 120
FINAL = ("complete", "executor-error", "system-error", "cancelled")

PACK = {"pack.yaml": "policy: crash-tests\nversion: \"1\"\ndefault: forbid\n",
        "rules/all.yaml": "rules:\n  - {id: all, effect: permit, title: {en: All may cross}, basis: [test], "
                          "when: {action: cross}}\n"
                          "  - {id: place, effect: permit, title: {en: All may run}, basis: [test], "
                          "when: {action: place}}\n"}


class Broken(AssertionError):
    """A promise that was not kept."""


def wait_until(holds, what, patience_s=PATIENCE_S, state=lambda: ""):
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            raise Broken(f"after {patience_s} s still not: {what}\n{state()}")
        time.sleep(0.01)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def missing():
    """Why these tests can't run here; None: they can."""
    if os.geteuid() != 0:
        return "needs root: jobs tell that they started through a pipe below /opt, which their sandbox shows them"
    if not SHIM.exists():
        return f"{SHIM} is not built"
    return None


class Starts:
    """Counts the starts of jobs by name."""

    def __init__(self):
        # The sandbox shows /opt read-only; writing into a pipe changes no file system.
        pathlib.Path("/opt").mkdir(exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hetao-crash.", dir="/opt"))
        self.folder.chmod(0o755)
        self.pipe = self.folder / "starts"
        os.mkfifo(self.pipe)
        self.pipe.chmod(0o666)
        self.fd = os.open(self.pipe, os.O_RDWR | os.O_NONBLOCK)
        self.seen = {}
        self.rest = b""
        self.lock = threading.Lock()

    def count(self, name):
        with self.lock:
            return self.count_alone(name)

    def count_alone(self, name):
        while select.select([self.fd], [], [], 0)[0]:
            *lines, self.rest = (self.rest + os.read(self.fd, 65536)).split(b"\n")
            for line in lines:
                self.seen[line.decode()] = self.seen.get(line.decode(), 0) + 1
        return self.seen.get(name, 0)

    def close(self):
        os.close(self.fd)
        shutil.rmtree(self.folder, ignore_errors=True)


class Land:
    """What all gateways of a test program share: certificates, the pack, the pipe of starts."""

    REGIONS = ("shenzhen", "hongkong")

    def __init__(self, within=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hetao-crash.", dir=within))
        self.starts = Starts()
        self.judging = threading.Lock()
        (self.folder / "pack/rules").mkdir(parents=True)
        for name, text in PACK.items():
            (self.folder / "pack" / name).write_text(text)
        self.tokens = {}
        for region in self.REGIONS:
            own = self.folder / "pki" / region
            self.hetao("certs", "init", "--region", region, "--dir", own)
            self.hetao("certs", "issue", "--dir", own, "--role", "server", "--name", "https", "--ip", "127.0.0.1")
            self.tunnel_certificate(region, "gw-1")
            self.hetao("token", "key", "-o", own / "token.key")
            (own / "jwks.json").write_text(self.hetao("token", "jwks", "--key", own / "token.key"))
            self.tokens[region] = self.token(region, f"{region}-hub")
        authorities = b"".join((self.folder / "pki" / r / "ca.crt").read_bytes() for r in self.REGIONS)
        (self.folder / "ca.crt").write_bytes(authorities)
        self.tls = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        self.cities = 0

    def tunnel_certificate(self, region, node):
        """Every node's own, as peers demand: their hello has to name the node that the certificate names."""
        own = self.folder / "pki" / region
        if not (own / f"{node}.crt").exists():
            self.hetao("certs", "issue", "--dir", own, "--name", node)
        return {"certificate": str(own / f"{node}.crt"), "key": str(own / f"{node}.key")}

    def token(self, region, tenant):
        roles = [w for r in ("submitter", "auditor", "operator") for w in ("--role", r)]
        return self.hetao("token", "issue", "--key", self.folder / "pki" / region / "token.key", "--issuer",
                          f"https://{region}", "--audience", "hetao", "--user", "tester", "--tenant", tenant, *roles).strip()

    def hetao(self, *words):
        return subprocess.run([BIN / "hetao", *map(str, words)], check=True, capture_output=True, text=True).stdout

    def close(self):
        self.starts.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class City:
    """A gateway with a data folder of its own. `store`: the configuration's `store` section, or None for SQLite."""

    def __init__(self, land, region="shenzhen", store=None, name="gw-1", shared=None, peer=None, more=None):
        self.land, self.region = land, region
        land.cities += 1
        self.folder = land.folder / f"city-{land.cities}"
        self.folder.mkdir()
        self.data = self.folder / "data"
        self.https, self.tunnel = free_ports(2)
        self.log_file = self.folder / "log"
        self.process = None
        self.headers = {}  # of the last answer
        self.peer = peer
        self.config = self.folder / "gateway.yaml"
        self.store, self.name, self.more = store, name, more or {}
        self.bin = BIN  # of its programs: an older release has another
        self.shared = shared or self.folder / "shared"
        self.write_config()

    def write_config(self):
        own = self.land.folder / "pki" / self.region
        trust = {r: {"ca": str(self.land.folder / "pki" / r / "ca.crt"), "crl": str(self.land.folder / "pki" / r / "crl.pem")}
                 for r in Land.REGIONS}
        config = {
            "region": self.region, "jurisdiction": "CN" if self.region == "shenzhen" else "HK", "name": self.name,
            "data_dir": str(self.data),
            "listen": {"https": f"127.0.0.1:{self.https}", "tunnel": f"127.0.0.1:{self.tunnel}"},
            "https": {"certificate": str(own / "https.crt"), "key": str(own / "https.key")},
            "tunnel": self.land.tunnel_certificate(self.region, self.name),
            "trust": trust, "policy": {"pack": str(self.land.folder / "pack")}, "operator_tenant": f"{self.region}-hub",
            "tenants": {f"{r}-hub": {"name": r} for r in Land.REGIONS},
            "platforms": [{"name": "local", "kind": "local", "host_root_images": ["host/*"], "cpu_cores": 2, "ram_gb": 2,
                           "disk_gb": 2, "wall_time": "10m"}],
            "auth": {"issuers": [{"issuer": f"https://{self.region}", "audience": "hetao", "jwks_file": str(own / "jwks.json")}]},
            "submit_settle": "1s", **self.more}
        if self.store is not None:
            config |= {"store": self.store, "shared_dir": str(self.shared)}
        if self.peer is not None:
            config["peers"] = [{"region": self.peer.region, "jurisdiction": "CN" if self.peer.region == "shenzhen" else "HK",
                                "address": f"127.0.0.1:{self.peer.tunnel}"}]
        self.config.write_text(json.dumps(config))

    # --- the process

    def start(self, env=None, wait=True, wrapper=()):
        whole = dict(os.environ, **(env or {}))
        if env and "HETAO_FAULT_ROOT" in env:
            whole["LD_PRELOAD"] = str(SHIM)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen([*wrapper, self.bin / "hetao-gateway", "--config", self.config], env=whole,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        if wait:
            wait_until(self.is_ready, f"{self.region} is ready", state=self.log)
        return self

    def fault(self, kind=None, number=0, **more):
        """The environment of a start whose call `number` fails."""
        env = {"HETAO_FAULT_ROOT": str(self.folder), **{f"HETAO_FAULT_{k.upper()}": str(v) for k, v in more.items()}}
        if kind is not None:
            env["HETAO_FAULT"] = f"{kind}:{number}"
        return env

    def is_dead(self):
        return self.process is None or self.process.poll() is not None

    def is_ready(self):
        if self.is_dead():
            raise Broken(f"{self.region} ended with {self.process.returncode}:\n{self.log()}")
        try:
            return self.http("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def has_tunnel(self):
        """To its first peer."""
        try:
            status, answer = self.http("GET", "/api/v1/peers")
        except OSError:
            return False
        return status == 200 and answer["peers"][0]["up"]

    def kill(self):
        if not self.is_dead():
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self):
        if not self.is_dead():
            self.process.terminate()
            self.process.wait(PATIENCE_S)

    def log(self):
        return self.log_file.read_text(errors="replace")[-3000:]

    # --- the interface

    def http(self, method, path, body=None, timeout=10, **headers):
        """(status, parsed body or text)."""
        headers = {"Authorization": "Bearer " + self.land.tokens[self.region], **headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"https://127.0.0.1:{self.https}{path}", method=method, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.land.tls),
                                             urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as answer:
                text, status, self.headers = answer.read().decode(), answer.status, answer.headers
        except urllib.error.HTTPError as refused:
            with refused:
                text, status, self.headers = refused.read().decode(), refused.code, refused.headers
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def submit(self, name, zone=None, timeout=10, output=False, seconds=0):
        """The id that was acknowledged; None: no answer, or a refusal for now. The job lasts so many seconds."""
        command = f"echo {name} >{self.land.starts.pipe}" + (f"; sleep {seconds}" if seconds else "")
        command += f"; echo {name} >/out/answer" if output else ""
        job = {"name": name, "executors": [{"image": "host/sh", "command": ["/bin/sh", "-c", command]}]}
        if zone:
            job["resources"] = {"zones": [zone]}
        if output:
            job["outputs"] = [{"path": "/out/answer", "url": "result:answer", "type": "FILE"}]
        try:
            status, answer = self.http("POST", "/ga4gh/tes/v1/tasks", job, timeout, **{"Idempotency-Key": name})
        except OSError:
            return None
        if status == 200:
            return answer["id"]
        if status < 500 and status != 429:
            raise Broken(f"the submission of {name} got {status}: {answer}")
        return None

    def job(self, job_id):
        status, answer = self.http("GET", f"/api/v1/jobs/{job_id}")
        return answer if status == 200 else {"state": f"HTTP {status}"}

    def wait_final(self, job_id, patience_s=PATIENCE_S):
        wait_until(lambda: self.job(job_id)["state"] in FINAL, f"{job_id} has ended", patience_s,
                   lambda: json.dumps(self.job(job_id), indent=1)[:3000] + self.log())
        return self.job(job_id)["state"]

    # --- the judge

    def judge_job(self, name, job_id, states=("complete",)):
        """It ended as it may, and its own first act happened once: or never, if it did not complete."""
        state = self.wait_final(job_id)
        if state not in states:
            raise Broken(f"job {name} ({job_id}) is {state}: {json.dumps(self.job(job_id), indent=1)[:3000]}\n{self.log()}")
        starts = self.land.starts.count(name)
        if starts > 1 or (state == "complete" and starts != 1):
            raise Broken(f"job {name} ({job_id}) is {state} and started {starts} times: "
                         f"{json.dumps(self.job(job_id), indent=1)[:3000]}\n{self.log()}")

    def judge_list(self, names):
        """Every job here is one of `names`, and none of them twice."""
        listed = [j["name"] for j in self.http("GET", "/api/v1/jobs?limit=1000")[1]["jobs"]]
        if len(set(listed)) != len(listed) or not set(listed) <= set(names):
            raise Broken(f"jobs {sorted(listed)} came of {sorted(names)}")

    def judge_ledger(self):
        """The whole log, as an auditor verifies it offline. The gateway has stopped in order."""
        done = subprocess.run([BIN / "hetao", "audit", "verify", self.data], capture_output=True, text=True)
        if done.returncode != 0:
            raise Broken(f"the ledger does not verify: {done.stdout}{done.stderr}")


def judge_books(first, second):
    """Every departure of one city is an arrival of the other, and the other way round. Both gateways have stopped."""
    done = subprocess.run([BIN / "hetao", "audit", "reconcile", first.data, second.data], capture_output=True, text=True)
    if done.returncode != 0:
        raise Broken(f"the books do not match: {done.stdout}{done.stderr}")


def judge_history(land, cities, jobs, *flags):
    """By the promises that `hetao audit check` knows. `jobs`: {name: id} of what was acknowledged; all gateways have stopped."""
    acknowledged, starts = land.folder / "acknowledged", land.folder / "starts"
    with land.judging:
        acknowledged.write_text("".join(f"{job}\n" for job in jobs.values()))
        starts.write_text("".join(f"{job}.1\n" * land.starts.count(name) for name, job in jobs.items()))
        done = subprocess.run([BIN / "hetao", "audit", "check", *(one.data for one in cities), "--acknowledged",
                               acknowledged, "--starts", starts, *flags], capture_output=True, text=True)
    if done.returncode != 0:
        raise Broken(f"hetao audit check: {done.stdout}{done.stderr}")


class Postgres:
    """A server of this test program, on a disk: its files are what a crash leaves."""

    def __init__(self, land):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hetao-pg.", dir="/tmp"))
        self.process = subprocess.Popen([ROOT / "tests/postgresql/serve", self.folder], stderr=subprocess.PIPE, text=True)
        self.databases = 0

        def answers():
            if self.process.poll() is not None:
                raise Broken(f"PostgreSQL ended: {self.process.stderr.read()}")
            return self.sql("SELECT 1", check=False) == "1"
        wait_until(answers, "PostgreSQL answers")

    @staticmethod
    def missing():
        return None if list(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres")) else "PostgreSQL is not installed"

    def sql(self, text, database="postgres", check=True):
        done = subprocess.run(["psql", "-qAtX", self.url(database), "-c", text], capture_output=True, text=True)
        if check and done.returncode != 0:
            raise Broken(done.stderr)
        return done.stdout.strip()

    def url(self, database):
        return f"postgresql:///{database}?user=hetao&host={self.folder}"

    def fresh(self):
        """The `store` section of a new database."""
        self.databases += 1
        name = f"d{self.databases}_{uuid.uuid4().hex[:8]}"
        self.sql(f"CREATE DATABASE {name}")
        return {"postgresql": self.url(name)}

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)
