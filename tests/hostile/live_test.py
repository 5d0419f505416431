"""Certificates that change while gateways work: rotation, revocation, broken files, with a real job under way."""

import json
import os
import shutil
import signal
import time
import unittest

import town


class Live(unittest.TestCase):
    def setUp(self):
        self.town = town.Town(odd=()).up()
        self.addCleanup(self.town.down)
        self.shenzhen, self.hongkong = self.town.shenzhen, self.town.hongkong
        self.own = self.town.pki("shenzhen")

    def long_job(self, seconds):
        job = {"name": "long", "executors": [{"image": "host/sh", "command":
               ["/bin/sh", "-c", f"sleep {seconds}; echo done > /out/answer"]}], "resources": {"zones": ["hongkong"]},
               "outputs": [{"path": "/out/answer", "url": "result:answer", "type": "FILE"}]}
        made = self.shenzhen.hetao("", "submit", "-", stdin=json.dumps(job)).stdout.strip()
        town.wait_until(lambda: self.job(made)["state"] == "running", "the job runs")
        return made

    def job(self, job):
        return json.loads(self.shenzhen.hetao("", "--json", "job", "show", job).stdout)

    def up_again(self, gateway, region, since):
        town.wait_until(lambda: gateway.peer(region)["up"] and gateway.peer(region)["since"] != since,
                        f"{region} is there again")

    def test_rotation_and_revocation_under_a_running_job(self):
        job = self.long_job(6)
        since = self.hongkong.peer("shenzhen")["since"]
        # A new key and certificate: taken without a signal, without losing the tunnel.
        self.town.certs("rotate", "--dir", self.own, self.own / "gw-1.crt")
        town.wait_until(lambda: "certificate files have changed" in self.shenzhen.log(), "the gateway noticed", 6)
        self.assertEqual(self.hongkong.peer("shenzhen")["since"], since, "the tunnel was lost by the rotation")
        self.assertEqual(self.job(job)["state"], "running")
        # The old one is revoked: the peer cuts what lives on it, and meets the new one.
        self.town.certs("revoke", "--dir", self.own, self.own / "gw-1.old.crt", "--reason", "superseded")
        began = time.monotonic()
        town.wait_until(lambda: "down [revoked]" in self.hongkong.log() or "[revoked]" in self.hongkong.log(),
                        "the peer cut the revoked certificate", 8)
        cut_s = time.monotonic() - began
        self.assertLess(cut_s, 5)
        self.up_again(self.hongkong, "shenzhen", since)
        self.shenzhen.hetao("", "job", "wait", job)
        self.assertEqual(self.job(job)["state"], "complete")
        self.assertTrue(self.hongkong.entries(kind="peer-fault", fault="revoked"))
        print(f"revoked peer cut {cut_s:.2f} s after its list was published; the job went on")

    def test_revoked_peer_is_cut_and_stays_out(self):
        since = self.hongkong.peer("shenzhen")["since"]
        self.town.certs("revoke", "--dir", self.own, self.own / "gw-1.crt", "--reason", "key-compromise")
        os.kill(self.hongkong.process.pid, signal.SIGHUP)
        town.wait_until(lambda: not self.hongkong.peer("shenzhen")["up"], "the revoked peer is cut", 5)
        self.assertNotEqual(self.hongkong.peer("shenzhen")["since"], since)
        town.wait_until(lambda: self.hongkong.metrics().get('hetao_tunnel_refused_total{reason="revoked"}', 0) > 0,
                        "it came again and was refused", 10)
        self.assertFalse(self.hongkong.peer("shenzhen")["up"])
        self.town.certs("rotate", "--dir", self.own, self.own / "gw-1.crt")
        town.wait_until(lambda: self.hongkong.peer("shenzhen")["up"], "with a new certificate it is welcome")

    def test_broken_certificate_keeps_the_old_and_shouts(self):
        certificate = self.own / "gw-1.crt"
        shutil.copy(certificate, self.own / "kept")
        since = self.hongkong.peer("shenzhen")["since"]
        certificate.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        town.wait_until(lambda: self.shenzhen.metrics()["hetao_reload_failed"] == 1, "metrics shout", 6)
        self.assertIn("nothing was changed", self.shenzhen.log())
        self.assertIn("gw-1.crt", json.loads(self.shenzhen.get("/api/v1/status"))["reload_failed"])
        self.assertIn("the last reload failed", self.shenzhen.hetao("", "status").stdout)
        self.assertEqual(self.hongkong.peer("shenzhen")["since"], since)
        # A key that is not the certificate's is as broken.
        shutil.copy(self.own / "kept", certificate)
        town.wait_until(lambda: self.shenzhen.metrics()["hetao_reload_failed"] == 0, "the good one is taken again", 6)
        shutil.copy(self.own / "https.key", self.own / "gw-1.key")
        town.wait_until(lambda: self.shenzhen.metrics()["hetao_reload_failed"] == 1, "a wrong key is refused", 6)
        self.assertTrue(self.hongkong.peer("shenzhen")["up"])

    def test_a_list_that_ends_cuts_its_region(self):
        until = town.pki.now() + town.pki.DAY / 86400 * 4
        self.town.list_of("shenzhen").write_bytes(self.town.ca["shenzhen"].crl(until=until))
        town.wait_until(lambda: not self.hongkong.peer("shenzhen")["up"], "without a list in force nobody is in", 12)
        self.assertIn("[crl-expired]", self.hongkong.log())
        self.town.certs("revoke", "--dir", self.own)
        town.wait_until(lambda: self.hongkong.peer("shenzhen")["up"], "a fresh list lets them in")

    def test_expiry_is_warned_of_everywhere(self):
        text = self.shenzhen.hetao("", "certs", "status").stdout
        self.assertIn("spiffe://hetao/shenzhen/gateway/gw-1", text)
        self.assertGreater(self.shenzhen.metrics()[
            'hetao_certificate_expiry_seconds{used_for="tunnel",what="spiffe://hetao/shenzhen/gateway/gw-1"}'],
            80 * 86400)
        self.assertNotIn("certificate_warnings", json.loads(self.shenzhen.get("/api/v1/status")))
        self.town.certs("rotate", "--dir", self.own, self.own / "gw-1.crt", "--days", 1)
        lantau = self.town.ca["lantau"]
        self.town.list_of("lantau").write_bytes(lantau.crl(since=town.pki.now() - 20 * town.pki.DAY,
                                                           until=town.pki.now() + town.pki.DAY))
        town.wait_until(lambda: "certificate_warnings" in json.loads(self.shenzhen.get("/api/v1/status")),
                        "status warns", 8)
        status = self.shenzhen.hetao("", "certs", "status", code=1)
        self.assertIn("urgent", status.stdout)
        self.assertIn("days left", self.shenzhen.hetao("", "status").stdout)
        self.assertEqual(self.hongkong.peer("shenzhen")["certificate_days_left"], 89)


if __name__ == "__main__":
    unittest.main()
