"""Jobs each way through two real Slurm clusters: placement, accelerators, crashes of a controller, and the books."""

import csv
import io
import json
import os
import pathlib
import signal
import subprocess
import unittest
import xml.etree.ElementTree

from cities import PATIENTS, ROOT, CitiesTest, python_job, wait_until
from researcher_test import Followed

TWIN = pathlib.Path(os.environ.get("HETAO_SLURM_TWIN", ROOT.parent / "shared/testbed/slurm-twin"))
ROWS = "patient,size\n" + "".join(f"{i},{i % 7}\n" for i in range(40))
COUNT = "import csv; n = len(list(csv.reader(open('/data/rows.csv')))) - 1; " \
        "open('/out/count.csv', 'w').write('n\\n%d\\n' % n)"


@unittest.skipUnless(TWIN.exists() and os.getuid() == 0, f"needs root, and slurm-twin at {TWIN}")
class JobsOnSlurm(CitiesTest):
    options = ("--platform", "slurm")

    @classmethod
    def prepare(cls):
        cls.cities.register("shenzhen", "patients", ROWS, PATIENTS)

    def platform(self, seen_from, region):
        for each in self.cities.ask(seen_from, "OPERATOR", "capacity")["regions"]:
            if each["region"] == region and each["platforms"]:
                return each["platforms"][0]
        return {}

    def wait_complete(self, city, job):
        wait_until(lambda: self.cities.job(city, job)["final"], f"{job} ends", lambda: json.dumps(self.cities.job(city, job)))
        shown = self.cities.job(city, job)
        self.assertEqual(shown["state"], "complete", shown)
        return shown

    def usage(self, city, job):
        return [each for each in self.cities.ask(city, "OPERATOR", "usage")["records"] if each["job"] == job]

    def test_every_region_sees_what_all_have_and_have_free(self):
        for city in ("shenzhen", "hongkong"):
            wait_until(lambda: self.platform(city, "shenzhen").get("nodes") and self.platform(city, "hongkong").get("nodes"),
                       f"{city} sees both", lambda: json.dumps(self.cities.ask(city, "OPERATOR", "capacity")))
            gpu = self.platform(city, "shenzhen")
            self.assertEqual((gpu["kind"], gpu["nodes_up"], gpu["cores_total"]), ("slurm", 3, 256))
            self.assertEqual([(a["kind"], a["total"]) for a in gpu["accelerators"]], [("a800", 8)])
            npu = self.platform(city, "hongkong")["accelerators"]
            self.assertEqual([(a["kind"], a["total"], a["per_job"]) for a in npu], [("ascend910b", 16, 8)])
        shown = self.cities.hetao("hongkong", "SUBMITTER", "capacity").stdout
        self.assert_words(shown, "ascend910b", "a800", "CNY")

    def test_a_job_goes_where_its_data_is_and_the_books_of_both_sides_agree(self):
        tags = {"purpose": "research", "output:count.csv": "aggregate", "project": "lab-7"}
        job = self.cities.submit("hongkong", python_job(
            COUNT, zone="shenzhen", inputs=[{"url": "dataset:patients", "path": "/data/rows.csv"}],
            outputs=[{"path": "/out/count.csv", "url": "result:count.csv", "type": "FILE"}], tags=tags))

        def ended():
            for city in ("shenzhen", "hongkong"):
                for review in self.cities.ask(city, "REVIEWER", "review", "list")["reviews"]:
                    self.cities.hetao(city, "REVIEWER", "review", "approve", review["id"], "--reason", "counted")
            return self.cities.job("hongkong", job)["final"]
        wait_until(ended, f"{job} ends", lambda: json.dumps(self.cities.job("hongkong", job)))
        self.assertEqual(self.cities.job("hongkong", job)["state"], "complete")
        out = self.cities.folder / "got"
        self.cities.hetao("hongkong", "SUBMITTER", "results", "get", job, "-o", out)
        self.assertEqual((out / "count.csv").read_text(), "n\n40\n")
        there, = self.usage("shenzhen", job)
        here, = self.usage("hongkong", job)
        same = ("tenant", "project", "platform", "platform_id", "source", "seconds", "cores", "core_seconds", "cost", "currency",
                "bytes_in", "bytes_out")
        self.assertEqual({k: there[k] for k in same}, {k: here[k] for k in same})
        self.assertEqual((there["source"], there["project"], there["tenant"]), ("slurm", "lab-7", "hku"))
        booked = (self.cities.folder / "slurm/shenzhen/log/jobcomp.log").read_text()
        self.assertIn(f"JobId={there['platform_id'].split('@')[0]} ", booked)
        table = list(csv.DictReader(io.StringIO(self.cities.hetao("hongkong", "SUBMITTER", "usage", "--csv").stdout)))
        self.assertIn(job, [each["job"] for each in table])
        self.check_usage_record(job, here)
        self.check_comparison(job)

    def check_usage_record(self, job, record):
        urf, ours = "{http://schema.ogf.org/urf/2013/04/urf}", "{urn:hetao:usage:1}"
        document = xml.etree.ElementTree.fromstring(self.cities.hetao("hongkong", "OPERATOR", "usage", "--ur").stdout)
        found, = [each for each in document if each.findtext(f"{urf}JobUsageBlock/{urf}GlobalJobId") == job]
        compute = found.find(f"{urf}ComputeUsageBlock")
        self.assertEqual(compute.findtext(f"{urf}WallDuration"), f"PT{record['seconds']}S")
        self.assertEqual(compute.findtext(f"{urf}Processors"), str(record["cores"]))
        self.assertEqual((compute.findtext(f"{urf}Charge"), compute.find(f"{urf}Charge").get("unit")), (record["cost"], "CNY"))
        self.assertEqual(found.findtext(f"{urf}SubjectIdentityBlock/{urf}GlobalGroupId"), record["tenant"])
        self.assertEqual(found.findtext(f"{urf}NetworkUsageBlock/{urf}NetworkInboundUsed"), str(record["bytes_in"]))
        self.assertEqual(found.findtext(f"{urf}JobUsageBlock/{ours}MeasuredBy"), "slurm")

    def check_comparison(self, job):
        books = self.cities.folder / "shenzhen.json"
        books.write_text(self.cities.hetao("shenzhen", "OPERATOR", "--json", "usage").stdout)
        self.assert_words(self.cities.hetao("hongkong", "OPERATOR", "usage", "--against", books).stdout, "are the same in both books")
        changed = json.loads(books.read_text())
        for each in changed["records"]:
            each["cost"] = "999.00"
        books.write_text(json.dumps(changed))
        differs = self.cities.hetao("hongkong", "OPERATOR", "usage", "--against", books, code=6)
        self.assert_words(differs.stdout, f"{job}.1: cost is")

    def test_what_a_job_writes_on_a_node_is_followed_while_it_runs(self):
        job = self.cities.submit("shenzhen", python_job(
            "import time, sys; print('first', flush=True); print('aside', file=sys.stderr, flush=True); time.sleep(12); print('last')",
            zone="shenzhen"))
        followed = Followed(self.cities, "shenzhen", job)
        followed.wait_for("first")
        followed.wait_for("aside", followed.err)
        self.assertEqual(self.cities.job("shenzhen", job)["state"], "running")
        code, out, _ = followed.end()
        self.assertEqual((code, out), (0, "first\nlast\n"))
        self.assertEqual(self.cities.job("shenzhen", job)["state"], "complete")

    def test_of_equivalents_the_one_that_is_there_is_taken_and_explain_says_so(self):
        job = python_job("print('ran')", name="equivalents")
        job["resources"] = {"backend_parameters": {"accelerator": "ascend910b, a800", "accelerators": "2"}, "zones": ["shenzhen"]}
        explained = json.loads(self.cities.hetao("shenzhen", "SUBMITTER", "--json", "explain", "-", stdin=json.dumps(job)).stdout)
        self.assertEqual([(c["region"], c["accelerator"]) for c in explained["candidates"]], [("shenzhen", "a800")])
        self.wait_complete("shenzhen", self.cities.submit("shenzhen", job))
        job["resources"] = {"backend_parameters": {"accelerator": "ascend910b", "accelerators": "9"}}
        refused = self.cities.hetao("shenzhen", "SUBMITTER", "submit", "-", stdin=json.dumps(job), code=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assert_words(refused.stderr, "ascend910b")
        explained = self.cities.hetao("shenzhen", "SUBMITTER", "explain", "-", stdin=json.dumps(job), code=None)
        self.assert_words(explained.stdout, "for a job, it asks for 9")

    # Slurm drains a node on which it started a job under an id that was given before, and waits for an operator: slow.
    @unittest.skipUnless(os.environ.get("HETAO_LONG"), "only in long runs")
    def test_no_job_is_lost_when_the_controller_dies(self):
        jobs = [self.cities.submit("shenzhen", python_job("import time; time.sleep(0.5)", zone="shenzhen")) for _ in range(6)]
        pid = int((self.cities.folder / "slurm/shenzhen/run/slurmctld.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        self.cities.hetao("shenzhen", "OPERATOR", "status")  # the gateway goes on
        jobs += [self.cities.submit("shenzhen", python_job("pass", zone="shenzhen")) for _ in range(2)]
        self.revive()

        def ended(job):
            self.resume_nodes()
            return self.cities.job("shenzhen", job)["final"]
        for job in jobs:
            wait_until(lambda: ended(job), f"{job} ends",
                       lambda: json.dumps(self.cities.job("shenzhen", job)))
        # What the crash did not touch is complete; what Slurm itself started under an id that it had given before may
        # fail to launch, and then says so. None waits for ever.
        ended = [(each["state"], each.get("reason", "")) for each in (self.cities.job("shenzhen", job) for job in jobs)]
        self.assertIn("complete", [state for state, _ in ended])
        for state, reason in ended:
            self.assertTrue(state == "complete" or "slurm" in reason.lower(), ended)

    def resume_nodes(self):
        conf = self.cities.folder / "slurm/shenzhen/etc/slurm.conf"
        subprocess.run(["scontrol", "update", "nodename=sz-cpu01", "state=resume"], capture_output=True,
                       env=dict(os.environ, SLURM_CONF=str(conf)))

    def revive(self):
        base = (self.cities.folder / "slurm.port").read_text().strip()
        subprocess.run([TWIN, "up", self.cities.folder / "slurm"], check=True, capture_output=True,
                       env=dict(os.environ, SLURM_TWIN_PORT_BASE=base))


if __name__ == "__main__":
    unittest.main()
