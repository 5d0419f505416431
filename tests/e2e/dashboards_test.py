"""What monitoring is given, judged by Prometheus' own promtool: metrics, alert rules, and the dashboard's queries."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from cities import ROOT, CitiesTest

DASHBOARDS = ROOT / "deploy/dashboards"


def promtool():
    """The program, from the machine or unpacked from Debian's package (which, installed, would start a server)."""
    if found := shutil.which("promtool"):
        return found
    kept = ROOT / "build/promtool"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            fetched = subprocess.run(["apt-get", "-qq", "download", "prometheus"], cwd=folder, capture_output=True)
            if fetched.returncode != 0:
                raise unittest.SkipTest("promtool: the package prometheus can't be downloaded")
            deb = next(pathlib.Path(folder).glob("prometheus_*.deb"))
            subprocess.run(["dpkg-deb", "-x", deb, folder], check=True)
            shutil.copy(f"{folder}/usr/bin/promtool", kept)
    return str(kept)


class Dashboards(CitiesTest):
    def tool(self, *words, stdin=None):
        done = subprocess.run([promtool(), *words], cwd=DASHBOARDS, input=stdin, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def metrics(self):
        return self.cities.http("shenzhen", "OPERATOR", "GET", "/metrics").body.decode()

    def test_metrics_follow_the_naming_rules(self):
        said = self.tool("check", "metrics", stdin=self.metrics())
        self.assertEqual(said.stderr.strip(), "")

    def test_alert_rules_hold_and_fire_as_their_tests_say(self):
        self.tool("check", "rules", "alerts.yaml")
        self.tool("test", "rules", "alerts_test.yaml")

    def test_alerts_and_dashboard_name_only_metrics_that_there_are(self):
        known = set(re.findall(r"(?m)^# TYPE (\S+)", self.metrics()))
        texts = (DASHBOARDS / "alerts.yaml").read_text(), (DASHBOARDS / "gateway.json").read_text()
        for text in texts:
            self.assertEqual(set(re.findall(r"\bhetao_[a-z0-9_]+\b", text)) - known, set())
        json.loads(texts[1])


if __name__ == "__main__":
    unittest.main()
