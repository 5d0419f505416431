"""A regulator's own witness beside the two cities': a third process, over HTTP, and a quorum that a site configures
(C2SP tlog-witness and tlog-policy)."""

import base64
import hashlib
import pathlib
import subprocess
import sys
import unittest

import tlog
from cities import CitiesTest, python_job, wait_until

HERE = pathlib.Path(__file__).resolve().parent


class Regulator:
    """The process of regulator.py; it may be ended and started again."""

    def __init__(self, folder, *vkeys):
        self.folder, self.vkeys, self.port = folder, vkeys, 0
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, HERE / "regulator.py", self.folder, str(self.port), *self.vkeys],
                                        stdout=subprocess.PIPE, text=True)
        _, port, vkey = self.process.stdout.readline().split()
        self.port, self.key = int(port), tlog.Key(vkey)
        self.vkey, self.url = vkey, f"http://127.0.0.1:{port}"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def seen(self, origin):
        return self.folder / hashlib.sha256(origin.encode()).hexdigest()


class ThirdWitness(CitiesTest):
    @classmethod
    def prepare(cls):
        cities = cls.cities
        data = cities.folder / "shenzhen/data"
        log = (data / "ledger/log.vkey").read_text().strip()
        peer = (cities.folder / "hongkong/data/ledger/witness.vkey").read_text().splitlines()[0]
        cls.regulator = Regulator(cities.folder / "regulator", log)
        cls.trust = cities.folder / "trust.policy"
        cls.trust.write_text(f"log {log}\nwitness hongkong {peer}\nwitness regulator {cls.regulator.vkey} {cls.regulator.url}\n"
                             "group both all hongkong regulator\nquorum both\n")
        with pathlib.Path(cities.env["SHENZHEN_CONFIG"]).open("a") as config:
            config.write(f"ledger: {{witness: {{policy: {cls.trust}, stale_after: 5s, again_after: 1s}}}}\n")
        cities.stop("shenzhen")
        cities.start("shenzhen")

    @classmethod
    def tearDownClass(cls):
        cls.regulator.stop()
        super().tearDownClass()

    def checkpoint(self):
        return tlog.Checkpoint(self.cities.http("shenzhen", "AUDITOR", "GET", "/log/checkpoint").body.decode())

    def witnesses(self):
        shown = self.cities.ask("shenzhen", "OPERATOR", "audit", "witnesses")["witnesses"]
        return {one["witness"]: one for one in shown}

    def wait_cosigned(self):
        wait_until(lambda: self.checkpoint().signed_by(self.regulator.key), "the regulator cosigns", lambda: str(self.witnesses()))

    def test_a_checkpoint_carries_the_lines_of_both_and_the_policy_holds(self):
        self.wait_cosigned()
        peer = tlog.keys_of(self.cities.folder / "hongkong/data/ledger/witness.vkey")[0]
        wait_until(lambda: self.checkpoint().signed_by(peer) and self.checkpoint().signed_by(self.regulator.key), "both cosign")
        self.cities.hetao("shenzhen", None, "audit", "verify", self.cities.folder / "shenzhen/data", "--policy", self.trust)
        # What the regulator keeps is what was published, with the log's line and its own.
        kept = tlog.Checkpoint(self.regulator.seen("hetao/shenzhen").read_text())
        self.assertTrue(kept.signed_by(self.regulator.key))
        self.assertTrue(kept.signed_by(tlog.keys_of(self.cities.folder / "shenzhen/data/ledger/log.vkey")[0]))

    def test_without_the_quorum_nothing_is_released_until_the_third_is_back(self):
        self.wait_cosigned()
        self.regulator.stop()
        try:
            wait_until(lambda: "held" in self.witnesses()["hongkong"], "releases to Hong Kong are held",
                       lambda: str(self.witnesses()))
            self.assertIn("the quorum both is not there: no fresh cosignature of regulator", self.witnesses()["hongkong"]["held"])
            self.assertTrue(self.witnesses()["hongkong"]["fresh"], "the peer itself still cosigns")
            self.assertFalse(self.witnesses()["regulator"]["fresh"])
            # The ledger goes on, and the work at home with it.
            job = self.cities.submit("shenzhen", python_job("print(1)", zone="shenzhen"))
            self.cities.wait_state("shenzhen", job, "complete")
        finally:
            self.regulator.start()
        wait_until(lambda: "held" not in self.witnesses()["hongkong"], "releases go on", lambda: str(self.witnesses()))
        self.wait_cosigned()

    def test_the_regulator_finds_a_history_that_was_rewritten(self):
        self.wait_cosigned()
        ledger = self.cities.folder / "shenzhen/data/ledger"
        kept = tlog.Checkpoint(self.regulator.seen("hetao/shenzhen").read_text())
        entries = tlog.entries_of(lambda path: (ledger / path).read_bytes(), self.checkpoint().size)
        entries[1] = entries[1].replace(b'"region":"shenzhen"', b'"region":"shenzhem"')
        hashes = [tlog.leaf(entry) for entry in entries]
        # The operator has the log's key: the forged checkpoint is signed, and proved as well as it can be.
        forged = tlog.sign("hetao/shenzhen", hashes, self.cities.folder / "shenzhen/data/keys/log.key")
        proof = "".join(base64.b64encode(one).decode() + "\n" for one in tlog.consistency(kept.size, hashes))
        answer = self.ask_regulator(f"old {kept.size}\n{proof}\n{forged}")
        self.assertIn(answer, (409, 422))

    def ask_regulator(self, body):
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-",
                               self.regulator.url + "/add-checkpoint"], input=body, capture_output=True, text=True, check=True)
        return int(done.stdout)


if __name__ == "__main__":
    unittest.main()
