"""GA4GH TES 1.1 as a client with nothing but HTTP sees it."""

import base64
import json
import pathlib
import signal
import socket
import time
import unittest
import urllib.parse

from cities import GRID, CitiesTest, python_job, wait_until

TASKS = "/ga4gh/tes/v1/tasks"


class Tes(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.cities.register("shenzhen", "grid", "hour,mw\n0,8123\n", GRID)

    def tes(self, method, path, body=None, role="SUBMITTER", city="hongkong"):
        return self.cities.http(city, role, method, path, body)

    def run_to_end(self, task):
        answer = self.tes("POST", TASKS, task)
        self.assertEqual(answer.status, 200, answer.body)
        task_id = answer.json()["id"]
        ended = ("COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "CANCELED")
        wait_until(lambda: self.tes("GET", f"{TASKS}/{task_id}").json()["state"] in ended, "the task ends")
        return self.tes("GET", f"{TASKS}/{task_id}?view=FULL").json()

    def test_service_info_needs_no_sign_in(self):
        info = self.tes("GET", "/ga4gh/tes/v1/service-info", role=None)
        self.assertEqual(info.status, 200)
        self.assertEqual(info.json()["type"], {"group": "org.ga4gh", "artifact": "tes", "version": "1.1.0"})

    def test_a_task_runs_and_its_views_differ(self):
        task = self.run_to_end(python_job("print(open('/in/word').read())", zone="hongkong",
                                          inputs=[{"path": "/in/word", "content": "across"}]))
        self.assertEqual(task["state"], "COMPLETE")
        log = task["logs"][0]["logs"][0]
        self.assertEqual((log["exit_code"], log["stdout"]), (0, "across\n"))
        self.assertEqual(task["inputs"][0]["content"], "across")
        minimal = self.tes("GET", f"{TASKS}/{task['id']}").json()
        self.assertEqual(set(minimal), {"id", "state"})
        basic = self.tes("GET", f"{TASKS}/{task['id']}?view=BASIC").json()
        self.assertNotIn("content", basic["inputs"][0])
        self.assertNotIn("stdout", basic["logs"][0]["logs"][0])
        listed = self.tes("GET", f"{TASKS}?name_prefix=test&page_size=5").json()["tasks"]
        self.assertIn(task["id"], [each["id"] for each in listed])

    def test_a_program_that_fails_is_an_executor_error_with_its_code(self):
        task = self.run_to_end(python_job("raise SystemExit(9)", zone="hongkong"))
        self.assertEqual(task["state"], "EXECUTOR_ERROR")
        self.assertEqual(task["logs"][0]["logs"][0]["exit_code"], 9)

    def test_a_task_of_the_other_city_brings_its_result_home(self):
        task = self.run_to_end(python_job("open('/out/n.csv', 'w').write('n\\n42\\n')", zone="shenzhen",
                                          outputs=[{"path": "/out/n.csv", "url": "result:n.csv", "type": "FILE"}],
                                          tags={"purpose": "research", "output:n.csv": "result"}))
        self.assertEqual(task["state"], "COMPLETE", task)
        got = self.tes("GET", f"/api/v1/results/{task['id']}/n.csv")
        self.assertEqual(got.body, b"n\n42\n")

    def test_a_running_task_is_cancelled(self):
        task_id = self.tes("POST", TASKS, python_job("import time; time.sleep(600)", zone="hongkong")).json()["id"]
        wait_until(lambda: self.tes("GET", f"{TASKS}/{task_id}").json()["state"] == "RUNNING", "the task runs")
        self.assertEqual(self.tes("POST", f"{TASKS}/{task_id}:cancel", {}).json(), {})
        wait_until(lambda: self.tes("GET", f"{TASKS}/{task_id}").json()["state"] == "CANCELED", "it is cancelled")

    def test_a_refusal_names_the_rule_in_reason_phrase_and_body(self):
        task = python_job("pass", zone="hongkong", inputs=[{"url": "dataset:grid", "path": "/data/grid.csv"}])
        refused = self.tes("POST", TASKS, task)
        self.assertEqual(refused.status, 403)
        self.assert_words(refused.reason, "F05")
        self.assert_words(refused.body.decode(), "F05", "art. 37", "security assessment")

    def test_mistakes_are_told_and_start_nothing(self):
        before = len(self.tes("GET", f"{TASKS}?page_size=1000").json()["tasks"])
        for body, status, word in ((b"{", 400, "JSON"), (b'{"executors": []}', 400, "executors"),
                                   (b'{"executors": [{"image": "x", "command": "ls"}]}', 400, "command"),
                                   (b"[" * 5000, 400, "deep")):
            answer = self.tes("POST", TASKS, body)
            self.assertEqual(answer.status, status, answer.body)
            self.assert_words(answer.body.decode(), word)
        self.assertEqual(len(self.tes("GET", f"{TASKS}?page_size=1000").json()["tasks"]), before)
        self.assertEqual(self.tes("GET", f"{TASKS}/nobody").status, 404)
        self.assertEqual(self.tes("POST", f"{TASKS}/nobody:cancel", {}).status, 404)

    def test_paths_that_are_not_ours_are_a_plain_404(self):
        for path in ("/", "/v1", "/v1/tasks", "/ga4gh/tes/v1", "/ga4gh/tes/v2/tasks"):
            answer = self.tes("GET", path, role=None)
            self.assertEqual((answer.status, answer.headers.get_content_type()), (404, "text/plain"), path)

    def test_without_a_token_nothing_is_shown(self):
        self.assertEqual(self.tes("GET", TASKS, role=None).status, 401)
        self.assertEqual(self.tes("GET", TASKS, role="DATA_OWNER").status, 403)

    def hang_up(self, task):
        """Sends a create and drops the connection before its answer can be read."""
        url = urllib.parse.urlsplit(self.cities.env["HONGKONG_URL"])
        body = json.dumps(task).encode()
        head = (f"POST {TASKS} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {self.cities.env['HONGKONG_TOKEN_SUBMITTER']}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        with socket.create_connection((url.hostname, url.port)) as plain:
            with self.cities.tls.wrap_socket(plain, server_hostname=url.hostname) as secure:
                secure.sendall(head.encode() + body)

    def named(self, name):
        return [task["id"] for task in self.tes("GET", f"{TASKS}?name_prefix={name}").json()["tasks"]]

    def test_a_create_whose_client_hung_up_is_one_job_with_its_retry(self):
        for i in range(20):
            task = python_job("pass", zone="hongkong", name=f"hung-up-{i}.")
            self.hang_up(task)
            retry = self.tes("POST", TASKS, task).json()["id"]
            self.assertEqual(self.named(f"hung-up-{i}."), [retry])
            # The retry was answered: the same again is another job.
            again = self.tes("POST", TASKS, task).json()["id"]
            self.assertEqual(sorted(self.named(f"hung-up-{i}.")), sorted([retry, again]))

    def test_a_create_that_the_gateway_died_on_is_one_job_with_its_retry(self):
        task = python_job("pass", zone="hongkong", name="died-on")
        self.hang_up(task)
        self.cities.stop("hongkong", signal.SIGKILL)
        self.cities.start("hongkong")
        retry = self.tes("POST", TASKS, task).json()["id"]
        self.assertEqual(self.named("died-on"), [retry])

    def test_who_asks_for_the_same_after_a_restart_gets_another_job_when_the_first_was_answered(self):
        task = python_job("import time; time.sleep(11)", zone="hongkong", name="answered-long-ago")
        first = self.tes("POST", TASKS, task).json()["id"]
        self.cities.wait_state("hongkong", first, "complete")
        self.cities.stop("hongkong", signal.SIGKILL)
        self.cities.start("hongkong")
        again = [self.tes("POST", TASKS, task).json()["id"] for _ in range(2)]
        self.assertEqual(len({first, *again}), 3)

    def test_the_token_may_come_as_a_password(self):
        token = self.cities.env["HONGKONG_TOKEN_SUBMITTER"]
        def ask(pair):
            basic = base64.b64encode(pair.encode()).decode()
            return self.cities.http("hongkong", None, "GET", TASKS, headers={"Authorization": "Basic " + basic}).status
        self.assertEqual(ask("anybody:" + token), 200)
        self.assertEqual(ask("anybody:wrong"), 401)
        self.assertEqual(ask(token), 401)

    def test_a_folder_that_nobody_called_one_is_shown_as_one(self):
        folder = pathlib.Path(self.cities.env["HONGKONG_STAGING"]) / "folder"
        folder.mkdir()
        (folder / "a.txt").write_text("a")
        task = self.run_to_end(python_job("print(open('/in/a.txt').read())", zone="hongkong",
                                          inputs=[{"url": f"file://{folder}", "path": "/in"}]))
        self.assertEqual((task["state"], task["inputs"][0]["type"]), ("COMPLETE", "DIRECTORY"))

    def test_a_project_is_carried_by_the_path(self):
        created = self.tes("POST", "/projects/joint-lab-7" + TASKS, python_job("pass", zone="hongkong"))
        self.assertEqual(created.status, 200, created.body)
        job = self.cities.job("hongkong", created.json()["id"])
        self.assertEqual(job["project"], "joint-lab-7")


class RateLimits(CitiesTest):
    @classmethod
    def prepare(cls):
        config = pathlib.Path(cls.cities.env["HONGKONG_CONFIG"])
        config.write_text(config.read_text().replace("\nauth:\n", "\nauth:\n  requests: {per_second: 5, burst: 10}\n"))
        cls.cities.stop("hongkong")
        cls.cities.start("hongkong")

    def test_a_tenant_that_asks_too_much_waits_and_no_other_does(self):
        answers = [self.cities.http("hongkong", "SUBMITTER", "GET", TASKS) for _ in range(60)]
        turned_away = [answer for answer in answers if answer.status == 429]
        self.assertEqual({answer.status for answer in answers}, {200, 429})
        self.assertEqual(answers[0].status, 200)
        for answer in turned_away:
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            self.assertEqual(answer.headers.get_content_type(), "application/problem+json")
            self.assert_words(answer.body.decode(), "ask again in")
        self.assertEqual(self.cities.http("hongkong", "AUDITOR", "GET", "/api/v1/whoami").status, 200)
        time.sleep(int(turned_away[-1].headers["Retry-After"]))
        self.assertEqual(self.cities.http("hongkong", "SUBMITTER", "GET", TASKS).status, 200)

    def test_the_client_waits_as_it_is_told(self):
        sweep = self.cities.folder / "many.yaml"
        sweep.write_text("name: many\nsweep: {values: {n: {from: 1, to: 30}}}\nexecutors:\n"
                         "  - {image: host/true, command: [/bin/true, \"${sweep.n}\"]}\nresources: {zones: [hongkong]}\n")
        sent = self.cities.ask("hongkong", "SUBMITTER", "submit", sweep)
        self.assertEqual(len({job["id"] for job in sent["jobs"]}), 30)


if __name__ == "__main__":
    unittest.main()
