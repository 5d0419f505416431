"""Resumable uploads (tus 1.0) over connections that break, and what becomes of what was uploaded."""

import base64
import hashlib
import json
import os
import pathlib
import random
import socket
import subprocess
import unittest
import urllib.parse

from cities import BIN, CitiesTest, python_job

CITY = "hongkong"
LINK_MBIT = 80  # from Hong Kong to Shenzhen
OCTETS = "application/offset+octet-stream"
TEXT = b"".join(b"line %d\n" % i for i in range(200_000))  # 2.2 MB


class Uploads(CitiesTest):
    @classmethod
    def prepare(cls):
        config = pathlib.Path(cls.cities.env[CITY.upper() + "_CONFIG"])
        limited = config.read_text().replace("{region: shenzhen, ", f"{{region: shenzhen, megabit_per_second: {LINK_MBIT}, ")
        config.write_text(limited + "uploads: {quota_gb: 1, kept: 1d}\n")
        cls.cities.stop(CITY)
        cls.cities.start(CITY)

    # tus, spelt out.

    def tus(self, method, path, body=None, role="SUBMITTER", **headers):
        sent = {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): str(value) for name, value in headers.items()}}
        return self.cities.http(CITY, role, method, path, body, sent)

    def create(self, length, **headers):
        made = self.tus("POST", "/api/v1/uploads", b"", Upload_Length=length, Content_Type="", **headers)
        self.assertEqual(made.status, 201, made.body)
        return made.headers["Location"]

    def patch(self, place, offset, body, **headers):
        return self.tus("PATCH", place, body, Content_Type=OCTETS, Upload_Offset=offset, **headers)

    def offset(self, place):
        return int(self.tus("HEAD", place).headers["Upload-Offset"])

    def raw(self, method, path, headers, body, promised=None):
        """Sends what there is and hangs up, as a line that breaks does; or hears the answer where all was sent."""
        url = urllib.parse.urlsplit(self.cities.env[CITY.upper() + "_URL"])
        lines = {"Host": url.netloc, "Authorization": "Bearer " + self.cities.env[f"{CITY.upper()}_TOKEN_SUBMITTER"],
                 "Tus-Resumable": "1.0.0", "Content-Length": promised or len(body), **headers}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
        with socket.create_connection((url.hostname, url.port), timeout=30) as plain:
            with self.cities.tls.wrap_socket(plain, server_hostname=url.hostname) as line:
                line.sendall(head.encode() + body)
                if promised:
                    return b""
                return line.recv(65536)

    def test_what_is_spoken_here(self):
        answer = self.cities.http(CITY, None, "OPTIONS", "/api/v1/uploads")
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["Tus-Version"], "1.0.0")
        self.assertEqual(set(answer.headers["Tus-Extension"].split(",")),
                         {"creation", "creation-with-upload", "checksum", "termination", "expiration"})

    def test_a_broken_line_costs_what_was_under_way_and_no_more(self):
        place = self.create(len(TEXT), Upload_Metadata="filename " + base64.b64encode(b"lines.txt").decode())
        half = len(TEXT) // 2
        self.assertEqual(self.patch(place, 0, TEXT[:half]).headers["Upload-Offset"], str(half))
        for cut in (1, 70_000, 300_001):  # of a body that promised the rest
            before = self.offset(place)
            self.raw("PATCH", place, {"Content-Type": OCTETS, "Upload-Offset": before}, TEXT[before:before + cut],
                     promised=len(TEXT) - before)
            after = self.settled_offset(place, before + cut)
            self.assertEqual(after, before + cut)
        self.cities.stop(CITY)
        self.cities.start(CITY)
        at = self.offset(place)
        self.assertEqual(at, half + 1 + 70_000 + 300_001, "what was told is on disk")
        done = self.patch(place, at, TEXT[at:])
        self.assertEqual((done.status, done.headers["Upload-Offset"]), (204, str(len(TEXT))))
        self.use_it(place)

    def settled_offset(self, place, wanted):
        from cities import wait_until
        wait_until(lambda: self.offset(place) >= wanted, f"{wanted} bytes are there", lambda: str(self.offset(place)))
        return self.offset(place)

    def use_it(self, place):
        name = "upload:" + place.rsplit("/", 1)[1]
        job = {"executors": [{"image": "host/sh", "command": ["sh", "-c", "sha256sum < /data/lines > /out/sum"]}],
               "inputs": [{"url": name, "path": "/data/lines"}], "outputs": [{"url": "result:sum", "path": "/out/sum"}],
               "tags": {"purpose": "research", "input:/data/lines": "code", "output:sum": "aggregate"}}
        made = self.cities.submit(CITY, job)
        self.cities.wait_state(CITY, made, "complete")
        got = self.cities.http(CITY, "SUBMITTER", "GET", f"/api/v1/results/{made}/sum")
        self.assertEqual(got.body.split()[0].decode(), hashlib.sha256(TEXT).hexdigest())
        whole = self.cities.http(CITY, "SUBMITTER", "GET", f"/api/v1/results/{made}/sum", headers={"Range": "bytes=2-5"})
        self.assertEqual((whole.status, whole.body), (206, got.body[2:6]))

    def test_a_piece_with_a_wrong_checksum_leaves_nothing(self):
        place = self.create(20)
        def sums(body):
            return {"Upload_Checksum": "sha256 " + base64.b64encode(hashlib.sha256(body).digest()).decode()}
        self.assertEqual(self.patch(place, 0, b"0123456789", **sums(b"0123456789")).status, 204)
        self.assertEqual(self.patch(place, 10, b"abcdefghij", **sums(b"abcdefghiX")).status, 460)
        self.assertEqual(self.offset(place), 10)
        self.raw("PATCH", place, {"Content-Type": OCTETS, "Upload-Offset": 10,
                                  "Upload-Checksum": sums(b"abcdefghij")["Upload_Checksum"]}, b"abc", promised=10)
        from cities import wait_until
        wait_until(lambda: self.patch(place, 10, b"abcdefghij", **sums(b"abcdefghij")).status == 204, "it is sent again")
        for wrong in ("md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256", "sha256 AAAA", "sha256 !", ""):
            self.assertEqual(self.patch(place, 20, b"", Upload_Checksum=wrong).status, 400, wrong)

    def test_refused_before_a_byte_is_read(self):
        # Content-Length promises bytes that never come: an answer shows that nobody waited for them.
        def first_line(method, path, headers, promised):
            url = urllib.parse.urlsplit(self.cities.env[CITY.upper() + "_URL"])
            lines = {"Host": url.netloc, "Authorization": "Bearer " + self.cities.env[f"{CITY.upper()}_TOKEN_SUBMITTER"],
                     "Tus-Resumable": "1.0.0", "Content-Type": OCTETS, "Content-Length": promised, "Expect": "100-continue", **headers}
            head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items()) + "\r\n"
            with socket.create_connection((url.hostname, url.port), timeout=30) as plain:
                with self.cities.tls.wrap_socket(plain, server_hostname=url.hostname) as line:
                    line.sendall(head.encode())
                    return line.recv(4096).split(b"\r\n")[0]
        place = self.create(100)
        self.assertIn(b" 100 ", first_line("PATCH", place, {"Upload-Offset": 0}, 10))
        self.assertIn(b" 409 ", first_line("PATCH", place, {"Upload-Offset": 7}, 10))
        self.assertIn(b" 413 ", first_line("PATCH", place, {"Upload-Offset": 0}, 101))
        self.assertIn(b" 400 ", first_line("PATCH", place, {"Upload-Offset": "0x0"}, 10))
        self.assertIn(b" 412 ", first_line("PATCH", place, {"Upload-Offset": 0, "Tus-Resumable": "0.2.2"}, 10))
        self.assertIn(b" 404 ", first_line("PATCH", "/api/v1/uploads/nothing", {"Upload-Offset": 0}, 10))
        self.assertIn(b" 401 ", first_line("PATCH", place, {"Upload-Offset": 0, "Authorization": "Bearer x"}, 10))
        self.assertIn(b" 413 ", first_line("POST", "/api/v1/uploads", {"Upload-Length": 2 << 30}, 10))  # the quota
        self.assertIn(b" 400 ", first_line("POST", "/api/v1/uploads", {"Upload-Length": 10, "Upload-Metadata": "a !"}, 10))

    def test_more_than_a_limited_link_takes_at_once_crosses_it_in_time(self):
        # A tenth of a second, or a chunk, goes at once. Packed it is still a third as long, and nothing is found in it.
        letters = random.Random(5)
        body = b"".join(bytes(letters.choices(b"bdfg ", k=79)) + b"\n" for _ in range(100_000))
        place = self.create(len(body))
        self.assertEqual(self.patch(place, 0, body).status, 204)
        job = python_job("import pathlib\nassert len(pathlib.Path('/job/code.bin').read_bytes()) == 8_000_000", zone="shenzhen",
                         inputs=[{"url": "upload:" + place.rsplit("/", 1)[1], "path": "/job/code.bin"}],
                         tags={"purpose": "research", "input:/job/code.bin": "code"})
        made = self.cities.submit(CITY, job)
        self.cities.wait_state(CITY, made, "complete")

    def test_an_upload_is_its_tenants_and_its_makers_to_go_on_with(self):
        place = self.create(4)
        self.assertEqual(self.tus("HEAD", place, role="DATA_OWNER").status, 200)
        taken = self.tus("PATCH", place, b"1234", role="DATA_OWNER", Content_Type=OCTETS, Upload_Offset=0)
        self.assertEqual(taken.status, 404, "a colleague uses it and does not go on with it")
        self.assertEqual(self.tus("DELETE", place, role="DATA_OWNER").status, 404)
        self.assertEqual(self.tus("DELETE", place, role="AUDITOR").status, 403)
        self.assertEqual(self.tus("DELETE", place).status, 204)
        self.assertEqual(self.tus("HEAD", place).status, 404)
        self.assertEqual(self.tus("DELETE", place).status, 404)

    def test_a_job_that_names_a_part_or_nothing_is_refused_and_makes_nothing(self):
        place = self.create(10)
        for name in ("upload:" + place.rsplit("/", 1)[1], "upload:nothing"):
            job = {"executors": [{"image": "host/true", "command": ["true"]}], "inputs": [{"url": name, "path": "/x"}]}
            answer = self.cities.http(CITY, "SUBMITTER", "POST", "/ga4gh/tes/v1/tasks", job)
            self.assertEqual(answer.status, 400)
            self.assertEqual(answer.json()["mistakes"][0]["pointer"], "/inputs/0/url")

    def test_the_client_shows_the_name_and_goes_on_after_a_break(self):
        file = self.cities.folder / "reads.bin"
        file.write_bytes(os.urandom(9_000_000))
        cache = self.cities.folder / "cache"
        env = dict(os.environ, XDG_CACHE_HOME=str(cache), HETAO_GATEWAY=self.cities.env[CITY.upper() + "_URL"],
                   HETAO_CA=self.cities.env["HETAO_CA"], HETAO_TOKEN=self.cities.env[f"{CITY.upper()}_TOKEN_DATA_OWNER"])
        def upload():
            done = subprocess.run([BIN / "hetao", "--json", "upload", file], env=env, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)
        first = upload()
        self.assertEqual(first["bytes"], 9_000_000)
        # An upload that was begun by an earlier run: the same command goes on with it.
        facts = file.stat()
        place = self.tus("POST", "/api/v1/uploads", b"", role="DATA_OWNER", Upload_Length=facts.st_size, Content_Type="").headers["Location"]
        body = file.read_bytes()
        self.assertEqual(self.tus("PATCH", place, body[:3_000_000], role="DATA_OWNER", Content_Type=OCTETS, Upload_Offset=0).status, 204)
        key = f"{env['HETAO_GATEWAY']} {file} {facts.st_size} {facts.st_mtime_ns // 10**9}.{facts.st_mtime_ns % 10**9}"
        (cache / "hetao/uploads.json").write_text(json.dumps({key: place}))
        second = upload()
        self.assertEqual(second["url"], "upload:" + place.rsplit("/", 1)[1])
        self.cities.hetao(CITY, "DATA_OWNER", "data", "register", "uploaded-reads", second["url"], "--title", "Reads")
        shown = self.cities.ask(CITY, "DATA_OWNER", "data", "show", "uploaded-reads")
        self.assertEqual(shown["bytes"], 9_000_000)


if __name__ == "__main__":
    unittest.main()
