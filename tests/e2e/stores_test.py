"""Inputs from and outputs to stores outside: a real S3 that checks signatures, and a web server that misbehaves."""

import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

from cities import ROOT, CitiesTest, python_job

SWIFT = ROOT.parent / "shared/testbed/s3-swift"
BIG = bytes(range(256)) * 4096  # 1 MiB


class Web(http.server.BaseHTTPRequestHandler):
    """/whole is there, /broken breaks off once in the middle, /moved redirects, /gone is not there."""

    protocol_version = "HTTP/1.1"
    broke = 0
    ranges = []

    def do_GET(self):
        if self.path == "/open/moved":
            self.send_response(302)
            self.send_header("Location", "/open/whole")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path in ("/open/whole", "/open/broken"):
            self.give(self.path == "/open/broken")
        else:
            self.send_error(404)

    def give(self, may_break):
        start = 0
        if self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            Web.ranges.append(start)
        body = BIG[start:]
        self.send_response(206 if start else 200)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(BIG) - 1}/{len(BIG)}")
        self.end_headers()
        if may_break and not Web.broke:
            Web.broke = 1
            self.wfile.write(body[:len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.wfile.write(body)

    def log_message(self, *words):
        pass


class Stores(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
        threading.Thread(target=cls.web.serve_forever, daemon=True).start()
        cls.base = f"http://127.0.0.1:{cls.web.server_port}"
        cls.swift = cls.start_swift()
        config = pathlib.Path(cls.cities.env["HONGKONG_CONFIG"])
        stores = [f'{{name: web, urls: ["{cls.base}/open/"], inside: true}}',
                  f'{{name: abroad, urls: ["{cls.base}/abroad/"], inside: true, jurisdiction: CN, '
                  'labels: {data.grade: important}}',
                  '{name: careful, urls: ["https://localhost/"]}']
        if cls.swift:
            keys = config.parent / "s3.yaml"
            keys.touch(mode=0o600)
            keys.write_text('access_key: "test:tester"\nsecret_key: testing\n')
            wrong = config.parent / "wrong.yaml"
            wrong.touch(mode=0o600)
            wrong.write_text('access_key: "test:tester"\nsecret_key: wrong\n')
            s3 = f"endpoint: \"{cls.swift['endpoint']}\", inside: true"
            stores.append(f'{{name: lab, urls: ["s3://hetao-lab/"], {s3}, credentials: s3.yaml, writable: true}}')
            stores.append(f'{{name: wrong, urls: ["s3://hetao-wrong/"], {s3}, credentials: wrong.yaml}}')
        config.write_text(config.read_text() + "stores:\n" + "".join(f"  - {store}\n" for store in stores))
        cls.cities.stop("hongkong")
        cls.cities.start("hongkong")

    @classmethod
    def start_swift(cls):
        """The real one, where it can be had; its tests skip elsewhere."""
        cls.why_no_s3 = "S3: the testbed's s3-swift is not beside this clone"
        if not SWIFT.exists() or os.geteuid() != 0:
            return None
        cls.folder = tempfile.mkdtemp(prefix="hetao-swift.")
        up = subprocess.run([SWIFT, "up", cls.folder], capture_output=True, text=True)
        if up.returncode != 0:
            cls.why_no_s3 = f"S3: s3-swift does not start here: {(up.stderr.splitlines() or ['?'])[-1]}"
            return None
        words = (up.stdout + up.stderr).split()
        return {"endpoint": next(word for word in words if word.startswith("http://")).rstrip("/")}

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.web.shutdown()
        if cls.swift:
            subprocess.run([SWIFT, "down", cls.folder], capture_output=True)

    def run_job(self, code, **more):
        job = self.cities.submit("hongkong", python_job(code, zone="hongkong", **more))
        return self.cities.wait_state("hongkong", job, "complete", "executor-error", "system-error")

    def test_a_file_comes_from_the_web_and_is_booked(self):
        job = self.run_job("assert len(open('/in/x', 'rb').read()) == 1048576",
                           inputs=[{"url": f"{self.base}/open/whole", "path": "/in/x"}])
        self.assertEqual(job["state"], "complete", job)
        booked = self.cities.ask("hongkong", "AUDITOR", "audit", "search", "--job", job["id"])["entries"]
        self.assertIn("fetched", [entry["kind"] for entry in booked])

    def test_a_broken_download_goes_on_where_it_broke(self):
        job = self.run_job("import hashlib; print(hashlib.sha256(open('/in/x', 'rb').read()).hexdigest())",
                           inputs=[{"url": f"{self.base}/open/broken", "path": "/in/x"}])
        self.assertEqual(job["state"], "complete", job)
        self.assertGreater(Web.ranges[0], 0)

    def test_what_is_not_there_moved_or_private_ends_the_job_and_says_why(self):
        for url, why in ((f"{self.base}/open/gone", "404"), (f"{self.base}/open/moved", "redirects elsewhere"),
                         ("https://localhost/x", "private"), ("https://nowhere.example/x", "no store"),
                         ("s3://nobody/x", "no store")):
            job = self.run_job("pass", inputs=[{"url": url, "path": "/in/x"}])
            self.assertEqual(job["state"], "system-error", job)
            self.assert_words(job["reason"], why)

    def test_policy_decides_what_comes_from_another_jurisdiction(self):
        done = self.cities.hetao("hongkong", "SUBMITTER", "submit", "-", code=3, stdin=json.dumps(python_job(
            "pass", zone="hongkong", inputs=[{"url": f"{self.base}/abroad/x", "path": "/in/x"}])))
        self.assert_words(done.stderr, "forbidden by F05")

    def s3(self):
        if not self.swift:
            self.skipTest(self.why_no_s3)

    def test_s3_gives_files_and_folders_and_takes_outputs(self):
        self.s3()
        helper = pathlib.Path(__file__).with_name("s3_put.py")
        subprocess.run(["/usr/bin/python3", helper, self.swift["endpoint"], "hetao-lab", "in/a.txt=alpha",
                        "in/sub/b c.txt=beta"], check=True)
        job = self.run_job(
            "import pathlib\nd = pathlib.Path('/in/d')\n"
            "open('/out/r.txt', 'w').write(open('/in/a').read() + (d / 'sub/b c.txt').read_text())",
            inputs=[{"url": "s3://hetao-lab/in/a.txt", "path": "/in/a"},
                    {"url": "s3://hetao-lab/in", "path": "/in/d", "type": "DIRECTORY"}],
            outputs=[{"url": "s3://hetao-lab/out/r.txt", "path": "/out/r.txt", "type": "FILE"}])
        self.assertEqual(job["state"], "complete", job)
        got = subprocess.run(["/usr/bin/python3", helper, self.swift["endpoint"], "hetao-lab", "--get", "out/r.txt"],
                             check=True, capture_output=True)
        self.assertEqual(got.stdout, b"alphabeta")

    def test_a_wrong_secret_is_told_in_the_stores_own_words(self):
        self.s3()
        job = self.run_job("pass", inputs=[{"url": "s3://hetao-wrong/x", "path": "/in/x"}])
        self.assertEqual(job["state"], "system-error")
        self.assert_words(job["reason"], "SignatureDoesNotMatch")
        self.assertNotIn("testing", job["reason"])


if __name__ == "__main__":
    unittest.main()
