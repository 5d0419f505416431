"""Shenzhen with a well-behaved peer, Hong Kong, whose jobs must not notice anything, and a hostile one, Lantau."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

import pki
import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/bin"
PATIENCE_S = 40

PACK = {"pack.yaml": "policy: hostile-tests\nversion: \"1\"\ndefault: forbid\n",
        "rules/all.yaml": "rules:\n  - {id: all, effect: permit, title: {en: All may cross}, basis: [test], "
                          "when: {action: cross}}\n"
                          "  - {id: place, effect: permit, title: {en: All may run}, basis: [test], "
                          "when: {action: place}}\n"}

# Regions that Shenzhen trusts, each broken in one way: list expired, list of the future, no list of its CA, no peer.
ODD_REGIONS = ("yantian", "longgang", "futian", "zhuhai")
# Hostile peers: Lantau for all that a peer does once, an own region for each that empties its budget.
HOSTILE = ("lantau", "lamma", "cheung-chau", "peng-chau", "tung-chung", "tai-o")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(holds, what, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {patience_s} s still not: {what}")
        time.sleep(0.02)


class Gateway:
    def __init__(self, town, city, ports):
        self.town, self.city = town, city
        self.https, self.tunnel = ports
        self.folder = town.folder / city
        self.log_file = self.folder / "gateway.log"
        self.process = None

    def start(self):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen([BIN / "hetao-gateway", "--config", self.folder / "gateway.yaml"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.is_ready, f"{self.city} is ready: {self.log()[-2000:]}")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def alive(self):
        return self.process.poll() is None

    def memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.city} ended: {self.log()[-2000:]}")
        try:
            return self.get("/readyz") == "ready\n"
        except OSError:
            return False

    def log(self):
        return self.log_file.read_text(errors="replace")

    def get(self, path):
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.town.tls),
                                             urllib.request.ProxyHandler({}))
        request = urllib.request.Request(f"https://127.0.0.1:{self.https}{path}",
                                         headers={"Authorization": "Bearer " + self.town.token(self.city)})
        with opener.open(request, timeout=20) as answer:
            return answer.read().decode()

    def metrics(self):
        """Every sample by its name with labels."""
        found = {}
        for line in self.get("/metrics").splitlines():
            if not line.startswith("#"):
                key, _, value = line.rpartition(" ")
                found[key] = float(value)
        return found

    def peer(self, region):
        return next(p for p in json.loads(self.get("/api/v1/peers"))["peers"] if p["region"] == region)

    def entries(self, **wanted):
        self.hetao("OPERATOR", "status")
        found = json.loads(self.hetao("", "--json", "audit", "search", "--kind", wanted.pop("kind")).stdout)
        return [e for e in found["entries"] if all(str(e.get(k) or (e.get("extra") or {}).get(k)) == v
                                                   for k, v in wanted.items())]

    def hetao(self, _role, *words, stdin=None, code=0):
        env = dict(os.environ, HETAO_GATEWAY=f"https://127.0.0.1:{self.https}", HETAO_CA=str(self.town.ca_file),
                   HETAO_TOKEN=self.town.token(self.city), LANG="C.UTF-8")
        done = subprocess.run([BIN / "hetao", *map(str, words)], env=env, input=stdin, capture_output=True, text=True,
                              timeout=60)
        if code is not None and done.returncode != code:
            raise AssertionError(f"hetao {words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done


class Town:
    def __init__(self, dialled=(), odd=ODD_REGIONS):
        """`dialled`: (region, port) of further peers that Shenzhen is to dial; `odd`: broken regions that it trusts."""
        self.odd = odd
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hetao-hostile."))
        self.staging = self.folder / "staging"
        self.staging.mkdir()
        self.tokens = {}
        self.dialled = dict(dialled)
        ports = free_ports(4)
        self.make_pki()
        self.shenzhen = self.gateway("shenzhen", ports[:2])
        self.hongkong = self.gateway("hongkong", ports[2:])
        self.write_config(self.shenzhen, [("hongkong", ports[3]), *((one, None) for one in HOSTILE), *self.dialled.items()])
        self.write_config(self.hongkong, [("shenzhen", ports[1])])

    def gateway(self, city, ports):
        (self.folder / city).mkdir()
        return Gateway(self, city, ports)

    def up(self):
        try:
            self.shenzhen.start()
            self.hongkong.start()
            wait_until(lambda: self.shenzhen.peer("hongkong")["up"], "the tunnel is up")
        except BaseException:
            self.down()
            raise
        return self

    def down(self):
        self.hongkong.stop()
        self.shenzhen.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Certificates.

    def pki(self, region):
        return self.folder / "pki" / region

    def certs(self, *words):
        return subprocess.run([BIN / "hetao", "certs", *map(str, words)], check=True, capture_output=True, text=True)

    def make_pki(self):
        for region in ("shenzhen", "hongkong", *HOSTILE, *self.odd, *self.dialled):
            self.certs("init", "--region", region, "--dir", self.pki(region))
        for city in ("shenzhen", "hongkong"):
            self.certs("issue", "--dir", self.pki(city), "--role", "server", "--name", "https", "--ip", "127.0.0.1")
            self.certs("issue", "--dir", self.pki(city), "--name", "gw-1")
            key = self.pki(city) / "token.key"
            subprocess.run([BIN / "hetao", "token", "key", "-o", key], check=True, capture_output=True)
            jwks = subprocess.run([BIN / "hetao", "token", "jwks", "--key", key], check=True, capture_output=True)
            (self.pki(city) / "jwks.json").write_bytes(jwks.stdout)
        self.ca = {region: pki.Ca.of_folder(self.pki(region))
                   for region in ("shenzhen", "hongkong", *HOSTILE, *self.odd, *self.dialled)}
        if self.odd:
            self.break_lists()
        self.ca_file = self.folder / "ca.crt"
        self.ca_file.write_bytes(b"".join((self.pki(c) / "ca.crt").read_bytes() for c in ("shenzhen", "hongkong")))
        self.tls = ssl.create_default_context(cafile=str(self.ca_file))

    def break_lists(self):
        soon = pki.now() + pki.DAY
        self.list_of("yantian").write_bytes(
            self.ca["yantian"].crl(since=pki.now() - 30 * pki.DAY, until=pki.now() - pki.DAY / 24))
        self.list_of("longgang").write_bytes(self.ca["longgang"].crl(since=soon))
        self.list_of("futian").write_bytes(pki.Ca.unknown().crl())

    def list_of(self, region):
        return self.pki(region) / "crl.pem"

    def token(self, city):
        if city not in self.tokens:
            roles = [w for r in ("submitter", "data-owner", "reviewer", "auditor", "operator") for w in ("--role", r)]
            self.tokens[city] = subprocess.run(
                [BIN / "hetao", "token", "issue", "--key", self.pki(city) / "token.key", "--issuer",
                 f"https://login.{city}", "--audience", "hetao", "--user", "tester", "--tenant", f"{city}-hub", *roles],
                check=True, capture_output=True, text=True).stdout.strip()
        return self.tokens[city]

    def leaf(self, region, **wrong):
        """Saves a certificate of `region`'s CA with what is wrong about it; answers its file."""
        uris = wrong.pop("uris", (f"spiffe://hetao/{region}/gateway/gw-1",))
        made = pki.Leaf(wrong.pop("ca", self.ca[region]), uris=uris, **wrong)
        self.last_leaf = made
        return made.save(self.folder, f"leaf-{made.serial:x}")

    def write_config(self, gateway, peers):
        city = gateway.city
        pack = self.folder / "pack"
        (pack / "rules").mkdir(parents=True, exist_ok=True)
        for name, text in PACK.items():
            (pack / name).write_text(text)
        trusted = ["shenzhen", "hongkong"]
        if city == "shenzhen":
            trusted += [*HOSTILE, *self.odd, *self.dialled]
        trust = {r: {"ca": str(self.pki(r) / "ca.crt"), "crl": str(self.list_of(r))} for r in trusted}
        listed = [{"region": region, "jurisdiction": "CN" if region == "shenzhen" else "HK",
                   **({"address": f"127.0.0.1:{port}"} if port else {})} for region, port in peers]
        own = self.pki(city)
        (gateway.folder / "gateway.yaml").write_text(json.dumps({
            "region": city, "jurisdiction": "CN" if city == "shenzhen" else "HK", "data_dir": "data",
            "listen": {"https": f"127.0.0.1:{gateway.https}", "tunnel": f"127.0.0.1:{gateway.tunnel}"},
            "https": {"certificate": str(own / "https.crt"), "key": str(own / "https.key")},
            "tunnel": {"certificate": str(own / "gw-1.crt"), "key": str(own / "gw-1.key")},
            "trust": trust, "peers": listed, "policy": {"pack": str(pack)}, "operator_tenant": f"{city}-hub",
            "tenants": {"shenzhen-hub": {"name": "Shenzhen Hub"}, "hongkong-hub": {"name": "Hong Kong Hub"},
                        "lantau-hub": {"name": "Lantau Hub"}},
            "staging_roots": [str(self.staging)],
            "platforms": [{"name": "local", "kind": "local", "host_root_images": ["host/*"], "cpu_cores": 2,
                           "ram_gb": 2, "disk_gb": 2, "wall_time": "10m"}],
            "auth": {"issuers": [{"issuer": f"https://login.{city}", "audience": "hetao",
                                  "jwks_file": str(own / "jwks.json")}]},
        }))


class Bystander:
    """Jobs that cross to Hong Kong and back, one after the other, for as long as the attacks last."""

    def __init__(self, town):
        self.town, self.jobs, self.failures, self.longest_s = town, 0, [], 0.0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def start(self):
        self.thread.start()
        return self

    def work(self):
        job = json.dumps({"name": "bystander", "executors": [{"image": "host/sh", "command":
                          ["/bin/sh", "-c", "echo fine > /out/answer"]}], "resources": {"zones": ["hongkong"]},
                          "outputs": [{"path": "/out/answer", "url": "result:answer", "type": "FILE"}]})
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                submitted = self.town.shenzhen.hetao("", "submit", "-", stdin=job).stdout.strip()
                self.town.shenzhen.hetao("", "job", "wait", submitted)
                self.jobs += 1
            except (AssertionError, subprocess.TimeoutExpired) as failed:
                self.failures.append(str(failed))
                return
            self.longest_s = max(self.longest_s, time.monotonic() - began)

    def stop(self):
        self.stopping.set()
        self.thread.join()


class HostileTest(unittest.TestCase):
    """One town for all tests of a class. After each: the same Hong Kong tunnel as before, and its jobs went on."""

    DIALLED = ()

    @classmethod
    def setUpClass(cls):
        cls.town = Town(cls.DIALLED).up()
        cls.bystander = Bystander(cls.town).start()
        cls.since = cls.town.shenzhen.peer("hongkong")["since"]
        cls.good = cls.town.leaf("lantau")

    @classmethod
    def tearDownClass(cls):
        cls.bystander.stop()
        cls.town.down()
        if cls.bystander.failures or cls.bystander.jobs == 0:
            raise AssertionError(f"jobs noticed the attack: {cls.bystander.failures or 'none was done'}")
        print(f"{cls.__name__}: {cls.bystander.jobs} jobs of the bystander, the longest {cls.bystander.longest_s:.2f} s")

    def setUp(self):
        self.log_mark = len(self.gateway.log())
        self.before = self.gateway.metrics()

    def tearDown(self):
        peer = self.gateway.peer("hongkong")
        self.assertTrue(peer["up"])
        self.assertEqual(peer["since"], self.since, "the other peer's tunnel was touched")

    @property
    def gateway(self):
        return self.town.shenzhen

    def peer(self, pem=None, region="lantau", **more):
        """A connection with a certificate that is good, unless another is given."""
        if pem is None:
            pem = self.good if region == "lantau" else self.town.leaf(region)
        return wire.Peer(self.gateway.tunnel, wire.context(pem), region=region, **more)

    def new_log(self):
        return self.gateway.log()[self.log_mark:]

    def assert_logged(self, pattern):
        try:
            wait_until(lambda: re.search(pattern, self.new_log()), f"the log says {pattern}", 30)
        except AssertionError as failed:
            raise AssertionError(f"{failed}; it says\n{self.new_log()}") from failed

    def assert_counted(self, family, **labels):
        key = family + "{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}"
        wait_until(lambda: self.gateway.metrics().get(key, 0) > self.before.get(key, 0), f"{key} has grown", 30)

    def assert_in_ledger(self, fault):
        wait_until(lambda: self.gateway.entries(kind="peer-fault", fault=fault), f"the ledger says {fault}", 30)
