"""A peer with a good certificate that breaks the tunnel's protocol (reliability.md, 4.8), against the real daemon."""

import os
import struct
import time
import unittest

import town
import wire


class Frames(town.HostileTest):
    def ends(self, peer, reason, counted="hetao_tunnel_ended_total", ledger=True):
        """The peer is told why; log, metrics and ledger say the same."""
        try:
            end = peer.wait_end()
        except wire.Ended as early:
            end = early.reason
        peer.close()
        self.assertIn(end, (reason, "cut"))
        labels = {"region": peer.region} if "ended" in counted else {}
        self.assert_counted(counted, **labels, reason=reason)
        self.assert_logged(rf"\[{reason}\]")
        if ledger:
            self.assert_in_ledger(reason)

    def opened(self, region="lantau"):
        return self.peer(region=region).open()

    # The first exchange.

    def test_no_version_in_common(self):
        peer = self.peer()
        peer.put(wire.HELLO, payload=peer.hello(version=9, version_min=9))
        self.ends(peer, "version", "hetao_tunnel_refused_total")

    def test_a_newer_version_is_spoken_with(self):
        """One version on: it names features, fields and frames that we don't know, and is understood all the same."""
        peer = self.peer()
        known = peer.hello(version=2, version_min=1)
        unknown_field = bytes([0xFA, 0x3E, 3]) + b"new"  # number 1,007, of bytes
        peer.hello = lambda **_: known + unknown_field
        peer.open()
        peer.put(200, payload=b"an extension of that version")
        peer.put(wire.PING, payload=b"still on")
        self.assertEqual(peer.wait_for(wire.PONG)[3], b"still on")
        self.assertTrue(self.gateway.peer("lantau")["up"])
        peer.close()

    def test_hello_of_another_region(self):
        peer = self.peer()
        peer.put(wire.HELLO, payload=peer.hello(region="hongkong"))
        self.ends(peer, "identity", "hetao_tunnel_refused_total")

    def test_limits_that_make_no_sense(self):
        peer = self.peer()
        said = wire.tunnel_pb.Hello.FromString(peer.hello())
        said.limits.stream_window_bytes = 0
        peer.put(wire.HELLO, payload=said.SerializeToString())
        self.ends(peer, "limits", "hetao_tunnel_refused_total")

    def test_exchange_of_an_old_session_replayed(self):
        peer = self.peer()
        hello, nonce_of_old = peer.hello(), os.urandom(32)
        peer.put(wire.HELLO, payload=hello)
        peer.next_frame()
        peer.put(wire.READY, payload=wire.tunnel_pb.Ready(version=1, transcript=nonce_of_old).SerializeToString())
        self.ends(peer, "replay", "hetao_tunnel_refused_total")

    def test_frames_before_the_exchange(self):
        peer = self.peer()
        peer.put(wire.PING, payload=bytes(8))
        self.ends(peer, "protocol", "hetao_tunnel_refused_total")

    def test_no_hello_in_time(self):
        began = time.monotonic()
        peer = self.peer()
        self.ends(peer, "timeout", "hetao_tunnel_refused_total", ledger=False)
        self.assertLess(time.monotonic() - began, 8)

    def test_exchange_a_second_time(self):
        peer = self.opened()
        peer.put(wire.HELLO, payload=peer.hello())
        self.ends(peer, "replay")

    def test_lane_of_a_session_that_is_not_there(self):
        peer = self.peer()
        peer.open(purpose=wire.tunnel_pb.LANE_BULK, lane=1, session=os.urandom(32))
        self.assertEqual(peer.wait_end(), "refused")
        peer.close()
        self.assertFalse(self.gateway.peer("lantau")["up"])

    # Frames.

    def test_giant_length(self):
        peer = self.opened()
        peer.send(peer.frame(wire.DATA, 1, b"", length=0xFFFFFFFF))
        self.ends(peer, "frame-too-large")

    def test_giant_control_frame(self):
        peer = self.opened()
        peer.send(peer.frame(wire.MESSAGE, 0, b"", length=1 << 20))
        self.ends(peer, "frame-too-large")

    def test_unknown_type(self):
        peer = self.opened()
        peer.put(50)
        self.ends(peer, "protocol")

    def test_unknown_critical_flag(self):
        peer = self.opened()
        peer.put(wire.PING, payload=bytes(8), flags=4)
        self.ends(peer, "protocol")

    def test_sequence_that_does_not_fit(self):
        peer = self.opened()
        peer.sent += 7
        peer.put(wire.PING, payload=bytes(8))
        self.ends(peer, "replay")

    def test_data_on_a_stream_that_never_was(self):
        peer = self.opened()
        peer.put(wire.DATA, 77, b"x")
        self.ends(peer, "protocol")

    def test_data_on_a_closed_stream(self):
        peer = self.opened()
        peer.send(peer.open_stream(1) + peer.reset(1))
        peer.wait_for(wire.RESET, 1)
        peer.put(wire.DATA, 1, b"x")
        self.ends(peer, "protocol")

    def test_stream_of_the_other_side(self):
        peer = self.opened()
        peer.send(peer.open_stream(2))
        self.ends(peer, "protocol")

    def test_stream_numbers_that_fall(self):
        peer = self.opened()
        peer.send(peer.open_stream(9) + peer.open_stream(5))
        self.ends(peer, "protocol")

    def test_message_that_does_not_decode(self):
        peer = self.opened()
        peer.put(wire.MESSAGE, payload=b"\xff" * 64, flags=wire.END)
        self.ends(peer, "protocol")

    def test_message_without_end(self):
        peer = self.opened()
        part = bytes(65536)
        try:
            for _ in range(80):
                peer.put(wire.MESSAGE, payload=part)
        except wire.Ended:
            pass
        self.ends(peer, "message-too-large")

    def test_text_that_would_forge_the_log(self):
        peer = self.opened()
        peer.send(peer.open_stream(1, b"\n2026-01-01 critical fake\n\x1b[31m"))
        peer.wait_for(wire.RESET, 1)
        peer.close()
        self.assertNotIn("\x1b", self.new_log())
        self.assertNotRegex(self.new_log(), r"(?m)^2026-01-01 critical")

    # Floods.

    def test_stream_flood(self):
        peer = self.opened("lamma")
        peer.send(b"".join(peer.open_stream(2 * i + 1) for i in range(300)))
        self.ends(peer, "streams")

    def test_rapid_reset(self):
        """Cut within a second, and before two hundred streams were cancelled."""
        peer = self.opened("cheung-chau")
        began = time.monotonic()
        try:
            for i in range(2000):
                peer.send(peer.open_stream(2 * i + 1) + peer.reset(2 * i + 1))
        except wire.Ended:
            pass
        self.ends(peer, "odd-behaviour")
        self.assertLess(time.monotonic() - began, 5)

    def test_window_games(self):
        peer = self.opened("peng-chau")
        try:
            for _ in range(1000):
                peer.put(wire.CREDIT_ALL, payload=struct.pack(">Q", 1))
        except wire.Ended:
            pass
        self.ends(peer, "odd-behaviour")

    def test_ping_flood(self):
        peer = self.opened("tung-chung")
        try:
            for _ in range(3000):
                peer.put(wire.PING, payload=bytes(8))
        except wire.Ended:
            pass
        self.ends(peer, "odd-behaviour")

    def test_a_million_tiny_frames(self):
        peer = self.opened("tai-o")
        peer.send(peer.open_stream(1))
        began = time.monotonic()
        try:
            for _ in range(1000):
                peer.send(b"".join(peer.frame(wire.DATA, 1, b"x") for _ in range(1000)))
        except wire.Ended:
            pass
        self.ends(peer, "odd-behaviour")
        self.assertLess(time.monotonic() - began, 20)

    def test_budget_is_the_peers_not_the_connections(self):
        """Reconnecting does not refill it: after enough resets even a fresh connection is asked to leave."""
        deadline, ended = time.monotonic() + 20, []
        while len(ended) < 3 and time.monotonic() < deadline:
            peer = self.opened("cheung-chau")
            try:
                for i in range(400):
                    peer.send(peer.open_stream(2 * i + 1) + peer.reset(2 * i + 1))
            except wire.Ended:
                pass
            ended.append(peer.wait_end())
            peer.close()
        self.assertEqual(len(ended), 3)
        self.assert_counted("hetao_tunnel_ended_total", region="cheung-chau", reason="odd-behaviour")

    def test_messages_beyond_their_credit(self):
        """Each message counts 256 bytes besides its own: a burst of tiny ones is more than the window."""
        peer = self.opened()
        acknowledge = wire.peer_pb.PeerMessage(ack=1).SerializeToString()
        try:
            peer.send(b"".join(peer.frame(wire.MESSAGE, 0, acknowledge, flags=wire.END) for _ in range(200_000)))
        except wire.Ended:
            pass
        self.ends(peer, "credit")

    def test_frame_byte_by_byte(self):
        """A frame has to keep up with 1 KiB/s: a byte a second is cut within seconds, though the peer pings."""
        peer = self.opened()
        slow = peer.frame(wire.MESSAGE, 0, bytes(60000), flags=wire.END)
        began = time.monotonic()
        try:
            for at in range(60):
                peer.send(slow[at:at + 1])
                time.sleep(0.5)
        except wire.Ended:
            pass
        self.ends(peer, "timeout", ledger=False)
        self.assertLess(time.monotonic() - began, 15)

    # Ends.

    def test_cut_in_mid_frame_is_a_loss(self):
        peer = self.opened()
        peer.send(peer.frame(wire.MESSAGE, 0, bytes(60000), flags=wire.END)[:1000])
        peer.close()
        self.assert_logged(r"tunnel to lantau: down \[(cut|connection-lost)\]")  # the kernel may send a reset instead

    def test_same_certificate_from_two_addresses(self):
        first = self.opened()
        second = self.peer(source="127.0.0.9").open()
        self.assertEqual(first.wait_end(), "superseded")
        first.close()
        self.assertTrue(self.gateway.peer("lantau")["remote"].startswith("127.0.0.9:"))
        second.close()
        self.assert_counted("hetao_tunnel_ended_total", region="lantau", reason="superseded")
        self.assert_in_ledger("two-addresses")


if __name__ == "__main__":
    unittest.main()
