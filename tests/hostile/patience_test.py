"""Peers that wait us out: they take nothing, or let us send nothing (reliability.md, 4.8). A minute, all at once."""


import os
import threading
import time
import unittest
import uuid

import town
import wire

BYTES = 64 << 20



class Patience(town.HostileTest):
    def dataset(self):
        """What a peer may ask for: larger than all buffers between us."""
        file = self.town.staging / "data.bin"
        file.write_bytes(os.urandom(BYTES))
        self.town.shenzhen.hetao("", "data", "register", "large", f"file://{file}", "--title", "Large", "--label",
                                 "data.grade=general")

    def fetch(self, peer):
        """Asks for it, and for all of its chunks; answers the stream that they come on."""
        message = wire.peer_pb.PeerMessage(sequence=1)
        crossing = message.crossing_ask.crossing
        crossing.id = f"{uuid.uuid4().hex[:26]}.1.i0"
        crossing.job, crossing.attempt = crossing.id.split(".")[0], 1
        crossing.from_region, crossing.to_region, crossing.home_region = "shenzhen", peer.region, peer.region
        crossing.item.name, crossing.item.kind = "large", "dataset"
        crossing.recipient.id, crossing.submitter.user, crossing.submitter.tenant = "lantau-hub", "eve", "lantau-hub"
        crossing.purpose = "research"
        peer.say(message)
        heard = peer.hear("crossing_ask")
        answer = wire.peer_pb.PeerMessage(sequence=2)
        answer.crossing_answer.crossing = heard.crossing.id
        answer.crossing_answer.verdict.effect = "permit"
        peer.say(answer)
        _, _, stream, _ = peer.wait_for(wire.OPEN)
        want = wire.tunnel_pb.BlobAnswer(kind=wire.tunnel_pb.BlobAnswer.WANT, all=True)
        peer.put(wire.DATA, stream, wire.record(1, want.SerializeToString()))
        return stream

    def stuck(self, region):
        """Its buffers are full: what it was sent does not grow any more."""
        def sent():
            return self.gateway.peer(region)["link"]["bytes_out"]

        def stands():
            before = sent()
            time.sleep(0.5)
            return before == sent() > 1 << 20
        town.wait_until(stands, f"{region} is stuck")

    def ping_until_cut(self, peer, seconds):
        began = time.monotonic()
        try:
            while time.monotonic() - began < seconds:
                peer.put(wire.PING, payload=bytes(8))
                time.sleep(2)
        except wire.Ended:
            pass
        return time.monotonic() - began

    def test_peers_that_take_nothing(self):
        self.dataset()
        before = self.gateway.memory_bytes()
        # Reads nothing more, grants everything.
        deaf = self.peer(region="lamma")
        limits = wire.tunnel_pb.Hello.FromString(deaf.hello()).limits
        limits.stream_window_bytes = limits.session_window_bytes = 1 << 40
        deaf.open(limits=limits)
        self.fetch(deaf)
        # The same, and then revoked.
        pem = self.town.leaf("tung-chung")
        serial = self.town.last_leaf.serial
        revoked = wire.Peer(self.gateway.tunnel, wire.context(pem), region="tung-chung")
        limits = wire.tunnel_pb.Hello.FromString(revoked.hello()).limits
        limits.stream_window_bytes = limits.session_window_bytes = 1 << 40
        revoked.open(limits=limits)
        self.fetch(revoked)
        # Reads everything, grants nothing after the first window.
        miser = self.peer(region="tai-o")
        limits = wire.tunnel_pb.Hello.FromString(miser.hello()).limits
        limits.stream_window_bytes = limits.session_window_bytes = 1 << 20
        miser.open(limits=limits)
        stream = self.fetch(miser)
        got, cut = [0], {}

        def read():
            try:
                while True:
                    kind, _, of, payload = miser.next_frame()
                    got[0] += len(payload) if kind == wire.DATA and of == stream else 0
            except wire.Ended as end:
                cut["miser"] = end.reason

        reading = threading.Thread(target=read)
        reading.start()
        keeping = threading.Thread(target=lambda: self.ping_until_cut(miser, 70))
        keeping.start()
        self.stuck("lamma")
        self.stuck("tung-chung")
        self.town.list_of("tung-chung").write_bytes(self.town.ca["tung-chung"].crl(revoked=(serial,)))
        began = time.monotonic()
        self.assert_counted("hetao_tunnel_ended_total", region="tung-chung", reason="revoked")
        self.assertLess(time.monotonic() - began, 6)
        cut["deaf"] = self.ping_until_cut(deaf, 90)
        most = self.gateway.memory_bytes() - before
        # The deaf one is cut after a minute without progress; nothing is kept for it beyond its buffers.
        self.assert_counted("hetao_tunnel_ended_total", region="lamma", reason="timeout")
        self.assert_logged(r"tunnel to lamma: down \[timeout\]")
        self.assertGreater(cut["deaf"], 50)
        self.assertLess(most, 64 << 20)
        # The miser got its window and not a byte more, and costs a stream.
        keeping.join()
        self.assertLessEqual(got[0], 1 << 20)
        self.assertTrue(self.gateway.peer("tai-o")["up"], cut)
        self.assertLess(self.gateway.memory_bytes() - before, 64 << 20)
        miser.close()
        reading.join()
        deaf.close()
        revoked.close()
        print(f"memory for two peers that take nothing: {most >> 20} MiB; cut after {cut['deaf']:.0f} s")


if __name__ == "__main__":
    unittest.main()
