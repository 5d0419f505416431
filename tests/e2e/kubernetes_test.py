"""A job of Hong Kong's in Shenzhen's Kubernetes, under policy, with its books."""

import json
import os
import pathlib
import unittest

from cities import GRID, PATIENTS, ROOT, CitiesTest, wait_until

TOOL = pathlib.Path(os.environ.get("HETAO_KUBE_CITY", ROOT.parent / "shared/testbed/kube-city"))
CACHE = pathlib.Path(os.environ.get("KUBE_CITY_CACHE", pathlib.Path.home() / ".cache/kube-city"))
ROWS = "patient,size\n" + "".join(f"{i},{i % 7}\n" for i in range(40))


def shell_job(program, **more):
    job = {"name": "kubernetes", "executors": [{"image": "localhost/busybox:1", "command": ["/bin/sh", "-c", program]}],
           "resources": {"zones": ["shenzhen"], "ram_gb": 0.1, "disk_gb": 0.1}, "tags": {"purpose": "research"}}
    job.update(more)
    return job


@unittest.skipUnless(TOOL.exists() and (CACHE / "bin/kubelet").exists() and os.getuid() == 0,
                     f"needs root, and the Kubernetes that {TOOL} builds once into {CACHE}")
class JobsOnKubernetes(CitiesTest):
    options = ("--platform", "kubernetes")

    @classmethod
    def prepare(cls):
        cls.cities.register("shenzhen", "patients", ROWS, PATIENTS)
        cls.cities.register("shenzhen", "grid-load", ROWS, GRID)

    def ended(self, city, job):
        for each in ("shenzhen", "hongkong"):
            for review in self.cities.ask(each, "REVIEWER", "review", "list")["reviews"]:
                self.cities.hetao(each, "REVIEWER", "review", "approve", review["id"], "--reason", "counted")
        return self.cities.job(city, job)["final"]

    def finish(self, city, job):
        wait_until(lambda: self.ended(city, job), f"{job} ends", lambda: json.dumps(self.cities.job(city, job)))
        return self.cities.job(city, job)

    def test_a_job_goes_where_its_data_is_and_the_books_of_both_sides_agree(self):
        job = self.cities.submit("hongkong", shell_job(
            "printf 'n\\n%d\\n' $(($(wc -l < /data/rows.csv) - 1)) > /out/count.csv; echo counted",
            inputs=[{"url": "dataset:patients", "path": "/data/rows.csv"}],
            outputs=[{"path": "/out/count.csv", "url": "result:count.csv", "type": "FILE"}],
            tags={"purpose": "research", "output:count.csv": "aggregate", "project": "lab-7"}))
        shown = self.finish("hongkong", job)
        self.assertEqual(shown["state"], "complete", shown)
        out = self.cities.folder / "got"
        self.cities.hetao("hongkong", "SUBMITTER", "results", "get", job, "-o", out)
        self.assertEqual((out / "count.csv").read_text(), "n\n40\n")
        books = [[each for each in self.cities.ask(city, "OPERATOR", "usage")["records"] if each["job"] == job]
                 for city in ("shenzhen", "hongkong")]
        there, here = books[0][0], books[1][0]
        same = ("tenant", "project", "platform", "platform_id", "source", "seconds", "cores", "cost", "currency")
        self.assertEqual({k: there[k] for k in same}, {k: here[k] for k in same})
        self.assertEqual((there["source"], there["platform_id"].split("/")[0]), ("kubernetes", "gateway"))

    def test_what_policy_forbids_never_reaches_the_cluster(self):
        refused = self.cities.hetao("hongkong", "SUBMITTER", "submit", "-", code=3, stdin=json.dumps(shell_job(
            "cp /data/load.csv /out/load.csv", inputs=[{"url": "dataset:grid-load", "path": "/data/load.csv"}],
            outputs=[{"path": "/out/load.csv", "url": "result:load.csv", "type": "FILE"}])))
        self.assert_words(refused.stderr, "mportant")
        spool = self.cities.folder / "shenzhen/spool"
        self.assertFalse([each for each in spool.glob("*/job.json") if "load.csv" in each.read_text()])

    def test_a_program_that_fails_says_how(self):
        job = self.cities.submit("shenzhen", shell_job("echo first; exit 7"))
        shown = self.finish("shenzhen", job)
        self.assertEqual(shown["state"], "executor-error", shown)
        self.assert_words(json.dumps(shown), "exit code 7")

    def test_more_than_anybody_has_is_said_at_once(self):
        job = shell_job("true", resources={"zones": ["shenzhen"], "cpu_cores": 500})
        explained = self.cities.hetao("shenzhen", "SUBMITTER", "explain", "-", stdin=json.dumps(job), code=None)
        self.assert_words(explained.stdout, "cores for a job, it asks for 500")
        refused = self.cities.hetao("shenzhen", "SUBMITTER", "submit", "-", stdin=json.dumps(job), code=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assert_words(refused.stderr, "500")


if __name__ == "__main__":
    unittest.main()
