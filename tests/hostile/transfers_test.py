"""A peer that lies about what it sends (reliability.md, 4.8): bytes, sizes, places, and whose item it is."""

import os
import struct
import unittest
import uuid

import town
import wire

LIE = 16  # reason `digest`


class Transfers(town.HostileTest):
    last_sequence = 0

    def setUp(self):
        super().setUp()
        self.peer_ = self.peer().open()
        self.streams = iter(range(1, 1 << 20, 2))

    def tearDown(self):
        self.peer_.close()
        super().tearDown()

    def say(self, body):
        """A durable message: each has the next number of this peer's outbox."""
        type(self).last_sequence += 1
        body.sequence = type(self).last_sequence
        self.peer_.say(body)

    def ask(self, content, region="lantau", **changes):
        """Asks Shenzhen to take an item from us; answers its crossing's id once both sides permit."""
        crossing_id = f"{uuid.uuid4().hex[:26]}.1.i0"
        message = wire.peer_pb.PeerMessage()
        crossing = message.crossing_ask.crossing
        crossing.id, crossing.job, crossing.attempt = crossing_id, crossing_id.split(".")[0], 1
        crossing.from_region, crossing.to_region, crossing.home_region = region, "shenzhen", "lantau"
        digest = "sha256t:" + wire.digest_of(content).hex()
        crossing.item.name, crossing.item.kind = "data", "dataset"
        crossing.item.digest, crossing.item.bytes = digest, len(content)
        crossing.item.files.add(digest=digest, bytes=len(content))
        for tenant in (crossing.exporter, crossing.recipient):
            tenant.id = "lantau-hub"
        crossing.submitter.user, crossing.submitter.tenant = "eve", "lantau-hub"
        crossing.purpose = "research"
        crossing.ours.effect, crossing.ours.region = "permit", "lantau"
        for field, value in changes.items():
            setattr(crossing.item, field, value)
        self.say(message)
        return crossing_id

    def permitted(self, content, **changes):
        crossing = self.ask(content, **changes)
        self.assertEqual(self.peer_.hear("crossing_answer", crossing).verdict.effect, "permit")
        return crossing

    def offer(self, crossing, content, size=None, leaves=None, digest=None):
        stream = next(self.streams)
        chunks = [wire.leaf(chunk) for chunk in wire.chunks_of(content)]
        header = wire.tunnel_pb.BlobOffer(
            digest=digest or wire.root(chunks), size=len(content) if size is None else size,
            chunk_bytes=wire.CHUNK_BYTES, crossing=crossing, leaves=b"".join(chunks if leaves is None else leaves),
            transfer=1)
        self.peer_.send(self.peer_.open_stream(stream, header.SerializeToString()))
        return stream

    def answer(self, stream):
        """The receiver's first record: its kind of answer."""
        data = b""
        while True:
            _, _, _, payload = self.peer_.wait_for(wire.DATA, stream)
            data += payload
            if len(data) >= 16:
                kind, _, _, length, _ = struct.unpack(">BBHIQ", data[:16])
                if kind == 1 and len(data) >= 16 + length:
                    return wire.tunnel_pb.BlobAnswer.FromString(data[16:16 + length])

    def chunk(self, stream, payload, index=0, **more):
        data = wire.record(3, payload, index, **more)
        for at in range(0, len(data), 1 << 18):
            self.peer_.put(wire.DATA, stream, data[at:at + (1 << 18)])

    def cut_off(self, stream, reason):
        """The stream is reset for that reason; a lie ends the connection too."""
        _, _, _, payload = self.peer_.wait_for(wire.RESET, stream)
        said = wire.REASONS[wire.tunnel_pb.StreamReset.FromString(payload).reason]
        self.assertEqual(said, reason)
        self.assert_counted("hetao_tunnel_streams_refused_total", region="lantau", reason=reason)
        self.assert_logged(rf"tunnel to lantau: a stream was cut \[{reason}\]")
        if reason == "digest":
            self.assertEqual(self.peer_.wait_end(), "digest")

    def refused(self, stream):
        answer = self.answer(stream)
        self.assertEqual(answer.kind, wire.tunnel_pb.BlobAnswer.REFUSED)
        self.assert_counted("hetao_tunnel_streams_refused_total", region="lantau", reason="unexpected")

    def assert_nothing_arrived(self, crossing):
        self.assertEqual([e for e in self.gateway.entries(kind="arrived") if e["crossing"] == crossing], [])

    def test_honest_item_arrives(self):
        """So that the others show what they are to show."""
        content = os.urandom(3 << 20)
        crossing = self.permitted(content)
        stream = self.offer(crossing, content)
        self.assertTrue(self.answer(stream).all)
        for index, chunk in enumerate(wire.chunks_of(content)):
            self.chunk(stream, chunk, index)
        arrived = self.peer_.hear("crossing_arrived", crossing)
        self.assertEqual((arrived.crossing, arrived.bytes), (crossing, len(content)))

    def test_lie_about_a_chunk(self):
        content = os.urandom(3 << 20)
        crossing = self.permitted(content)
        stream = self.offer(crossing, content)
        self.answer(stream)
        chunks = wire.chunks_of(content)
        self.chunk(stream, chunks[0], 0)
        self.chunk(stream, chunks[1][:-1] + bytes([chunks[1][-1] ^ 1]), 1)
        self.cut_off(stream, "digest")
        self.assert_in_ledger("digest")
        self.assert_nothing_arrived(crossing)

    def test_chunk_of_another_size(self):
        content = os.urandom(3 << 20)
        crossing = self.permitted(content)
        stream = self.offer(crossing, content)
        self.answer(stream)
        self.chunk(stream, bytes(10), 0)
        self.cut_off(stream, "protocol")
        self.assert_nothing_arrived(crossing)

    def test_chunk_behind_the_end(self):
        content = os.urandom(2 << 20)
        stream = self.offer(self.permitted(content), content)
        self.answer(stream)
        self.chunk(stream, content[:wire.CHUNK_BYTES], 1 << 40)
        self.cut_off(stream, "protocol")

    def test_chunk_twice(self):
        content = os.urandom(2 << 20)
        stream = self.offer(self.permitted(content), content)
        self.answer(stream)
        for _ in range(2):
            self.chunk(stream, content[:wire.CHUNK_BYTES], 0)
        self.cut_off(stream, "protocol")

    def test_giant_record(self):
        content = os.urandom(2 << 20)
        stream = self.offer(self.permitted(content), content)
        self.answer(stream)
        self.chunk(stream, b"", 0, length=0xFFFFFFFF)
        self.cut_off(stream, "protocol")

    def test_packed_chunk_that_is_no_zstd(self):
        content = os.urandom(2 << 20)
        stream = self.offer(self.permitted(content), content)
        self.answer(stream)
        self.chunk(stream, os.urandom(1000), 0, encoding=1)
        self.cut_off(stream, "digest")

    def test_unknown_record(self):
        content = os.urandom(2 << 20)
        stream = self.offer(self.permitted(content), content)
        self.answer(stream)
        self.peer_.put(wire.DATA, stream, wire.record(9, b"?"))
        self.cut_off(stream, "protocol")

    def test_end_before_everything_was_sent(self):
        content = os.urandom(2 << 20)
        crossing = self.permitted(content)
        stream = self.offer(crossing, content)
        self.answer(stream)
        self.chunk(stream, content[:wire.CHUNK_BYTES], 0)
        self.peer_.put(wire.DATA, stream, flags=wire.END)
        self.peer_.wait_for(wire.RESET, stream)
        self.assert_nothing_arrived(crossing)

    def test_leaves_that_are_not_the_blobs(self):
        content = os.urandom(2 << 20)
        crossing = self.permitted(content)
        stream = self.offer(crossing, content, leaves=[os.urandom(32), os.urandom(32)])
        self.peer_.wait_for(wire.RESET, stream)
        self.assert_counted("hetao_tunnel_streams_refused_total", region="lantau", reason="protocol")
        self.assert_nothing_arrived(crossing)

    def test_another_size_than_announced(self):
        content = os.urandom(2 << 20)
        self.refused(self.offer(self.permitted(content), content[:-5]))

    def test_another_blob_than_announced(self):
        self.refused(self.offer(self.permitted(os.urandom(1000)), os.urandom(1000)))

    def test_item_that_nobody_expects(self):
        content = os.urandom(1000)
        self.refused(self.offer("00000000000000000000000000.1.o0", content))

    def test_resume_with_somebody_elses_crossing(self):
        """An id that is Hong Kong's: a real crossing, but not this peer's."""
        theirs = next(e["crossing"] for e in self.gateway.entries(kind="arrived") if e.get("peer") == "hongkong")
        self.refused(self.offer(theirs, os.urandom(1000)))

    def test_ask_in_the_name_of_another_region(self):
        """A peer speaks of crossings between itself and us alone: no decision is made, none is booked."""
        crossing = self.ask(os.urandom(1000), region="hongkong")
        self.permitted(os.urandom(1000))  # handled after it, in order
        self.assertEqual([e for e in self.gateway.entries(kind="decision") if e["crossing"] == crossing], [])

    def test_cut_in_the_middle_of_an_item_is_no_end(self):
        """Without close_notify in mid-chunk: nothing arrived; the same peer goes on over a new connection."""
        content = os.urandom(6 << 20)
        crossing = self.permitted(content)
        stream = self.offer(crossing, content)
        self.answer(stream)
        chunks = wire.chunks_of(content)
        for index in range(5):
            self.chunk(stream, chunks[index], index)
        self.peer_.put(wire.DATA, stream, wire.record(3, chunks[5], 5)[:5000])
        self.peer_.close()
        self.assert_logged(r"tunnel to lantau: down \[(cut|connection-lost)\]")  # the kernel may send a reset instead
        self.assert_nothing_arrived(crossing)
        self.peer_ = self.peer().open()
        self.streams = iter(range(1, 1 << 20, 2))
        stream = self.offer(crossing, content)
        answer = self.answer(stream)
        missing = range(6) if answer.all else [i for i in range(6) if answer.missing[i // 8] >> i % 8 & 1]
        for index in missing:
            self.chunk(stream, chunks[index], index)
        self.peer_.hear("crossing_arrived", crossing)


if __name__ == "__main__":
    unittest.main()
