"""The bills of materials: what CycloneDX 1.5 asks of one, and what the programs are really made of."""

import json
import os
import re
import subprocess
import unittest

from cities import BIN, ROOT

LOCK = ROOT / "gateway/console/package-lock.json"


class Sbom(unittest.TestCase):
    def bill_of(self, package, epoch="1700000000"):
        done = subprocess.run([ROOT / "deploy/packages/sbom", "--of", package], capture_output=True, text=True,
                              env=dict(os.environ, SOURCE_DATE_EPOCH=epoch))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_it_has_what_the_format_asks_for(self):
        for package in ("hetao", "hetao-gateway"):
            bill = json.loads(self.bill_of(package))
            self.assertEqual((bill["bomFormat"], bill["specVersion"], bill["version"]), ("CycloneDX", "1.5", 1))
            self.assertRegex(bill["serialNumber"], r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
            self.assertRegex(bill["metadata"]["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertLessEqual({"type", "name", "version", "bom-ref"}, bill["metadata"]["component"].keys())
            refs = [each["bom-ref"] for each in bill["components"]]
            self.assertEqual(len(set(refs)), len(refs), "bom-refs are unique")
            for each in bill["components"]:
                self.assertEqual(each["type"], "library")
                self.assertTrue(each["name"] and each["version"], each)
                self.assertRegex(each["purl"], r"^pkg:(deb/debian|npm)/\S+@\S+$")
                for digest in each.get("hashes", []):
                    self.assertEqual((digest["alg"], len(digest["content"])), ("SHA-512", 128))
                for licence in each.get("licenses", []):
                    self.assertEqual(list(licence), ["expression"])
            for each in bill["dependencies"]:
                self.assertLessEqual({each["ref"], *each["dependsOn"]}, {*refs, bill["metadata"]["component"]["bom-ref"]})

    def test_it_names_every_library_that_the_daemon_needs(self):
        needed = set(re.findall(r"NEEDED\s+(\S+)", subprocess.run(["objdump", "-p", BIN / "hetao-gateway"], check=True,
                                                                  capture_output=True, text=True).stdout))
        self.assertIn("libssl.so.3", needed)
        bill = json.loads(self.bill_of("hetao-gateway"))
        packages = [each["name"] for each in bill["components"] if each["purl"].startswith("pkg:deb/")]
        have = "".join(subprocess.run(["dpkg", "-L", *packages], check=True, capture_output=True, text=True).stdout)
        for library in needed:
            self.assertIn(f"/{library}\n", have, library)

    def test_it_names_what_was_only_compiled_in(self):
        names = {each["name"] for each in json.loads(self.bill_of("hetao-gateway"))["components"]}
        self.assertLessEqual({"libboost1.81-dev", "libexpected-dev"}, names, "libraries of headers alone")
        self.assertNotIn("libgtest-dev", names, "what only tests use")

    def test_it_names_what_the_console_is_made_of_and_not_what_builds_it(self):
        bill = json.loads(self.bill_of("hetao-gateway"))
        pages = {f"{each['name']}@{each['version']}" for each in bill["components"] if each["purl"].startswith("pkg:npm/")}
        packages = json.loads(LOCK.read_text())["packages"]
        react = packages["node_modules/react"]["version"]
        self.assertIn(f"react@{react}", pages)
        self.assertFalse({page for page in pages if page.startswith(("vite@", "typescript@", "playwright-core@"))})

    def test_the_same_build_gives_the_same_bytes(self):
        self.assertEqual(self.bill_of("hetao"), self.bill_of("hetao"))


if __name__ == "__main__":
    unittest.main()
