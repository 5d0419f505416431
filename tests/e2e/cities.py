"""Two real gateways on loopback for the end-to-end tests: started by deploy/demo, driven through programs and HTTP."""

import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/bin"
PATIENCE_S = 60

# What an owner says of personal data that may be used where it is.
PATIENTS = {
    "data.grade": "general", "data.personal": "sensitive", "data.personal_kinds": "health",
    "data.collected_in": "mainland", "data.subjects_ordinary": "0", "data.subjects_sensitive": "40",
    "data.sectors": "health", "consent.basis": "consent", "consent.separate": "true", "consent.guardian": "true",
    "impact_assessment": "done", "genetic.data": "false", "result.anonymity_assessed": "true",
}
GRID = {
    "data.grade": "important", "data.personal": "none", "data.collected_in": "mainland",
    "data.subjects_ordinary": "0", "data.subjects_sensitive": "0", "data.sectors": "energy", "genetic.data": "false",
}


class Answer:
    """An HTTP answer; `reason` is the reason phrase."""

    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body

    def json(self):
        return json.loads(self.body)


class Cities:
    def __init__(self, *options):
        self.options = options  # of deploy/demo
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hetao-e2e."))
        self.env = {}
        self.started = {}  # by this object, not by deploy/demo

    def up(self):
        done = subprocess.run([ROOT / "deploy/demo", "--up", self.folder, *self.options], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        for line in (self.folder / "env").read_text().splitlines():
            name, _, value = line.partition("=")
            self.env[name] = shlex.split(value)[0]
        self.tls = ssl.create_default_context(cafile=self.env["HETAO_CA"])

    def down(self):
        for city in list(self.started):
            self.stop(city)
        subprocess.run([ROOT / "deploy/demo", "--down", self.folder], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # One gateway alone.

    def pid(self, city):
        return int((self.folder / city / "gateway.pid").read_text())

    def stop(self, city, with_signal=signal.SIGTERM):
        pid = self.pid(city)
        os.kill(pid, with_signal)
        if city in self.started:
            self.started.pop(city).wait(PATIENCE_S)
        wait_until(lambda: not pathlib.Path(f"/proc/{pid}/exe").exists(), f"{city} ends")

    def start(self, city, *flags):
        with (self.folder / city / "gateway.log").open("ab") as log:
            gateway = subprocess.Popen([BIN / "hetao-gateway", "--config", self.env[city.upper() + "_CONFIG"], *flags],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.started[city] = gateway
        (self.folder / city / "gateway.pid").write_text(str(gateway.pid))
        wait_until(lambda: self.is_ready(city), f"{city} is ready")

    def is_ready(self, city):
        try:
            return self.http(city, None, "GET", "/readyz").status == 200
        except OSError:
            return False

    # The two ways in.

    def hetao(self, city, role, *words, stdin=None, code=0):
        """Runs the client as that person; `code` is the exit code that it must have (None: any)."""
        name = city.upper()
        env = dict(os.environ, HETAO_GATEWAY=self.env[name + "_URL"], HETAO_CA=self.env["HETAO_CA"],
                   HETAO_TOKEN=self.env[f"{name}_TOKEN_{role}"] if role else "", LANG="C.UTF-8")
        done = subprocess.run([BIN / "hetao", *map(str, words)], env=env, input=stdin, capture_output=True, text=True,
                              timeout=2 * PATIENCE_S)
        if code is not None and done.returncode != code:
            raise AssertionError(f"hetao {' '.join(map(str, words))}: exit {done.returncode}, not {code}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def ask(self, city, role, *words):
        return json.loads(self.hetao(city, role, "--json", *words).stdout)

    def http(self, city, role, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if role:
            headers["Authorization"] = "Bearer " + self.env[f"{city.upper()}_TOKEN_{role}"]
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.env[city.upper() + "_URL"] + path, data=body, headers=headers,
                                         method=method)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.tls),
                                             urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE_S) as answer:
                return Answer(answer.status, answer.reason, answer.headers, answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.reason, refused.headers, refused.read())

    # What the tests need more than once.

    def register(self, city, name, text, labels):
        path = pathlib.Path(self.env[city.upper() + "_STAGING"]) / f"{name}.csv"
        path.write_text(text)
        flags = [word for pair in labels.items() for word in ("-l", "=".join(pair))]
        self.hetao(city, "DATA_OWNER", "data", "register", name, f"file://{path}", "--title", name, *flags)
        other = "hongkong" if city == "shenzhen" else "shenzhen"
        wait_until(lambda: self.hetao(other, "SUBMITTER", "data", "show", name, code=None).returncode == 0,
                   f"{other} hears of {name}")

    def submit(self, city, job):
        return self.hetao(city, "SUBMITTER", "submit", "-", stdin=json.dumps(job)).stdout.strip()

    def job(self, city, job):
        return self.ask(city, "SUBMITTER", "job", "show", job)

    def wait_state(self, city, job, *states):
        wait_until(lambda: self.job(city, job)["state"] in states, f"{job} is {' or '.join(states)}",
                   lambda: json.dumps(self.job(city, job), indent=1))
        return self.job(city, job)

    def review(self, city):
        wait_until(lambda: self.ask(city, "REVIEWER", "review", "list")["reviews"], f"a review opens in {city}")
        return self.ask(city, "REVIEWER", "review", "list")["reviews"][0]["id"]


def wait_until(holds, what, state=lambda: ""):
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {PATIENCE_S} s still not: {what}\n{state()}")
        time.sleep(0.05)


def python_job(code, zone=None, name="test", **more):
    job = {"name": name, "executors": [{"image": "host/python3", "command": ["python3", "-c", code]}],
           "tags": {"purpose": "research"}}
    if zone:
        job["resources"] = {"zones": [zone]}
    job.update(more)
    return job


class CitiesTest(unittest.TestCase):
    """Both gateways, shared by the tests of a class; every test leaves them running."""

    options = ()  # of deploy/demo

    @classmethod
    def setUpClass(cls):
        cls.cities = Cities(*cls.options)
        try:
            cls.cities.up()
            cls.prepare()
        except BaseException:
            cls.cities.down()
            raise

    @classmethod
    def prepare(cls):
        """Data that all tests of the class use."""

    @classmethod
    def tearDownClass(cls):
        with contextlib.suppress(ProcessLookupError):
            cls.cities.down()

    def assert_one_error_line(self, done):
        self.assertRegex(done.stderr, r"\Ahetao: [^\n]+\n\Z")

    def assert_words(self, text, *words):
        for word in words:
            self.assertRegex(text, re.escape(word))
