"""The whole life of a policy change on two real gateways: two persons, signatures, shadow, replay, counters, crashes."""

import json
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

from cities import BIN, PATIENTS, ROOT, CitiesTest, python_job, wait_until

REFERENCE = ROOT / "policy/packs/gba-reference"
COPY = "import shutil; shutil.copy('/data/rows.csv', '/out/rows.csv')"
SEALED = """rules:
  - id: X1
    effect: {effect}
    title: {{en: Nothing of project {project} crosses}}
    basis: [a test]
    when: {{action: cross, project: {project}}}
"""
SEALED_TEST = """tests:
  - id: T-X1
    title: The sealed project
    request: {{action: cross, project: {project}, crossing.from: HK, crossing.to: CN, item.kind: code}}
    decision: {effect}
    rule: X1
"""


class Policies(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.cities.register("shenzhen", "patients", "patient,size\n" + "".join(f"{i},{i}\n" for i in range(40)), PATIENTS)

    # --- what the tests need more than once

    def pack(self, version, project=None, effect="forbid", shadow=False):
        """The reference pack under another version, with a rule against one project. The reference's own tests don't
        say which project they are of, and what can't be ruled out holds: this pack has a test of its own alone."""
        folder = self.cities.folder / f"pack-{version}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(REFERENCE, folder)
        shutil.rmtree(folder / "tests")
        (folder / "tests").mkdir()
        text = (folder / "pack.yaml").read_text()
        text = re.sub(r"(?m)^version: .*$", f"version: '{version}'" + ("\nshadow: true" if shadow else ""), text)
        (folder / "pack.yaml").write_text(text)
        if project:
            (folder / "rules/99-sealed.yaml").write_text(SEALED.format(project=project, effect=effect))
            (folder / "tests/99-sealed.yaml").write_text(SEALED_TEST.format(project=project, effect=effect))
        return folder

    def admin(self, city, *words, code=0, person="POLICY_ADMIN"):
        return self.cities.hetao(city, person, "--json", "policy", *words, code=code)

    def propose(self, city, pack, *more):
        return json.loads(self.admin(city, "propose", pack, *more).stdout)

    def put_in_force(self, city, pack):
        proposal = self.propose(city, pack)
        self.admin(city, "approve", proposal["id"], person="POLICY_ADMIN2")
        return json.loads(self.admin(city, "activate", proposal["id"]).stdout)["pack"]["digest"]

    def digest(self, city):
        return self.cities.ask(city, "POLICY_ADMIN", "status")["policy"]["digest"]

    def entries(self, city, kind):
        return self.cities.ask(city, "AUDITOR", "audit", "search", "--kind", kind)["entries"]

    def submit(self, project, code=0, **more):
        job = python_job("pass", zone="shenzhen", inputs=[{"path": "/job/note.txt", "content": "a program"}],
                         tags={"purpose": "research", "project": project}, **more)
        return self.cities.hetao("hongkong", "SUBMITTER", "submit", "-", stdin=json.dumps(job), code=code).stdout.strip()

    # --- the life of a change

    def test_a_change_takes_two_persons_and_can_be_rolled_back(self):
        before = self.digest("hongkong")
        proposal = self.propose("hongkong", self.pack("two-persons", "sealed"), "--reason", "project sealed is sealed")
        self.assertEqual(proposal["state"], "proposed")
        self.assertEqual((proposal["base"], proposal["tests"]["failed"]), (before, 0))
        self.assertTrue(proposal["report"]["diff"]["changed"])
        name = proposal["id"]
        self.admin("hongkong", "activate", name, code=7)
        self.admin("hongkong", "approve", name, code=7)
        for role in ("SUBMITTER", "REVIEWER", "AUDITOR", "OPERATOR"):
            self.admin("hongkong", "approve", name, code=7, person=role)
        self.admin("hongkong", "approve", name, "--reason", "read it", person="POLICY_ADMIN2")
        self.submit("sealed")  # approved is not active
        active = json.loads(self.admin("hongkong", "activate", name).stdout)["pack"]["digest"]
        self.assertEqual(active, proposal["pack"]["digest"])
        self.assertEqual(self.digest("hongkong"), active)
        self.submit("sealed", code=3)
        newest = self.entries("hongkong", "decision")[0]
        self.assertEqual((newest["policy_digest"], newest["rules"]), (active, ["X1"]))
        wait_until(lambda: self.cities.ask("shenzhen", "OPERATOR", "peers")["peers"][0]["policy_digest"] == active,
                   "Shenzhen sees which policy Hong Kong runs")
        self.cities.stop("hongkong")
        self.cities.start("hongkong")
        self.assertEqual(self.digest("hongkong"), active)
        self.submit("sealed", code=3)
        self.admin("hongkong", "activate", before[:12], "--reason", "too strict")
        self.assertEqual(self.digest("hongkong"), before)
        self.submit("sealed")
        history = json.loads(self.admin("hongkong", "history").stdout)
        self.assertEqual(history["active"], before)
        self.assertTrue(history["activations"][0]["rollback"])
        self.assertEqual(history["activations"][1]["approved_by"], "hongkong-hub/admin2")
        for kind in ("policy-proposed", "policy-approved", "policy-activated"):
            self.assertIn(active, [entry["policy_digest"] for entry in self.entries("hongkong", kind)], kind)

    def test_a_proposer_does_not_approve_with_another_account(self):
        name = self.propose("hongkong", self.pack("one-person", "single"))["id"]
        self.admin("hongkong", "history", person="POLICY_ADMIN2")  # an account is known when it has called
        proposer = self.entries("hongkong", "policy-proposed")[0]["who"]
        admins = [one["name"] for one in self.cities.ask("hongkong", "AUDITOR", "audit", "person", "list")["people"]
                  if one["name"].startswith("hongkong-hub/") and one["name"] != proposer]
        for word in ("same", "apart"):
            for other in admins:
                self.cities.hetao("hongkong", "AUDITOR", "audit", "person", word, proposer, other, "--reason", "staff list")
            if word == "same":
                refused = self.cities.hetao("hongkong", "POLICY_ADMIN2", "policy", "approve", name, code=7)
                self.assert_words(refused.stderr, "another account", "second policy administrator")
        self.admin("hongkong", "approve", name, person="POLICY_ADMIN2")
        self.admin("hongkong", "withdraw", name, "--reason", "a test")

    def test_a_pack_whose_tests_fail_is_not_proposed(self):
        folder = self.pack("failing", "sealed")
        (folder / "rules/99-sealed.yaml").write_text(SEALED.format(project="other", effect="forbid"))
        refused = self.cities.hetao("hongkong", "POLICY_ADMIN", "policy", "propose", folder, code=1)
        self.assert_words(refused.stderr, "1 of its", "tests fail")
        self.assert_one_error_line(refused)
        (folder / "rules/99-sealed.yaml").write_text("rules:\n  - id: X1\n    efect: forbid\n")
        mistaken = self.cities.hetao("hongkong", "POLICY_ADMIN", "policy", "propose", folder, code=2)
        self.assert_words(mistaken.stderr, "99-sealed.yaml:3:5", "efect", "effect")

    def test_rejected_and_withdrawn_proposals_are_not_activated(self):
        first = self.propose("hongkong", self.pack("rejected", "r1"))
        self.admin("hongkong", "reject", first["id"], code=2, person="POLICY_ADMIN2")
        self.admin("hongkong", "reject", first["id"], "--reason", "no basis", person="POLICY_ADMIN2")
        self.admin("hongkong", "approve", first["id"], code=1, person="POLICY_ADMIN2")
        self.admin("hongkong", "activate", first["id"], code=7)
        second = self.propose("hongkong", self.pack("withdrawn", "r2"))
        self.admin("hongkong", "approve", second["id"], person="POLICY_ADMIN2")
        self.admin("hongkong", "withdraw", second["id"], "--reason", "not yet")
        self.admin("hongkong", "activate", second["id"], code=7)
        self.admin("hongkong", "approve", "p999", code=5, person="POLICY_ADMIN2")

    def test_an_approval_is_good_for_one_difference(self):
        first = self.propose("hongkong", self.pack("race-a", "a"))
        second = self.propose("hongkong", self.pack("race-b", "b"))
        self.admin("hongkong", "approve", first["id"], person="POLICY_ADMIN2")
        self.admin("hongkong", "approve", second["id"], person="POLICY_ADMIN2")
        before = self.digest("hongkong")
        self.admin("hongkong", "activate", first["id"])
        refused = self.cities.hetao("hongkong", "POLICY_ADMIN", "policy", "activate", second["id"], code=1)
        self.assert_words(refused.stderr, "not in force any more", "propose")
        self.admin("hongkong", "activate", before)
        answer = self.cities.http("hongkong", "POLICY_ADMIN2", "POST", f"/api/v1/policy/proposals/{second['id']}/approve",
                                  {"diff_digest": "0" * 64})
        self.assertIn(answer.status, (409, 422))

    def test_a_gateway_killed_while_it_activates_has_the_old_policy_or_the_new(self):
        chance = random.Random(7)
        before = self.digest("hongkong")
        proposal = self.propose("hongkong", self.pack("killed", "k"))
        self.admin("hongkong", "approve", proposal["id"], person="POLICY_ADMIN2")
        after = proposal["pack"]["digest"]
        env = {"HETAO_GATEWAY": self.cities.env["HONGKONG_URL"], "HETAO_CA": self.cities.env["HETAO_CA"],
               "HETAO_TOKEN": self.cities.env["HONGKONG_TOKEN_POLICY_ADMIN"]}
        for _ in range(4):
            target = after if self.digest("hongkong") == before else before
            asking = subprocess.Popen([BIN / "hetao", "policy", "activate", target], env=env, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.01, 0.25))
            self.cities.stop("hongkong", signal.SIGKILL)
            said = asking.wait(60)
            self.cities.start("hongkong")
            now = self.digest("hongkong")
            self.assertIn(now, (before, after))
            if said == 0:
                self.assertEqual(now, target, "an acknowledged activation is lost")
            self.assertEqual(self.entries("hongkong", "policy-activated")[0]["policy_digest"], now)
            self.assertEqual(json.loads(self.admin("hongkong", "history").stdout)["active"], now)
        if self.digest("hongkong") != before:
            self.admin("hongkong", "activate", before)

    def test_only_signed_bundles_with_growing_editions_are_taken_where_keys_are_named(self):
        city, folder = "shenzhen", self.cities.folder
        key = json.loads(self.admin(city, "key", "-o", folder / "office.key").stdout)
        self.admin(city, "key", "-o", folder / "foreign.key")
        self.assertEqual((folder / "office.key").stat().st_mode & 0o777, 0o600)
        config = pathlib.Path(self.cities.env["SHENZHEN_CONFIG"])
        config.write_text(config.read_text().replace("gba-reference}", f"gba-reference, signers: [\"{key['signer']}\"]}}"))
        self.cities.stop(city)
        self.cities.start(city)
        pack = self.pack("signed", "signed")
        for edition, signer in ((4, "office"), (5, "office"), (9, "foreign")):
            self.admin(city, "bundle", pack if edition != 4 else self.pack("signed-4", "old"), "--key",
                       folder / f"{signer}.key", "--edition", edition, "-o", folder / f"{edition}.bundle")
        self.admin(city, "propose", pack, code=6)
        self.admin(city, "propose", folder / "9.bundle", code=6)
        text = (folder / "5.bundle").read_text()
        (folder / "changed.bundle").write_text(text.replace("edition 5", "edition 6"))
        self.admin(city, "propose", folder / "changed.bundle", code=6)
        (folder / "content.bundle").write_text(text.replace("project signed", "project sigmed"))
        self.admin(city, "propose", folder / "content.bundle", code=6)
        head, _, content = text.partition("\n\n")
        (folder / "stripped.bundle").write_text(head + "\n\n" + content.split("\n\n")[1])
        self.admin(city, "propose", folder / "stripped.bundle", code=6)
        self.assertEqual(self.put_in_force(city, folder / "5.bundle"), self.digest(city))
        active = self.cities.ask(city, "POLICY_ADMIN", "policy", "active")
        self.assertEqual((active["edition"], active["signer"]), (5, "policy-office"))
        replayed = self.cities.hetao(city, "POLICY_ADMIN", "policy", "propose", folder / "4.bundle", code=6)
        self.assert_words(replayed.stderr, "edition 4", "5")

    def test_what_waits_is_decided_again_under_the_policy_of_its_departure(self):
        before = self.digest("hongkong")
        self.cities.stop("shenzhen")
        job = self.submit("late")  # permitted here, and the other side can't be asked yet
        permitted = self.entries("hongkong", "decision")[0]
        self.assertEqual((permitted["decision"], permitted["policy_digest"]), ("permit", before))
        after = self.put_in_force("hongkong", self.pack("late", "late"))
        self.cities.start("shenzhen")
        self.cities.wait_state("hongkong", job, "system-error")
        decided = [e for e in self.entries("hongkong", "decision") if e.get("crossing") == permitted["crossing"]]
        self.assertEqual([(e["decision"], e["policy_digest"], e["rules"]) for e in decided[:1]], [("forbid", after, ["X1"])])
        self.assertNotIn(permitted["crossing"], [e["crossing"] for e in self.entries("hongkong", "departed")])
        self.assertNotIn(permitted["crossing"], [e["crossing"] for e in self.entries("shenzhen", "arrived")])
        self.admin("hongkong", "activate", before)

    # --- what would have been

    def test_a_shadow_policy_says_what_it_would_have_said(self):
        self.assertNotEqual(self.put_in_force("hongkong", self.pack("shadow", "dim", shadow=True)), self.digest("hongkong"))
        self.submit("dim")
        report = self.cities.ask("hongkong", "REVIEWER", "policy", "shadow", "--since", "1h")
        self.assertTrue(report["running"])
        self.assertEqual([(c["from"], c["to"], c["rules_after"]) for c in report["changes"]],
                         [("permit", "forbid", {"X1": report["changed"]})])
        self.assertGreater(report["changed"], 0)
        entry = next(e for e in self.entries("hongkong", "decision") if "shadow_decision" in e.get("extra", {}))
        self.assertEqual(entry["extra"]["shadow_policy"], report["pack"]["digest"])
        self.admin("hongkong", "shadow", "--stop", "--reason", "seen enough")
        self.admin("hongkong", "shadow", "--stop", code=1)
        self.assertFalse(self.cities.ask("hongkong", "REVIEWER", "policy", "shadow")["running"])

    def test_the_ledger_is_decided_again_under_another_policy(self):
        for job in (self.submit("past"), self.submit("past")):
            self.cities.wait_state("hongkong", job, "complete")
        pack = self.pack("past", "past")
        report = json.loads(self.admin("hongkong", "simulate", "--since", "1h", pack).stdout)
        self.assertGreaterEqual(report["coverage"]["decisions"], 2)
        self.assertEqual(report["coverage"]["decisions"], report["coverage"]["replayable"])
        change = next(c for c in report["recorded_counters"]["changes"] if c["to"] == "forbid")
        self.assertEqual((change["from"], change["rules_after"]), ("permit", {"X1": change["count"]}))
        self.assertGreaterEqual(change["count"], 2)  # the two programs, and the logs that came home
        self.assertTrue(change["examples"])
        counter = next(c for c in report["counters"] if c["counter"].startswith("hku/"))
        self.assertEqual(counter["recorded"]["jobs"] - counter["recomputed"]["jobs"], 2)
        weighed = json.loads(self.admin("hongkong", "diff", pack).stdout)
        self.assertGreaterEqual(weighed["history"]["replayable"], change["count"])
        weights = sum(case["decisions"] for case in weighed["cases"] if (case["from"], case["to"]) == ("permit", "forbid"))
        self.assertEqual(weights, change["count"], "a diff weighs its cases as the simulation counts them")
        self.admin("hongkong", "simulate", "--since", "soon", pack, code=2)
        self.admin("hongkong", "simulate", pack, code=7, person="SUBMITTER")

    # --- counters and mechanisms

    def test_counters_are_what_the_ledger_tells(self):
        job = self.cities.submit("hongkong", python_job(
            COPY, zone="shenzhen", inputs=[{"url": "dataset:patients", "path": "/data/rows.csv"}],
            outputs=[{"path": "/out/rows.csv", "url": "result:rows.csv", "type": "FILE"}],
            tags={"purpose": "research", "project": "counted", "output:rows.csv": "aggregate"}))
        self.cities.review("shenzhen")
        held = self.cities.ask("shenzhen", "POLICY_ADMIN", "policy", "counters", "--verify")
        self.assertTrue(held["agree"], held)
        decided = next(e for e in self.entries("shenzhen", "decision") if e.get("extra", {}).get("item_name") == "rows.csv")
        self.assertEqual(decided["decision"], "hold")
        counted = json.loads(decided["extra"]["counted"])
        self.assertEqual(counted["tenant"], "szu")
        self.assertGreater(counted["bytes"], 0)
        mine = next(c for c in held["counters"] if c["tenant"] == "szu")
        self.assertGreaterEqual(mine["bytes"], counted["bytes"])
        self.assertTrue(any(t["attribute"] == "subjects.year_sensitive" for t in mine["thresholds"]), mine)
        review = self.cities.review("shenzhen")
        self.cities.hetao("shenzhen", "REVIEWER", "review", "reject", review, "--reason", "rows of persons")
        self.cities.wait_state("hongkong", job, "system-error")
        given_back = self.cities.ask("shenzhen", "POLICY_ADMIN", "policy", "counters", "--verify")
        self.assertTrue(given_back["agree"], given_back)
        self.assertIn(decided["crossing"], [e["crossing"] for e in self.entries("shenzhen", "counter-released")])
        self.cities.stop("shenzhen", signal.SIGKILL)
        self.cities.start("shenzhen")
        wait_until(lambda: self.cities.ask("shenzhen", "OPERATOR", "status").get("counters_agree") is True,
                   "a start compares the counters with the ledger")

    def test_a_filing_that_ends_soon_is_told_everywhere(self):
        soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 10 * 86400))
        self.cities.hetao("shenzhen", "POLICY_ADMIN", "mechanism", "file", "SC-17", "--kind", "gba-sc", "--exporter", "szu",
                          "--recipient", "hku", "--from", "2025-01-01", "--until", soon)
        listed = self.cities.ask("shenzhen", "REVIEWER", "mechanism", "list")["mechanisms"]
        self.assertIn(listed[0]["days_left"], (8, 9, 10))
        said = self.cities.hetao("shenzhen", "POLICY_ADMIN", "policy", "warnings").stdout
        self.assert_words(said, "SC-17", "gba-sc", soon, "relied on it")
        self.assert_words(self.cities.hetao("shenzhen", "OPERATOR", "status").stdout, "SC-17")
        metrics = self.cities.http("shenzhen", "OPERATOR", "GET", "/metrics").body.decode()
        self.assertRegex(metrics, r'hetao_mechanism_days_left\{id="SC-17",kind="gba-sc"\} \d+')
        self.assertRegex(metrics, r'hetao_policy_warnings\{kind="mechanism"\} 1')
        self.cities.hetao("shenzhen", "POLICY_ADMIN", "mechanism", "withdraw", "SC-17")
        self.assertNotIn("SC-17", self.cities.hetao("shenzhen", "POLICY_ADMIN", "policy", "warnings").stdout)


if __name__ == "__main__":
    unittest.main()
