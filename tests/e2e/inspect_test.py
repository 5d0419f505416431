#!/usr/bin/env python3
"""`hetao inspect` on files of every kind: what it finds, what it leaves alone, what it holds."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from inspection_cases import HKID, RESIDENT, TABLE, all_cases, tar, zipped
from inspection_writings import all_writings

ROOT = pathlib.Path(__file__).resolve().parents[2]
HETAO = ROOT / "build/bin/hetao"


def inspect(*arguments, **options):
    done = subprocess.run([HETAO, "inspect", "--json", *arguments], capture_output=True, text=True, timeout=300, **options)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def wrong(report, expect, kinds):
    found = {f["kind"] for f in report["findings"]}
    if expect == "hit":
        return not (report["verdict"] == "findings" and kinds <= found)
    return report["verdict"] != {"none": "clean", "hold": "incomplete"}.get(expect) and not (
        expect == "unclean" and report["verdict"] != "clean")


class Inspect(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, data):
        path = os.path.join(self.folder.name, name)
        pathlib.Path(path).write_bytes(data)
        return path

    def test_every_case_is_as_expected(self):
        self.check(all_cases())

    # Thousands: as files of one archive, which one process reads.
    def test_every_kind_is_found_in_every_writing(self):
        cases = list(all_writings())
        archive = tar(*((f"{i:05}", data) for i, (_, data, _, _) in enumerate(cases)))
        _, (report,) = inspect(self.file("writings.tar", archive))
        found = {}
        for finding in report["findings"]:
            found.setdefault(int(finding["path"].split("/")[0]), set()).add(finding["kind"])
        missed = [f"{name}: {sorted(found.get(i, []))}" for i, (name, _, _, kinds) in enumerate(cases) if not kinds <= found.get(i, set())]
        self.assertFalse(missed, f"{len(missed)} of {len(cases)} writings:\n" + "\n".join(missed))

    def test_recall_and_false_positives_are_what_the_handbook_says(self):
        table, page = ROOT / "tests/bench/inspect/table.py", ROOT / "deploy/handbook/inspection.md"
        done = subprocess.run([sys.executable, table, HETAO, "--check", page], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check(self, all_of_them):
        cases, paths = {}, []
        for i, (name, data, expect, kinds) in enumerate(all_of_them):
            path = self.file(f"{i:04}", data)
            cases[path] = (name, expect, kinds)
            paths.append(path)
        seen, mistakes = 0, []
        for start in range(0, len(paths), 200):
            done, reports = inspect(*paths[start : start + 200])
            self.assertEqual(done.stderr, "")
            for report in reports:
                seen += 1
                name, expect, kinds = cases[report["file"]]
                if wrong(report, expect, kinds):
                    found = sorted({f["kind"] for f in report["findings"]})
                    mistakes.append(f"{name}: {expect} {sorted(kinds)}, but {report['verdict']} {found} {report['coverage']['not_read']}")
        self.assertEqual(seen, len(paths))
        self.assertFalse(mistakes, f"{len(mistakes)} of {seen} cases:\n" + "\n".join(mistakes))

    def test_a_report_has_the_documented_shape_and_never_a_value(self):
        path = self.file("x.zip", zipped(("inside/archive.csv", TABLE.encode())))
        done, (report,) = inspect("--excerpts", path)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(list(report)[:5], ["file", "bytes", "verdict", "coverage", "findings"])
        self.assertEqual(report["bytes"], os.path.getsize(path))
        for finding in report["findings"]:
            self.assertEqual(list(finding)[:5], ["kind", "count", "offsets", "path", "confidence"])
            self.assertEqual(finding["path"], "inside/archive.csv")
        self.assertIsNone(re.search(r"\d{4,}", " ".join(e for f in report["findings"] for e in f["excerpts"])))
        self.assertNotIn(RESIDENT[:17], done.stdout)
        self.assertNotIn(HKID[:7], done.stdout)

    def test_names_and_neighbours_are_masked_too(self):
        inside = zipped((f"scan-{RESIDENT}.csv", TABLE.encode()), ("to alice.chan@example.com/broken.zip", b"PK\3\4"))
        heading = f"name,{RESIDENT},v\n1,2,3\n2,3,4\n".encode()
        neighbours = b"no,mail,phone\n1,alice.chan@example.com,13800138000,bob.li@example.com\n"
        key = b"-----BEGIN " + b"RSA PRIVATE KEY-----\nMIIEpQIBAAKCAQEAabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV\n"
        for name, data in (("n.zip", inside), ("h.csv", heading), ("m.csv", neighbours), ("k.pem", key)):
            for options in (("--excerpts",), ("--json", "--excerpts")):
                done = subprocess.run([HETAO, "inspect", *options, self.file(name, data)], capture_output=True, text=True, timeout=60)
                for value in (RESIDENT, "alice", "bob.li", "MIIE"):
                    self.assertNotIn(value, done.stdout)
                self.assertTrue(done.stdout)

    def test_exit_status_says_clean_or_not(self):
        self.assertEqual(inspect(self.file("a", b"fine\n"))[0].returncode, 0)
        self.assertEqual(inspect(self.file("b", b"\x89PNG\r\n\x1a\n"))[0].returncode, 1)
        self.assertEqual(inspect(os.path.join(self.folder.name, "absent"))[0].returncode, 2)
        self.assertEqual(inspect("--profile", "no-such", self.file("c", b""))[0].returncode, 2)

    def test_standard_input_is_read(self):
        done = subprocess.run([HETAO, "inspect", "--json", "-"], input=TABLE.encode(), capture_output=True, timeout=60)
        self.assertEqual(json.loads(done.stdout)["verdict"], "findings")

    def test_profiles_ask_for_less(self):
        path = self.file("m", b"write to alice@example.com\n")
        self.assertEqual(inspect("--profile", "personal-identifiers", path)[1][0]["verdict"], "findings")
        self.assertEqual(inspect("--profile", "direct-identifiers", path)[1][0]["verdict"], "clean")

    def test_patterns_of_ones_own(self):
        path = self.file("p", b"staff EMP-004217 and EMP-009331\n")
        _, (report,) = inspect("--pattern", "employee_no=EMP-[0-9]{6}", path)
        self.assertEqual([(f["kind"], f["count"]) for f in report["findings"]], [("employee_no", 2)])
        for bad in ("x=.*", "x=[0-9]+", "hkid=EMP-[0-9]{6}", "x=(", "x=a"):
            done, _ = inspect("--pattern", bad, path)
            self.assertEqual(done.returncode, 2, bad)

    def test_a_file_that_changes_while_it_is_read_is_held(self):
        path = self.file("g", b"0.25,\n" * 20_000_000)
        process = subprocess.Popen([HETAO, "inspect", "--json", path], stdout=subprocess.PIPE)
        with open(path, "r+b") as f:
            while process.poll() is None:
                f.write(b"0.26")
                f.seek(0)
                f.flush()
        self.assertEqual(json.loads(process.stdout.read())["verdict"], "incomplete")
        process.stdout.close()

    def test_a_broken_reader_is_a_hold(self):
        bare = os.path.join(self.folder.name, "bin")
        os.mkdir(bare)
        os.symlink("/bin/false", os.path.join(bare, "hetao-inspector"))
        copy = os.path.join(bare, "hetao")
        pathlib.Path(copy).write_bytes(HETAO.read_bytes())
        os.chmod(copy, 0o755)
        done = subprocess.run([copy, "inspect", "--json", self.file("a", b"fine\n")], capture_output=True, text=True, timeout=60)
        self.assertEqual(json.loads(done.stdout)["verdict"], "incomplete")
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=1)
