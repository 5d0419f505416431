"""What a permit asks of results: a masked copy that crosses, groups that are large enough; and a site's own patterns."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from cities import BIN, CitiesTest, python_job

HKID = "'A%d(3)' % (123455 + 1)"  # made by the program, so that it stands in no task
STAFF = "'SZU-%06d' % 4217"
PACK = """policy: gba-reference
version: 'masking'
default: hold
"""
RULES = """rules:
  - {id: M1, effect: permit, title: logs without identities, when: {action: cross, item.kind: logs},
     obligations: [mask: {kinds: [hkid, szu_staff_no]}, inspect: {profile: personal-identifiers, at_most: 0}]}
  - {id: M2, effect: permit, title: tables of groups, when: {action: cross, item.kind: aggregate},
     obligations: [min-group: {least: 10, otherwise: forbid}, k-anonymity: {least: 5}]}
  - {id: M3, effect: permit, title: the rest, when: {action: cross, item.kind: {not_in: [logs, aggregate]}}}
  - {id: M4, effect: permit, title: platforms, when: {action: place}}
"""
TESTS = """tests:
  - {id: T-M1, title: a log, request: {action: cross, item.kind: logs}, decision: permit, rule: M1}
  - {id: T-M2, title: a table, request: {action: cross, item.kind: aggregate}, decision: permit, rule: M2}
  - {id: T-M3, title: a program, request: {action: cross, item.kind: code}, decision: permit, rule: M3}
  - {id: T-M4, title: a platform, request: {action: place}, decision: permit, rule: M4}
"""
PATTERNS = """
inspection:
  patterns:
    - {name: szu_staff_no, expression: "SZU-[0-9]{6}"}
"""


class Masking(CitiesTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        pack = pathlib.Path(folder.name)
        for name, text in (("pack.yaml", PACK), ("rules/10-masking.yaml", RULES), ("tests/10-masking.yaml", TESTS)):
            (pack / name).parent.mkdir(parents=True, exist_ok=True)
            (pack / name).write_text(text)
        cls.options = ("--policy", pack)
        super().setUpClass()

    @classmethod
    def prepare(cls):
        config = pathlib.Path(cls.cities.env["HONGKONG_CONFIG"])
        config.write_text(config.read_text() + PATTERNS)
        cls.cities.stop("hongkong")
        cls.cities.start("hongkong")

    def run_job(self, code, table="kind,n\nall,150\n"):
        code += f"; open('/out/count.csv', 'w').write({table!r})"
        job = python_job(code, zone="hongkong", outputs=[{"path": "/out/count.csv", "url": "result:count.csv", "type": "FILE"}],
                         tags={"purpose": "research", "output:count.csv": "aggregate"})
        return self.cities.submit("shenzhen", job)

    def entries(self, city, kind, job):
        found = self.cities.ask(city, "AUDITOR", "audit", "search", "--kind", kind, "--job", job)["entries"]
        return {entry["crossing"].rsplit(".", 1)[1]: entry for entry in found}

    def test_the_masked_log_crosses_and_both_digests_are_booked(self):
        job = self.run_job(f"print('rows 250, operator', {HKID}, 'HKID of', {STAFF})")
        self.cities.wait_state("shenzhen", job, "complete")
        log = self.cities.hetao("shenzhen", "SUBMITTER", "job", "logs", job).stdout
        self.assertIn("rows 250, operator *******(*) HKID of ***-******", log)
        departed = self.entries("hongkong", "departed", job)["logs"]
        arrived = self.entries("shenzhen", "arrived", job)["logs"]
        self.assertEqual(departed["item_digest"], arrived["item_digest"])
        self.assertNotEqual(departed["extra"]["masked_from"], departed["item_digest"])
        self.assertNotIn("masked_from", arrived.get("extra", {}))

    def test_what_cannot_be_masked_is_held(self):
        self.run_job(f"import base64; print(base64.b64encode(('the operator has HKID ' + {HKID} + ' and no other').encode()).decode())")
        review = self.cities.review("hongkong")
        shown = self.cities.ask("hongkong", "REVIEWER", "review", "show", review)
        self.assertIn("what is to be masked is encoded in it", json.dumps(shown))
        self.cities.hetao("hongkong", "REVIEWER", "review", "reject", review, "--reason", "it names a person")

    def test_a_small_group_is_refused_and_one_that_shows_no_counts_is_held(self):
        small = self.run_job("print('small')", "kind,n\nall,150\nrare,9\n")
        self.cities.wait_state("shenzhen", small, "system-error")
        self.assertIn("groups of at least 10", json.dumps(self.cities.job("shenzhen", small)))
        large = self.run_job("print('large')", "age,sex\n" + "30,F\n31,M\n" * 5)
        review = self.cities.review("hongkong")
        self.assertIn("no table that shows it", json.dumps(self.cities.ask("hongkong", "REVIEWER", "review", "show", review)))
        self.cities.hetao("hongkong", "REVIEWER", "review", "approve", review, "--reason", "five of each, counted by hand")
        # Shenzhen has the same pack, and its own reviewer.
        review = self.cities.review("shenzhen")
        self.cities.hetao("shenzhen", "REVIEWER", "review", "approve", review, "--reason", "as in Hong Kong")
        self.cities.wait_state("shenzhen", large, "complete")

    def test_a_mistaken_pattern_is_told_with_its_place(self):
        config = self.cities.folder / "hongkong" / "mistaken.yaml"
        text = pathlib.Path(self.cities.env["HONGKONG_CONFIG"]).read_text()
        config.write_text(text.replace("SZU-[0-9]{6}", "SZU-[0-9]+"))
        done = subprocess.run([BIN / "hetao-gateway", "--check", "--config", config], capture_output=True, text=True, timeout=60)
        line = 1 + text[:text.index("szu_staff_no")].count("\n")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(f"mistaken.yaml:{line}:", done.stderr)
        self.assertIn("write {1,64} instead of + and *", done.stderr)


if __name__ == "__main__":
    unittest.main()
