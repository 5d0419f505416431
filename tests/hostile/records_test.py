"""A peer with a good certificate that breaks TLS itself after the handshake (reliability.md, 4.7), against the real daemon."""

import contextlib
import os
import socket
import struct
import subprocess
import threading
import time
import unittest

import records
import town
import wire


class Records(town.HostileTest):
    def opened(self):
        peer = records.Peer(self.gateway.tunnel, self.good).open()
        self.addCleanup(peer.close)
        return peer

    def cut_for(self, peer, reason, alerts):
        """Cut with an alert; log, metrics and ledger say why."""
        try:
            end = peer.wait_end()
        except wire.Ended as early:
            end = early.reason
        self.assertIn(end, (*alerts, "cut", "closed"))
        self.assert_logged(rf"tunnel to lantau: down \[{reason}\]")
        self.assert_counted("hetao_tunnel_ended_total", region="lantau", reason=reason)
        self.assert_in_ledger(reason)

    def breaks(self, peer, *data, alerts=("unexpected-message",)):
        with contextlib.suppress(wire.Ended):
            for one in data:
                peer.raw_bytes(one)
        self.cut_for(peer, "protocol-tls", alerts)

    def test_records_of_our_own_making_are_understood(self):
        """So that the others show what they are to show."""
        peer = self.opened()
        peer.key_update(1)
        peer.put(wire.PING, payload=b"12345678")
        self.assertEqual(peer.wait_for(wire.PONG)[3], b"12345678")

    def test_key_update_flood(self):
        peer = self.opened()
        with contextlib.suppress(wire.Ended):
            for _ in range(2000):
                peer.key_update(0)
        self.cut_for(peer, "key-update-flood", ("unexpected-message", "internal-error"))

    def test_key_update_flood_that_wants_answers(self):
        """Each would make us write: it must not grow what we hold for a peer that does not read."""
        peer = self.opened()
        with contextlib.suppress(wire.Ended):
            for _ in range(2000):
                peer.key_update(1)
        self.cut_for(peer, "key-update-flood", ("unexpected-message", "internal-error"))

    def test_flood_of_empty_records(self):
        peer = self.opened()
        self.breaks(peer, *(peer.record(records.DATA, b"") for _ in range(2000)))

    def test_empty_handshake_record(self):
        peer = self.opened()
        self.breaks(peer, peer.record(records.HANDSHAKE, b""))

    def test_record_of_nothing_but_padding(self):
        peer = self.opened()
        self.breaks(peer, peer.record(0, b"", padding=100))

    def test_record_over_the_size(self):
        peer = self.opened()
        self.breaks(peer, struct.pack(">BHH", records.DATA, 0x0303, (1 << 14) + 257) + bytes((1 << 14) + 257),
                    alerts=("record-overflow",))

    def test_content_over_the_size(self):
        """The record fits, what is in it does not."""
        peer = self.opened()
        self.breaks(peer, peer.record(records.DATA, bytes((1 << 14) + 100)), alerts=("record-overflow",))

    def test_record_that_was_changed(self):
        peer = self.opened()
        good = peer.record(records.DATA, b"x" * 100)
        self.breaks(peer, good[:-1] + bytes([good[-1] ^ 1]), alerts=("bad-record-mac", "decryption-failed-or-bad-record-mac"))

    def test_record_that_was_sent_before(self):
        peer = self.opened()
        again = peer.record(records.DATA, peer.frame(wire.PING, payload=bytes(8)))
        self.breaks(peer, again, again, alerts=("bad-record-mac", "decryption-failed-or-bad-record-mac"))

    def test_plaintext_after_the_handshake(self):
        peer = self.opened()
        self.breaks(peer, struct.pack(">BHH", records.DATA, 0x0303, 20) + peer.frame(wire.PING, payload=bytes(8)),
                    alerts=("bad-record-mac", "decryption-failed-or-bad-record-mac"))

    def test_certificate_that_nobody_asked_for(self):
        peer = self.opened()
        self.breaks(peer, peer.record(records.HANDSHAKE, records.handshake(records.CERTIFICATE, bytes(4))))

    def test_second_client_hello(self):
        """Renegotiation, as older TLS had it."""
        peer = self.opened()
        self.breaks(peer, peer.record(records.HANDSHAKE, records.handshake(records.CLIENT_HELLO, os.urandom(200))))

    def test_key_update_that_is_none(self):
        peer = self.opened()
        self.breaks(peer, peer.record(records.HANDSHAKE, records.handshake(records.KEY_UPDATE, b"\x07")),
                    alerts=("illegal-parameter", "decode-error", "unexpected-message"))

    def test_fatal_alert(self):
        peer = self.opened()
        peer.raw_bytes(peer.record(records.ALERT, bytes([2, 80])))
        self.assert_logged(r"tunnel to lantau: down \[peer-alert\]")

    def test_close_notify_without_goodbye_is_a_loss(self):
        """The stream of bytes ends in order, the session does not: nothing counts as finished."""
        peer = self.opened()
        peer.raw_bytes(peer.record(records.ALERT, bytes([1, 0])))
        self.assert_logged(r"tunnel to lantau: down \[(cut|connection-lost)\]")

    def test_nothing_is_resumed(self):
        """No ticket is given, and a secret that the client offers is not looked at: each handshake is a full one."""
        peer = self.peer().open()
        peer.put(wire.PING, payload=bytes(8))
        peer.wait_for(wire.PONG)
        self.assertFalse(peer.socket.session is not None and peer.socket.session.has_ticket)
        self.assertFalse(peer.socket.session_reused)
        peer.close()
        said = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.gateway.tunnel}", "-tls1_3", "-alpn",
                               "hetao/1", "-cert", self.good, "-key", self.good, "-psk", "00" * 32, "-psk_identity",
                               "lantau", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], input=b"", capture_output=True,
                              timeout=20).stdout.decode(errors="replace")
        self.assertIn("New, TLSv1.3", said)
        self.assertNotIn("Reused", said)

    def test_hello_retry_loop(self):
        """Asked for another key share, it sends the first hello again, for ever."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-groups",
                                   "P-521:X25519", "-alpn", "hetao/1"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as client:
                taken, _ = listening.accept()
                hello = taken.recv(1 << 16)
                taken.close()
                client.kill()
        with socket.create_connection(("127.0.0.1", self.gateway.tunnel), timeout=15) as raw:
            raw.sendall(hello)
            answer = raw.recv(1 << 16)
            # A server hello with the random of a request to try again (RFC 8446, 4.1.3).
            self.assertIn(bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"), answer)
            with contextlib.suppress(OSError):
                for _ in range(50):
                    raw.sendall(hello)
                while raw.recv(1 << 16):
                    pass
        self.assert_logged(r"refused 127\.0\.0\.1:\d+ \[protocol-tls\]")
        self.assert_counted("hetao_tunnel_refused_total", reason="protocol-tls")


if __name__ == "__main__":
    unittest.main()
