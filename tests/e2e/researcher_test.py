"""What a researcher does with the client beyond one job at a time: follow a log, run a sweep."""

import os
import subprocess
import tempfile
import time
import unittest

from cities import BIN, GRID, PATIENCE_S, CitiesTest, python_job, wait_until

class Followed:
    """`hetao job logs -f`, read while it runs."""

    def __init__(self, cities, city, job, *flags):
        env = dict(os.environ, HETAO_GATEWAY=cities.env[city.upper() + "_URL"], HETAO_CA=cities.env["HETAO_CA"],
                   HETAO_TOKEN=cities.env[f"{city.upper()}_TOKEN_SUBMITTER"], LANG="C.UTF-8")
        self.out = tempfile.TemporaryFile("w+")
        self.err = tempfile.TemporaryFile("w+")
        self.program = subprocess.Popen([BIN / "hetao", *flags, "job", "logs", "-f", job], env=env,
                                        stdout=self.out, stderr=self.err)

    def text(self, file):
        return os.pread(file.fileno(), 1 << 20, 0).decode()

    def wait_for(self, word, file=None):
        wait_until(lambda: word in self.text(file or self.out), f"{word!r} is shown",
                   lambda: self.text(self.out) + self.text(self.err))

    def end(self):
        code = self.program.wait(PATIENCE_S)
        with self.out, self.err:
            return code, self.text(self.out), self.text(self.err)


class FollowingALog(CitiesTest):
    def slow_job(self, zone):
        """A job that writes a line at a time, and after the first waits for as long as a busy machine takes to look."""
        steps = "; ".join(f"print('step {i}', flush=True); time.sleep({seconds})" for i, seconds in enumerate((12, 2, 2)))
        return python_job("import time, sys; print('to stderr', file=sys.stderr, flush=True); " + steps +
                          "; print('\u6df1\u5733 done')", zone=zone)

    def test_lines_are_shown_while_the_job_runs_and_the_command_ends_with_it(self):
        job = self.cities.submit("hongkong", self.slow_job("hongkong"))
        followed = Followed(self.cities, "hongkong", job)
        followed.wait_for("step 0")
        self.assertEqual(self.cities.job("hongkong", job)["state"], "running")
        code, out, err = followed.end()
        self.assertEqual((code, out), (0, "step 0\nstep 1\nstep 2\n\u6df1\u5733 done\n"))
        self.assertIn("to stderr\n", err)
        self.assertEqual(self.cities.job("hongkong", job)["state"], "complete")
        # And the same again from what was kept, once it is over.
        self.assertEqual(Followed(self.cities, "hongkong", job).end()[:2], (0, out))

    def test_a_gateway_that_is_away_for_a_while_loses_no_line_and_repeats_none(self):
        job = self.cities.submit("hongkong", self.slow_job("hongkong"))
        followed = Followed(self.cities, "hongkong", job)
        followed.wait_for("step 0")
        self.cities.stop("hongkong")
        time.sleep(2)  # the job goes on meanwhile
        self.cities.start("hongkong")
        code, out, _ = followed.end()
        self.assertEqual((code, out), (0, "step 0\nstep 1\nstep 2\n\u6df1\u5733 done\n"))

    def test_of_a_job_in_the_other_city_nothing_is_shown_before_both_sides_let_it(self):
        job = self.cities.submit("hongkong", self.slow_job("shenzhen"))
        followed = Followed(self.cities, "hongkong", job)
        followed.wait_for("another region", followed.err)
        self.cities.wait_state("hongkong", job, "running")
        self.assertEqual(followed.text(followed.out), "")
        code, out, _ = followed.end()
        self.assertEqual((code, out), (0, "step 0\nstep 1\nstep 2\n\u6df1\u5733 done\n"))

    def test_only_the_tenant_of_the_job_may_follow_it(self):
        job = self.cities.submit("hongkong", python_job("print('secret')", zone="hongkong"))
        path = f"/api/v1/jobs/{job}/logs/new"
        self.assertEqual(self.cities.http("hongkong", "AUDITOR", "GET", path).status, 403)
        self.assertEqual(self.cities.http("hongkong", None, "GET", path).status, 401)
        self.assertEqual(self.cities.http("hongkong", "SUBMITTER", "GET", path + "?after=x").status, 400)
        self.assertEqual(self.cities.hetao("hongkong", "SUBMITTER", "job", "logs", "-f", "nobody", code=5).stdout, "")


SWEEP = """
name: squares
sweep:
  values:
    base: [2, 3]
    power: {from: 1, to: 3}
  exclude: [{base: 3, power: 3}]
executors:
  - image: host/python3
    command: [python3, -c, "open('/out/n.csv', 'w').write('n\\\\n%d\\\\n' % (${sweep.base} ** ${sweep.power}))"]
    env: {ELEMENT: "${sweep.index}"}
outputs:
  - {path: /out/n.csv, url: "result:n.csv", type: FILE}
resources: {cpu_cores: 1, zones: [hongkong]}
tags: {purpose: research, "output:n.csv": aggregate}
"""


class ASweep(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.cities.register("shenzhen", "grid", "hour,mw\n0,8123\n", GRID)

    def write(self, text):
        path = self.cities.folder / "sweep.yaml"
        path.write_text(text)
        return path

    def test_each_element_is_a_job_and_the_same_file_again_is_the_same_sweep(self):
        file = self.write(SWEEP)
        first = self.cities.ask("hongkong", "SUBMITTER", "submit", file)
        self.assertEqual(len(first["jobs"]), 5)
        self.assertEqual(first["jobs"][4]["values"], {"base": "3", "power": "2"})
        again = self.cities.ask("hongkong", "SUBMITTER", "submit", file)
        self.assertEqual([job["id"] for job in again["jobs"]], [job["id"] for job in first["jobs"]])
        self.assertTrue(all(job["repeated"] for job in again["jobs"]))
        other = self.cities.ask("hongkong", "SUBMITTER", "submit", file, "--idempotency-key", "monday")
        self.assertNotEqual(other["sweep"], first["sweep"])
        self.assertFalse({job["id"] for job in other["jobs"]} & {job["id"] for job in first["jobs"]})

    def test_it_is_watched_listed_and_its_results_are_there_by_element(self):
        watched = self.cities.hetao("hongkong", "SUBMITTER", "submit", self.write(SWEEP), "--watch",
                                    "--idempotency-key", "watched")
        self.assert_words(watched.stdout, "5 jobs: ", "5 complete", "base=3 power=2")
        sweep = watched.stderr.split()[1].rstrip(":")
        listed = self.cities.ask("hongkong", "SUBMITTER", "jobs", "--sweep", sweep)
        self.assertEqual([job["sweep"]["index"] for job in listed["jobs"]], list("01234"))
        self.assertEqual([job["name"] for job in listed["jobs"]], [f"squares-{i}" for i in range(5)])
        self.cities.hetao("hongkong", "SUBMITTER", "job", "wait", sweep)
        folder = self.cities.folder / "results"
        self.cities.hetao("hongkong", "SUBMITTER", "results", "get", sweep, "-o", folder)
        values = [(folder / str(i) / "n.csv").read_text().split()[1] for i in range(5)]
        self.assertEqual(values, ["2", "4", "8", "3", "9"])

    def test_to_a_tes_client_they_are_tasks_with_a_tag(self):
        sweep = self.cities.ask("hongkong", "SUBMITTER", "submit", self.write(SWEEP))["sweep"]
        path = f"/ga4gh/tes/v1/tasks?tag_key=sweep&tag_value={sweep}&view=BASIC&name_prefix=squares-"
        tasks = self.cities.http("hongkong", "SUBMITTER", "GET", path).json()["tasks"]
        self.assertEqual(sorted(task["tags"]["sweep.index"] for task in tasks), list("01234"))

    def test_asking_first_tells_once_what_is_the_same_for_all(self):
        for words in (("submit", self.write(SWEEP), "--dry-run"), ("explain", self.write(SWEEP))):
            said = self.cities.hetao("hongkong", "SUBMITTER", *words).stdout
            self.assertEqual(said.count("decision: permit"), 1, said)
            self.assert_words(said, "5 of 5 jobs, such as 0 (base=2 power=1)")

    def test_what_policy_refuses_is_told_and_the_others_run(self):
        text = SWEEP.replace("base: [2, 3]", "base: [2]").replace("exclude: [{base: 3, power: 3}]", "").replace(
            "zones: [hongkong]", "zones: [hongkong]").replace("{from: 1, to: 3}", "[szu-none, grid]").replace(
            "${sweep.power}", "1").replace("outputs:", "inputs: [{url: \"dataset:${sweep.power}\", path: /in}]\noutputs:")
        refused = self.cities.hetao("hongkong", "SUBMITTER", "submit", self.write(text), code=None)
        self.assertIn(refused.returncode, (2, 3, 5), refused.stderr)
        text = text.replace("[szu-none, grid]", "[grid]")
        forbidden = self.cities.hetao("hongkong", "SUBMITTER", "submit", self.write(text), code=3)
        self.assert_words(forbidden.stdout + forbidden.stderr, "F05")
        self.assertEqual(self.cities.hetao("hongkong", "SUBMITTER", "explain", self.write(text), code=3).returncode, 3)

    def test_all_of_it_is_cancelled_at_once(self):
        text = SWEEP.replace("open('/out/n.csv'", "__import__('time').sleep(600); open('/out/n.csv'")
        sweep = self.cities.ask("hongkong", "SUBMITTER", "submit", self.write(text))["sweep"]
        self.cities.hetao("hongkong", "SUBMITTER", "job", "cancel", sweep)
        wait_until(lambda: {job["state"] for job in
                            self.cities.ask("hongkong", "SUBMITTER", "jobs", "--sweep", sweep)["jobs"]} == {"cancelled"},
                   "every job is cancelled")


if __name__ == "__main__":
    unittest.main()
