"""Two real gateways for benchmarks of transfers: on loopback, or on the two hosts of a link. Everything may cross; what a
transfer took stands between the entries of the two ledgers, `departed` at one and `arrived` at the other.
"""

import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
BIN = ROOT / "build/bin"
sys.path.insert(0, str(HERE.parent / "tunnel"))
import peers  # noqa: E402


class Loopback:
    """No link at all: commands run as they are."""

    def on(self, _host, *command):
        return [*map(str, command)]


def entry_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def wait_until(holds, what, patience_s=600, pause_s=0.1):
    end = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"after {patience_s} s still not: {what}")
        time.sleep(pause_s)


class City:
    """A gateway on one host. Its HTTPS port is on that host's loopback."""

    def __init__(self, folder, link, host, name, other, tunnel, https, dial=None, megabit_per_second=0):
        self.link, self.host, self.name = link, host, name
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        pki = folder / "pki"
        own = pki / name
        hetao = lambda *words: subprocess.run([BIN / "hetao", *map(str, words)], check=True, capture_output=True, text=True)
        if not (own / "https.crt").exists():
            hetao("certs", "issue", "--dir", own, "--role", "server", "--name", "https", "--ip", "127.0.0.1")
            hetao("token", "key", "-o", self.folder / "token.key")
        (self.folder / "jwks.json").write_text(hetao("token", "jwks", "--key", self.folder / "token.key").stdout)
        roles = [w for r in ("submitter", "data-owner", "auditor", "operator") for w in ("--role", r)]
        self.token = hetao("token", "issue", "--key", self.folder / "token.key", "--issuer", f"https://login.{name}",
                           "--audience", "hetao", "--user", "bench", "--tenant", f"{name}-hub", *roles).stdout.strip()
        self.staging = self.folder / "staging"
        self.staging.mkdir(exist_ok=True)
        pack = folder / "pack"
        (pack / "rules").mkdir(parents=True, exist_ok=True)
        (pack / "pack.yaml").write_text("policy: bench\nversion: \"1\"\ndefault: forbid\n")
        (pack / "rules/all.yaml").write_text(
            "rules:\n" + "".join(f"  - {{id: {a}, effect: permit, title: {{en: All may}}, basis: [bench], when: {{action: {a}}}}}\n"
                                 for a in ("cross", "place")))  # fmt: skip
        peer = {"region": other, "jurisdiction": "HK" if name == "shenzhen" else "CN"}
        if dial:
            peer["address"] = dial
        if megabit_per_second:
            peer["megabit_per_second"] = megabit_per_second
        self.config = {
            "region": name, "jurisdiction": "CN" if name == "shenzhen" else "HK", "data_dir": "data",
            "listen": {"https": https, "tunnel": tunnel},
            "https": {"certificate": str(own / "https.crt"), "key": str(own / "https.key")},
            "tunnel": {"certificate": str(own / "gw-1.crt"), "key": str(own / "gw-1.key")},
            "trust": {r: {"ca": str(pki / r / "ca.crt"), "crl": str(pki / r / "crl.pem")} for r in ("shenzhen", "hongkong")},
            "peers": [peer], "policy": {"pack": str(pack)}, "operator_tenant": f"{name}-hub",
            "tenants": {"shenzhen-hub": {"name": "Shenzhen Hub"}, "hongkong-hub": {"name": "Hong Kong Hub"}},
            "staging_roots": [str(self.staging)],
            "platforms": [{"name": "local", "kind": "local", "host_root_images": ["host/*"], "cpu_cores": 2, "ram_gb": 2,
                           "disk_gb": 8, "wall_time": "10m"}],
            "auth": {"issuers": [{"issuer": f"https://login.{name}", "audience": "hetao",
                                  "jwks_file": str(self.folder / "jwks.json")}]},
        }  # fmt: skip
        self.environment = dict(os.environ, HETAO_GATEWAY=f"https://{https}", HETAO_CA=str(own / "ca.crt"),
                                HETAO_TOKEN=self.token, LANG="C.UTF-8")  # fmt: skip

    def start(self, congestion=None):
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        if congestion:
            self.config["tunnel"]["congestion_control"] = congestion
        (self.folder / "gateway.yaml").write_text(json.dumps(self.config))
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(self.link.on(self.host, BIN / "hetao-gateway", "--config", self.folder / "gateway.yaml"),
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)  # fmt: skip
        wait_until(lambda: self.hetao("status", code=None).returncode == 0, f"{self.name} answers", 60)

    def stop(self):
        if getattr(self, "process", None):
            os.killpg(self.process.pid, 15)
            self.process.wait()
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def hetao(self, *words, stdin=None, code=0):
        done = subprocess.run(self.link.on(self.host, BIN / "hetao", *words), env=self.environment, input=stdin,
                              capture_output=True, text=True)  # fmt: skip
        if code is not None and done.returncode != code:
            raise RuntimeError(f"hetao {words}: {done.stdout}{done.stderr}")
        return done

    def ask(self, *words):
        return json.loads(self.hetao("--json", *words).stdout)

    def peer(self):
        return self.ask("peers")["peers"][0]

    def booked(self, kind, job):
        found = [e for e in self.ask("audit", "search", "--job", job)["entries"] if e["kind"] == kind and ".i0" in json.dumps(e)]
        return entry_time(found[0]["time"]) if found else None


class Cities:
    """Shenzhen dials Hong Kong; datasets go from Hong Kong to Shenzhen."""

    def __init__(self, scratch, link=None, congestion=None, megabit_per_second=0):
        self.scratch = pathlib.Path(scratch)
        if link is None:
            port = lambda: f"127.0.0.1:{peers.free_port()}"
            listen = port()
            places = {"shenzhen": (port(), port(), listen), "hongkong": (listen, port(), None)}
        else:
            places = {"shenzhen": ("198.18.0.1:9443", "127.0.0.1:8443", "198.18.0.2:9443"),
                      "hongkong": ("198.18.0.2:9443", "127.0.0.1:8443", None)}  # fmt: skip
        link = link or Loopback()
        self.shenzhen = City(self.scratch, link, "a", "shenzhen", "hongkong", *places["shenzhen"])
        self.hongkong = City(self.scratch, link, "b", "hongkong", "shenzhen", *places["hongkong"],
                             megabit_per_second=megabit_per_second)  # fmt: skip
        try:
            self.hongkong.start(congestion)
            self.shenzhen.start(congestion)
            wait_until(lambda: self.shenzhen.peer()["up"], "the tunnel is up", 60)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.shenzhen.stop()
        self.hongkong.stop()

    def begin(self, name, fill, kind="FILE"):
        """A job of Hong Kong's that takes a dataset of theirs to Shenzhen; its id. `fill(path)` makes the data."""
        path = self.hongkong.staging / name
        fill(path)
        self.hongkong.hetao("data", "register", name, f"file://{path}", "-l", "data.grade=general")
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        wait_until(lambda: self.shenzhen.hetao("data", "show", name, code=None).returncode == 0, "it is known")
        job = {"name": "size", "resources": {"zones": ["shenzhen"]},
               "executors": [{"image": "host/sh", "command": ["/bin/sh", "-c", "true"]}],
               "inputs": [{"url": f"dataset:{name}", "path": "/data/n", "type": kind}]}  # fmt: skip
        return self.hongkong.hetao("submit", "-", stdin=json.dumps(job)).stdout.strip()

    def seconds(self, job):
        """From the entry of its departure to that of its arrival."""
        # Seldom: asking costs processor time that the transfer would have.
        wait_until(lambda: self.shenzhen.booked("arrived", job), "the data has arrived", pause_s=0.5)
        return self.shenzhen.booked("arrived", job) - self.hongkong.booked("departed", job)

    def done_bytes(self):
        moving = (self.shenzhen.peer().get("link") or {}).get("transfers", [])
        return max([t["bytes_done"] for t in moving], default=0)
