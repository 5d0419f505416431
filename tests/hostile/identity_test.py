"""Peers whose certificate, or whose TLS, is not what it has to be (reliability.md, 4.7), against the real daemon."""

import contextlib
import os
import socket
import ssl
import threading
import time
import unittest

from cryptography.hazmat.primitives import hashes

import pki
import town
import wire

LANTAU = "spiffe://hetao/lantau/gateway/gw-1"


class Identity(town.HostileTest):
    def refused(self, pem, reason, ledger=True):
        """Refused before any frame: one alert for every reason, the reason in log, metrics and ledger."""
        with self.assertRaises(wire.Ended) as ended:
            peer = self.peer(pem)
            try:
                peer.open()
            finally:
                peer.close()
        self.assertIn(ended.exception.reason, ("bad-certificate", "cut", "closed"))
        self.assert_logged(rf"refused 127\.0\.0\.1:\d+ \[{reason}\]")
        self.assert_counted("hetao_tunnel_refused_total", reason=reason)
        if ledger:
            self.assert_in_ledger(reason)

    def bad(self, reason, region="lantau", **wrong):
        self.refused(self.town.leaf(region, **wrong), reason)

    def test_unknown_ca(self):
        self.bad("unknown-ca", ca=pki.Ca.unknown())

    def test_self_signed(self):
        self.bad("self-signed", self_signed=True)

    def test_ca_of_lantau_for_hong_kong(self):
        self.bad("wrong-region-ca", uris=("spiffe://hetao/hongkong/gateway/gw-1",))

    def test_ca_of_lantau_for_our_own_region(self):
        self.bad("wrong-region-ca", uris=("spiffe://hetao/shenzhen/gateway/gw-1",))

    def test_region_that_nobody_pinned(self):
        self.bad("unknown-region", uris=("spiffe://hetao/atlantis/gateway/gw-1",))

    def test_expired(self):
        self.bad("expired", before=pki.now() - 3 * pki.DAY, after=pki.now() - pki.DAY / 86400)

    def test_not_yet_valid(self):
        self.bad("not-yet-valid", before=pki.now() + pki.DAY / 24)

    def test_valid_for_too_long(self):
        self.bad("validity-too-long", after=pki.now() + 500 * pki.DAY)

    def test_no_identity(self):
        self.bad("no-san", uris=())

    def test_two_identities(self):
        self.bad("two-sans", uris=(LANTAU, "spiffe://hetao/hongkong/gateway/gw-1"))

    def test_identity_in_another_spelling(self):
        self.bad("bad-identity", uris=("spiffe://hetao/Lantau/gateway/gw-1",))

    def test_identity_that_looks_like_another(self):
        for uri in ("spiffe://HETAO/lantau/gateway/gw-1", "spiffe://hetao/lantau./gateway/gw-1",
                    "spiffe://hetao/lantau/gateway/gw-1/", "spiffe://hetao/%6cantau/gateway/gw-1",
                    "spiffe://hetao/lantau\0/gateway/gw-1", "spiffe://hetao/*/gateway/gw-1",
                    "spiffe://hetao/lantau/gateway/gw-1?x", "spiffe://user@hetao/lantau/gateway/gw-1",
                    "spiffe://hetao:443/lantau/gateway/gw-1", "spiffe://hetao/lantau//gateway/gw-1"):
            with self.subTest(uri):
                self.bad("bad-identity", uris=(uri,))

    def test_internationalised_look_alike(self):
        """No region is written in punycode."""
        self.bad("bad-identity", uris=("spiffe://hetao/xn--lntau-7nd/gateway/gw-1",))

    def test_only_for_servers(self):
        self.bad("extended-key-usage", uses=(pki.ExtendedKeyUsageOID.SERVER_AUTH,))

    def test_no_use_named(self):
        self.bad("extended-key-usage", uses=())

    def test_key_not_for_signatures(self):
        self.bad("key-usage", usage=pki.key_usage(sign=True))

    def test_ca_below_a_ca_that_may_have_none(self):
        below = self.town.ca["lantau"].below()
        self.bad("path-length", ca=below, chain=(below,))

    def test_leaf_that_signs(self):
        below = self.town.ca["lantau"].below(is_ca=False)
        self.bad("not-a-ca", ca=below, chain=(below,))

    def test_missing_intermediate(self):
        self.bad("unknown-ca", ca=self.town.ca["lantau"].below())

    def test_intermediate_of_another_ca(self):
        stranger = pki.Ca.unknown()
        self.bad("unknown-ca", ca=stranger.below(), chain=(stranger.below(), stranger))

    def test_chain_of_many(self):
        chain, ca = [], pki.Ca.unknown()
        for _ in range(6):
            chain.insert(0, ca)
            ca = ca.below(pathlen=9)
        self.bad("chain-too-long", ca=ca, chain=(ca, *chain))

    def test_role_of_a_client(self):
        self.bad("wrong-role", uris=("spiffe://hetao/lantau/client/alice",))

    def test_wrong_use(self):
        self.bad("extended-key-usage", uses=(pki.ExtendedKeyUsageOID.CODE_SIGNING,))

    def test_any_use(self):
        self.bad("extended-key-usage", uses=(*pki.BOTH_USES, pki.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE))

    def test_ca_flag(self):
        self.bad("leaf-is-ca", is_ca=True)

    def test_unknown_critical_extension(self):
        self.bad("unknown-critical-extension", unknown_critical=True)

    def test_weak_key(self):
        self.bad("weak-key", key=pki.weak_rsa_key())

    def test_weak_signature(self):
        self.bad("weak-signature", digest=hashes.SHA1())

    def test_key_of_the_ca(self):
        self.bad("key-of-ca", key=self.town.ca["lantau"].key)

    def test_key_of_another_peer(self):
        """The key of Hong Kong's live certificate, in a certificate of Lantau."""
        key = (self.town.pki("hongkong") / "gw-1.key").read_bytes()
        self.refused(self.town.leaf("lantau", key=pki.serialization.load_pem_private_key(key, None)), "shared-key")

    def test_list_expired(self):
        self.bad("crl-expired", region="yantian")

    def test_list_of_the_future(self):
        self.bad("crl-not-yet-valid", region="longgang")

    def test_no_list_of_its_ca(self):
        self.bad("crl-missing", region="futian")

    def test_trusted_region_that_is_no_peer(self):
        self.bad("not-a-peer", region="zhuhai")

    def test_another_certificate_at_the_next_connection(self):
        """Of the same gateway: that is a rotation, and both are judged for themselves."""
        for pem in (self.town.leaf("lantau"), self.town.leaf("lantau")):
            peer = self.peer(pem).open()
            self.assertTrue(self.gateway.peer("lantau")["up"])
            peer.close()
        self.bad("expired", before=pki.now() - 3 * pki.DAY, after=pki.now() - pki.DAY)

    def test_no_certificate(self):
        with self.assertRaises(wire.Ended) as ended:
            wire.Peer(self.gateway.tunnel, wire.context()).open()
        self.assertIn(ended.exception.reason, ("certificate-required", "cut"))
        self.assert_counted("hetao_tunnel_refused_total", reason="no-certificate")


class Transport(town.HostileTest):
    def noise(self, data, reason="protocol-tls"):
        peer = wire.Peer(self.gateway.tunnel)
        with contextlib.suppress(wire.Ended, OSError):
            peer.send(data)
            peer.raw.shutdown(socket.SHUT_WR)
            while True:
                peer.read(1)
        peer.close()
        self.assert_logged(rf"\[{reason}\]")
        self.assert_counted("hetao_tunnel_refused_total", reason=reason)

    def test_older_tls(self):
        with self.assertRaises(wire.Ended) as ended:
            wire.Peer(self.gateway.tunnel, wire.context(self.good, newest=ssl.TLSVersion.TLSv1_2))
        self.assertEqual(ended.exception.reason, "protocol-version")
        self.assert_counted("hetao_tunnel_refused_total", reason="protocol-tls")

    def test_no_protocol_named(self):
        with self.assertRaises(wire.Ended) as ended:
            wire.Peer(self.gateway.tunnel, wire.context(self.good, alpn=None)).open()
        self.assertEqual(ended.exception.reason, "no-application-protocol", ended.exception)
        self.assert_counted("hetao_tunnel_refused_total", reason="alpn")

    def test_another_protocol_named(self):
        with self.assertRaises(wire.Ended) as ended:
            wire.Peer(self.gateway.tunnel, wire.context(self.good, alpn="h2")).open()
        self.assertEqual(ended.exception.reason, "no-application-protocol", ended.exception)
        self.assert_counted("hetao_tunnel_refused_total", reason="alpn")

    def test_plain_http(self):
        self.noise(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    def test_plain_tunnel_frames(self):
        self.noise(wire.frame(wire.HELLO, payload=b"\x08\x01"))

    def test_random_bytes(self):
        self.noise(os.urandom(70_000))

    def test_sslv2_hello(self):
        self.noise(bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0") + bytes(16), "alpn")

    def test_endless_handshake_record(self):
        self.noise(b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes(100_000))

    def test_half_a_hello(self):
        self.noise(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(60), "cut")

    def test_log_lines_can_not_be_forged(self):
        """What a peer can choose stands in one line, printable."""
        peer = self.peer()
        peer.open()
        peer.put(wire.GOODBYE, payload=wire.tunnel_pb.Goodbye(
            reason=1, text="x\n2026-01-01 info tunnel to hongkong: down").SerializeToString(), flags=wire.END)
        peer.close()
        self.assert_logged(r"tunnel to lantau: down")
        for line in self.new_log().splitlines():
            self.assertNotRegex(line, r"^2026-01-01 info")

    def test_256_slow_ones(self):
        """A byte a second each, from sixteen addresses: no effect on others, at most so many at a time, all cut."""
        peers = []
        for number in range(256):
            with contextlib.suppress(wire.Ended, OSError):
                peers.append(wire.Peer(self.gateway.tunnel, source=f"127.0.0.{number % 16 + 2}"))
        began, second, hello = time.monotonic(), 0, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + bytes(20)
        open_peers = list(peers)
        while open_peers and time.monotonic() - began < 14:
            answered = time.monotonic()
            self.gateway.get("/healthz")
            self.assertLess(time.monotonic() - answered, 2)
            for peer in list(open_peers):
                peer.raw.settimeout(0)
                try:
                    if peer.raw.recv(1) == b"":
                        raise OSError
                except BlockingIOError:
                    pass
                except OSError:
                    open_peers.remove(peer)
                    continue
                with contextlib.suppress(OSError):
                    peer.raw.send(hello[second:second + 1])
            second += 1
            time.sleep(1)
        self.assertEqual(open_peers, [], "slow ones are still there after the handshake's time")
        for peer in peers:
            peer.close()
        self.assert_counted("hetao_tunnel_refused_total", reason="timeout")

    def test_more_than_an_address_may(self):
        peers = [wire.Peer(self.gateway.tunnel, source="127.0.0.77") for _ in range(40)]
        self.assert_counted("hetao_tunnel_refused_total", reason="too-many")
        for peer in peers:
            peer.close()


class Listener(threading.Thread):
    """A hostile gateway at an address that Shenzhen dials."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.pem, self.alpn = None, "hetao/1"

    def run(self):
        while True:
            taken, _ = self.socket.accept()
            with contextlib.suppress(OSError, ssl.SSLError):
                taken.settimeout(5)
                if self.pem is None:
                    taken.sendall(b"220 mail.example ESMTP\r\n")
                    taken.recv(4096)
                else:
                    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    tls.set_ciphers("DEFAULT@SECLEVEL=0")
                    tls.load_cert_chain(self.pem)
                    if self.alpn:
                        tls.set_alpn_protocols([self.alpn])
                    with tls.wrap_socket(taken, server_side=True) as secured:
                        secured.recv(4096)
            taken.close()


LISTENERS = {region: Listener() for region in ("tuen-mun", "sha-tin", "tai-po", "sai-kung", "kwun-tong", "yau-tsim")}


class Dialled(town.HostileTest):
    """The other role: who answers at the address of a peer is judged in the same way."""

    DIALLED = tuple((region, one.port) for region, one in LISTENERS.items())

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        leaf = cls.town.leaf
        LISTENERS["tuen-mun"].pem = leaf("lantau")  # a good certificate, of another region
        LISTENERS["sha-tin"].pem = leaf("sha-tin", ca=pki.Ca.unknown())
        LISTENERS["tai-po"].pem = leaf("tai-po", after=pki.now() - pki.DAY / 86400, before=pki.now() - pki.DAY)
        LISTENERS["sai-kung"].pem = leaf("sai-kung", uses=(pki.ExtendedKeyUsageOID.CLIENT_AUTH,))
        LISTENERS["kwun-tong"].pem, LISTENERS["kwun-tong"].alpn = leaf("kwun-tong"), None
        for one in LISTENERS.values():
            one.start()

    def down(self, region, reason):
        # The dialler's pauses grow to 30 s, so the log since the start counts.
        town.wait_until(lambda: f"[{reason}]" in self.gateway.log(), f"{region} is refused as {reason}")
        self.assertFalse(self.gateway.peer(region)["up"])
        self.assertTrue(self.gateway.peer(region)["why_down"])

    def test_gateway_of_another_region(self):
        self.down("tuen-mun", "wrong-peer")
        self.assert_in_ledger("wrong-peer")

    def test_unknown_ca(self):
        self.down("sha-tin", "unknown-ca")
        self.assert_in_ledger("unknown-ca")

    def test_expired(self):
        self.down("tai-po", "expired")

    def test_not_for_servers(self):
        self.down("sai-kung", "extended-key-usage")

    def test_no_protocol_chosen(self):
        self.down("kwun-tong", "alpn")

    def test_another_service(self):
        self.down("yau-tsim", "protocol-tls")


if __name__ == "__main__":
    unittest.main()
