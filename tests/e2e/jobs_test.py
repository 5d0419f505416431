"""Jobs through `hetao`, both ways across the boundary, with the faults that a city sees every week."""

import json
import signal
import unittest

from cities import GRID, PATIENTS, CitiesTest, python_job, wait_until

ROWS = "patient,size\n" + "".join(f"{i},{i % 7}\n" for i in range(40))
COUNT = "import csv; n = len(list(csv.reader(open('/data/rows.csv')))) - 1; " \
        "open('/out/count.csv', 'w').write('n\\n%d\\n' % n)"

COPY = "import shutil; shutil.copy('/data/rows.csv', '/out/count.csv')"


def count_job(code=COUNT, **more):
    tags = {"purpose": "research", "output:count.csv": "aggregate"}
    return python_job(code, zone="shenzhen", inputs=[{"url": "dataset:patients", "path": "/data/rows.csv"}],
                      outputs=[{"path": "/out/count.csv", "url": "result:count.csv", "type": "FILE"}],
                      tags=tags, **more)


class Jobs(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.cities.register("shenzhen", "patients", ROWS, PATIENTS)
        cls.cities.register("shenzhen", "grid", "hour,mw\n0,8123\n", GRID)

    def approve_all(self, job):
        """Answers what is held for the job on either side until it ends."""
        def ended():
            for city in ("shenzhen", "hongkong"):
                for review in self.cities.ask(city, "REVIEWER", "review", "list")["reviews"]:
                    self.cities.hetao(city, "REVIEWER", "review", "approve", review["id"], "--reason", "counted")
            return self.cities.job("hongkong", job)["final"]
        wait_until(ended, f"{job} ends")
        return self.cities.job("hongkong", job)

    def test_data_stays_and_the_count_comes_home(self):
        job = self.cities.submit("hongkong", count_job())
        shown = self.approve_all(job)
        self.assertEqual(shown["state"], "complete", shown)
        out = self.cities.folder / "got"
        self.cities.hetao("hongkong", "SUBMITTER", "results", "get", job, "-o", out)
        self.assertEqual((out / "count.csv").read_text(), "n\n40\n")
        crossed = {(each["item"]["kind"], each["from"]) for each in shown["crossings"]}
        self.assertNotIn(("dataset", "shenzhen"), crossed)

    def test_data_that_concerns_nobody_is_read_and_crosses_without_a_reviewer(self):
        labels = {"data.grade": "general", "data.personal": "none", "data.collected_in": "mainland", "genetic.data": "false",
                  "data.subjects_ordinary": "0", "data.subjects_sensitive": "0"}
        self.cities.register("shenzhen", "alloys", "alloy,hardness\nA,12\nB,14\n", labels)
        inputs = [{"url": "dataset:alloys", "path": "/data/alloys.csv"}]
        job = self.cities.submit("hongkong", python_job("print(open('/data/alloys.csv').read())", zone="hongkong", inputs=inputs))
        shown = self.cities.wait_state("hongkong", job, "complete")
        self.assertEqual([(each["item"]["name"], each["state"]) for each in shown["crossings"]], [("alloys", "done")])

    def test_explain_says_where_and_why_without_submitting(self):
        jobs = len(self.cities.ask("hongkong", "SUBMITTER", "jobs")["jobs"])
        job = python_job("pass", zone="hongkong", inputs=[{"url": "dataset:grid", "path": "/data/grid.csv"}])
        said = self.cities.hetao("hongkong", "SUBMITTER", "explain", "-", stdin=json.dumps(job), code=3)
        self.assert_words(said.stdout, "F05", "Data Security Law art. 31", "allowed instead: a passed security assessment")
        self.assertEqual(len(self.cities.ask("hongkong", "SUBMITTER", "jobs")["jobs"]), jobs)

    def test_a_forbidden_job_is_refused_at_once(self):
        job = python_job("pass", zone="hongkong", inputs=[{"url": "dataset:grid", "path": "/data/grid.csv"}])
        refused = self.cities.hetao("hongkong", "SUBMITTER", "submit", "-", stdin=json.dumps(job), code=3)
        self.assert_words(refused.stderr, "F05", "art. 37", "allowed instead")
        self.assertEqual(len(refused.stderr.splitlines()), 1, refused.stderr)
        self.assert_words(refused.stdout, "decision")

    def test_the_submitter_can_not_review_and_a_review_needs_a_reason(self):
        job = self.cities.submit("hongkong", count_job(code=COPY, name="held"))
        review = self.cities.review("shenzhen")
        self.cities.hetao("shenzhen", "SUBMITTER", "review", "approve", review, "--reason", "mine", code=7)
        self.cities.hetao("shenzhen", "REVIEWER", "review", "approve", review, code=2)
        self.cities.hetao("shenzhen", "REVIEWER", "review", "reject", review, "--reason", "rows of persons")
        shown = self.cities.wait_state("hongkong", job, "system-error")
        self.assert_words(json.dumps(shown), "rows of persons")

    def test_mistakes_in_a_job_file_are_told_with_their_place(self):
        wrong = self.cities.hetao("hongkong", "SUBMITTER", "submit", "-", code=2,
                                  stdin="name: x\nexecutors:\n  - {imag: host/python3, command: [ls]}\n")
        self.assert_words(wrong.stderr, ":3:", "imag", "image")
        self.cities.hetao("hongkong", "SUBMITTER", "submit", "/nowhere/job.yaml", code=2)

    def test_a_job_for_a_city_that_is_away_waits_and_goes_when_it_is_back(self):
        self.cities.stop("hongkong")
        try:
            def link():
                return self.cities.ask("shenzhen", "OPERATOR", "peers")["peers"][0]
            wait_until(lambda: not link()["up"], "Shenzhen sees that Hong Kong is away")
            said = self.cities.hetao("shenzhen", "OPERATOR", "peers", code=None).stdout
            self.assert_words(said, "hongkong", "down")
            job = self.cities.submit("shenzhen", python_job("print('here')", zone="hongkong"))
            self.assertNotIn(self.cities.job("shenzhen", job)["state"], ("complete", "failed"))
        finally:
            self.cities.start("hongkong")
        self.cities.wait_state("shenzhen", job, "complete")

    def test_a_gateway_that_is_killed_loses_no_job_and_runs_none_twice(self):
        code = "import time; time.sleep(1); print('once')"
        job = self.cities.submit("hongkong", python_job(code, zone="shenzhen", name="killed"))
        self.cities.wait_state("hongkong", job, "running", "returning", "complete")
        self.cities.stop("shenzhen", signal.SIGKILL)
        self.cities.stop("hongkong", signal.SIGKILL)
        for city in ("shenzhen", "hongkong"):
            self.cities.start(city)
        shown = self.cities.wait_state("hongkong", job, "complete")
        log = self.cities.hetao("hongkong", "SUBMITTER", "job", "logs", job).stdout
        self.assertEqual(log.count("once"), 1, shown)

    def test_a_job_is_cancelled_on_both_sides(self):
        job = self.cities.submit("hongkong", python_job("import time; time.sleep(600)", zone="shenzhen"))
        self.cities.wait_state("hongkong", job, "running")
        self.cities.hetao("hongkong", "SUBMITTER", "job", "cancel", job)
        self.cities.wait_state("hongkong", job, "cancelled")

    def test_everyone_learns_who_they_are_and_how_the_gateways_do(self):
        who = self.cities.ask("hongkong", "REVIEWER", "whoami")
        self.assertEqual((who["user"], who["tenant"], who["roles"]), ("reviewer", "hongkong-hub", ["reviewer"]))
        self.assert_words(self.cities.hetao("hongkong", "SUBMITTER", "status").stdout, "ready", "gba-reference")
        self.cities.hetao("hongkong", None, "whoami", code=7)

    def test_jobs_of_others_are_not_found(self):
        job = self.cities.submit("hongkong", python_job("pass", zone="hongkong"))
        self.cities.hetao("shenzhen", "SUBMITTER", "job", "show", job, code=5)


class Books(CitiesTest):
    @classmethod
    def prepare(cls):
        job = cls.cities.submit("hongkong", python_job(
            "open('/out/n.csv', 'w').write('n\\n1\\n')", zone="shenzhen",
            outputs=[{"path": "/out/n.csv", "url": "result:n.csv", "type": "FILE"}],
            inputs=[{"path": "/job/note.txt", "content": "a program"}]))
        cls.job = cls.cities.wait_state("hongkong", job, "complete")["id"]

    def ledger(self, city):
        return self.cities.folder / city / "data"

    def test_entries_of_a_job_are_found_shown_and_proved(self):
        found = self.cities.ask("hongkong", "AUDITOR", "audit", "search", "--job", self.job)["entries"]
        self.assertIn("arrived", {each["kind"] for each in found})
        self.cities.hetao("hongkong", "AUDITOR", "audit", "show", found[0]["sequence"])
        self.cities.hetao("hongkong", "SUBMITTER", "audit", "search", code=7)
        evidence = self.cities.folder / "evidence"
        self.cities.hetao("hongkong", "AUDITOR", "audit", "export", "--job", self.job, "-o", evidence)
        self.cities.hetao("hongkong", None, "audit", "verify", evidence)

    def test_both_books_verify_and_agree(self):
        def agree():
            return self.cities.hetao("hongkong", None, "audit", "reconcile", self.ledger("shenzhen"),
                                     self.ledger("hongkong"), code=None).returncode == 0
        wait_until(agree, "the books agree")
        for city in ("shenzhen", "hongkong"):
            self.cities.hetao("hongkong", None, "audit", "verify", self.ledger(city))

    def test_one_changed_byte_is_found(self):
        source = self.cities.folder / "evidence-of-one"
        self.cities.hetao("hongkong", "AUDITOR", "audit", "export", "--job", self.job, "-o", source)
        text = bytearray(source.read_bytes())
        at = text.index(b"hongkong")
        text[at] ^= 1
        source.write_bytes(text)
        self.cities.hetao("hongkong", None, "audit", "verify", source, code=6)


if __name__ == "__main__":
    unittest.main()
