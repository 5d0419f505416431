"""A peer that lies about what it sends (reliability.md, 4.8): bytes, sizes, places, and whose item it is."""

import os
import struct
import subprocess
import unittest
import uuid

import town
import wire

LIE = 16  # reason `digest`


class Transfers(town.HostileTest):
    last_sequence = 0

    def setUp(self):
        super().setUp()
        self.peer_ = self.peer().open(features=["batches", "zstd"])
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
        """Asks Shenzhen to take an item from us; answers its crossing's id."""
        message = wire.peer_pb.PeerMessage()
        self.describe(message.crossing_ask.crossing, content, region, **changes)
        self.say(message)
        return message.crossing_ask.crossing.id

    def describe(self, crossing, content, region="lantau", **changes):
        crossing_id = f"{uuid.uuid4().hex[:26]}.1.i0"
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

    def test_packed_chunk_that_unpacks_to_much_more(self):
        """64 MiB of zeros, packed: it is not unpacked beyond a chunk."""
        content = os.urandom(2 << 20)
        stream = self.offer(self.permitted(content), content)
        self.answer(stream)
        before = self.gateway.memory_bytes()
        bomb = subprocess.run(["zstd", "-q", "-c", "-1"], input=bytes(1 << 26), capture_output=True, check=True).stdout
        self.assertLess(len(bomb), wire.CHUNK_BYTES)
        self.chunk(stream, bomb, 0, encoding=1)
        self.cut_off(stream, "digest")
        self.assertLess(self.gateway.memory_bytes() - before, 32 << 20)

    def test_packed_chunk_of_a_peer_that_did_not_say_zstd(self):
        self.peer_.close()
        self.peer_ = self.peer().open()
        content = bytes(2 << 20)[:-1] + b"!"
        stream = self.offer(self.permitted(content), content)
        self.answer(stream)
        self.chunk(stream, os.urandom(1000), 1, encoding=1)
        self.cut_off(stream, "protocol")

    # Batches of small files.

    def item_of(self, files):
        """A permitted crossing of so many files; its id."""
        message = wire.peer_pb.PeerMessage()
        crossing = message.crossing_ask.crossing
        self.describe(crossing, files[0])
        del crossing.item.files[:]
        for number, content in enumerate(files):
            crossing.item.files.add(path=f"{number:04}", bytes=len(content), digest="sha256t:" + wire.digest_of(content).hex())
        crossing.item.digest, crossing.item.bytes = wire.item_digest(crossing.item), sum(map(len, files))
        self.say(message)
        self.assertEqual(self.peer_.hear("crossing_answer", crossing.id).verdict.effect, "permit")
        return crossing.id

    def batch(self, crossing, contents, listed=None, **changes):
        stream = next(self.streams)
        offer = wire.batch_pb.BatchOffer(crossing=crossing, transfer=1, files=len(contents), bytes=sum(map(len, contents)))
        for field, value in changes.items():
            setattr(offer, field, value)
        self.peer_.send(self.peer_.open_stream(stream, offer.SerializeToString()))
        lines = b"".join(wire.leaf(content) + struct.pack(">I", len(content)) for content in listed or contents)
        self.peer_.put(wire.DATA, stream, wire.record(6, lines))
        return stream

    def files(self, stream, files, first=0, count=None, **more):
        data = wire.record(7, struct.pack(">I", len(files) if count is None else count) + b"".join(files), first, **more)
        for at in range(0, len(data), 1 << 18):
            self.peer_.put(wire.DATA, stream, data[at:at + (1 << 18)])

    def test_honest_batch_arrives(self):
        files = [os.urandom(1 + number * 20) for number in range(300)]
        crossing = self.item_of(files)
        stream = self.batch(crossing, files)
        self.assertTrue(self.answer(stream).all)
        self.files(stream, files[:100])
        self.files(stream, files[100:], 100)
        arrived = self.peer_.hear("crossing_arrived", crossing)
        self.assertEqual((arrived.crossing, arrived.bytes), (crossing, sum(map(len, files))))

    def test_batch_with_a_file_that_lies(self):
        files = [os.urandom(500) for _ in range(5)]
        crossing = self.item_of(files)
        stream = self.batch(crossing, files)
        self.answer(stream)
        self.files(stream, files[:3] + [files[4], files[3]])
        self.cut_off(stream, "digest")
        self.assert_in_ledger("digest")
        self.assert_nothing_arrived(crossing)

    def test_batch_with_a_file_that_nobody_expects(self):
        files = [os.urandom(500) for _ in range(5)]
        crossing = self.item_of(files)
        self.refused(self.batch(crossing, files[:4] + [os.urandom(500)]))
        self.assert_nothing_arrived(crossing)

    def test_batch_whose_list_is_not_the_offered_one(self):
        files = [os.urandom(500) for _ in range(5)]
        self.cut_off(self.batch(self.item_of(files), files, bytes=2_501), "protocol")

    def test_batch_of_a_million_files(self):
        stream = self.batch("00000000000000000000000000.1.o0", [b"1"], files=1_000_000)
        self.peer_.wait_for(wire.RESET, stream)
        self.assert_counted("hetao_tunnel_streams_refused_total", region="lantau", reason="protocol")

    def test_batch_that_goes_on_unasked(self):
        files = [os.urandom(500) for _ in range(5)]
        stream = self.batch(self.item_of(files), files)
        self.answer(stream)
        self.files(stream, files[1:2], 1)
        self.cut_off(stream, "protocol")

    def test_packed_batch_that_unpacks_to_much_more(self):
        files = [os.urandom(500) for _ in range(5)]
        stream = self.batch(self.item_of(files), files)
        self.answer(stream)
        before = self.gateway.memory_bytes()
        bomb = subprocess.run(["zstd", "-q", "-c", "-19"], input=bytes(1 << 26), capture_output=True, check=True).stdout
        self.files(stream, [bomb[:2_400]], 0, 5, encoding=1)
        self.cut_off(stream, "digest")
        self.assertLess(self.gateway.memory_bytes() - before, 32 << 20)

    def test_more_than_its_credit(self):
        """Forty chunks that never end would take 40 MiB of memory; a peer has credit for 32."""
        count, size = 40, 2 << 20
        contents = [os.urandom(size) for _ in range(count)]
        message = wire.peer_pb.PeerMessage()
        crossing = message.crossing_ask.crossing
        self.describe(crossing, contents[0])
        del crossing.item.files[:]
        for number, content in enumerate(contents):
            crossing.item.files.add(path=f"{number:02}", bytes=size, digest="sha256t:" + wire.digest_of(content).hex())
        crossing.item.digest, crossing.item.bytes = wire.item_digest(crossing.item), count * size
        self.say(message)
        self.assertEqual(self.peer_.hear("crossing_answer", crossing.id).verdict.effect, "permit")
        streams = [self.offer(crossing.id, content) for content in contents]
        with self.assertRaises(wire.Ended) as ended:
            for number, stream in enumerate(streams):
                data = wire.record(3, contents[number][:wire.CHUNK_BYTES])[:-1]
                for at in range(0, len(data), 1 << 18):
                    self.peer_.put(wire.DATA, stream, data[at:at + (1 << 18)])
            while True:
                self.peer_.next_frame()
        self.assertIn(ended.exception.reason, ("credit", "cut"))
        self.assert_counted("hetao_tunnel_ended_total", region="lantau", reason="credit")
        self.assert_in_ledger("credit")
        self.assert_nothing_arrived(crossing.id)

    def test_message_that_comes_again(self):
        """Each takes effect once, whatever the network repeats."""
        crossing = self.permitted(os.urandom(1000))
        message = wire.peer_pb.PeerMessage(sequence=type(self).last_sequence)
        self.describe(message.crossing_ask.crossing, b"again")
        for _ in range(3):
            self.peer_.say(message)
        self.permitted(os.urandom(1000))  # handled after them
        again = message.crossing_ask.crossing.id
        self.assertEqual([e for e in self.gateway.entries(kind="decision") if e["crossing"] == again], [])
        self.assertEqual(len([e for e in self.gateway.entries(kind="decision") if e["crossing"] == crossing]), 1)

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

    def test_digest_of_what_we_hold_is_no_proof_of_having_it(self):
        """Else a peer that only knows a digest would have its job read what lies here, under labels of its own."""
        town.wait_until(lambda: self.gateway.entries(kind="arrived", peer="hongkong"), "a result of the bystander is here")
        content = b"fine\n"
        crossing = self.permitted(content)
        stream = self.offer(crossing, content)
        self.assertEqual(self.answer(stream).kind, wire.tunnel_pb.BlobAnswer.WANT)
        self.assert_nothing_arrived(crossing)
        self.chunk(stream, content)
        self.peer_.hear("crossing_arrived", crossing)

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

    # What a message says of an item, before a byte of it is sent.

    def cut_as_liar(self, crossing, why):
        """Cut before anything is decided or booked; log, metrics and ledger say so."""
        self.assertEqual(self.peer_.wait_end(), "digest")
        self.assert_logged(rf"tunnel to lantau: it lies \[digest\]: .*{why}")
        self.assert_counted("hetao_tunnel_ended_total", region="lantau", reason="digest")
        self.assert_in_ledger("digest")
        self.assertEqual([e for e in self.gateway.entries(kind="decision") if e.get("crossing") == crossing], [])
        self.assertTrue(self.gateway.alive())

    def test_item_whose_digest_is_not_that_of_its_files(self):
        """Else it could book one thing and send another."""
        other = "sha256t:" + wire.digest_of(b"what the books say").hex()
        self.cut_as_liar(self.ask(os.urandom(1000), digest=other), "digest is not that of its files")

    def test_item_of_many_files_whose_digest_is_not_theirs(self):
        message = wire.peer_pb.PeerMessage()
        crossing = message.crossing_ask.crossing
        self.describe(crossing, b"one")
        crossing.item.files[0].path = "a"
        crossing.item.digest = "files-sha256:" + "0" * 64
        self.say(message)
        self.cut_as_liar(crossing.id, "digest is not that of its files")

    def test_item_whose_size_is_not_that_of_its_files(self):
        self.cut_as_liar(self.ask(os.urandom(1000), bytes=1), "size is not that of its files")

    def test_item_with_a_path_out_of_its_folder(self):
        message = wire.peer_pb.PeerMessage()
        crossing = message.crossing_ask.crossing
        self.describe(crossing, b"one")
        crossing.item.files[0].path = "../../etc/cron.d/x"
        crossing.item.digest = wire.item_digest(crossing.item)
        self.say(message)
        self.cut_as_liar(crossing.id, "path leads out of it")

    def test_item_with_two_files_in_one_place(self):
        message = wire.peer_pb.PeerMessage()
        crossing = message.crossing_ask.crossing
        self.describe(crossing, b"one")
        crossing.item.files[0].path = "a"
        crossing.item.files.add(path="a/b", digest=crossing.item.files[0].digest, bytes=0)
        crossing.item.digest = wire.item_digest(crossing.item)
        self.say(message)
        self.cut_as_liar(crossing.id, "two of its files have one place")

    def test_item_under_the_id_of_a_crossing_of_somebody_else(self):
        theirs = next(e["crossing"] for e in self.gateway.entries(kind="arrived") if e.get("peer") == "hongkong")
        message = wire.peer_pb.PeerMessage()
        self.describe(message.crossing_ask.crossing, b"one")
        message.crossing_ask.crossing.id = theirs
        self.say(message)
        self.cut_as_liar("", "its id is another crossing's")

    def offer_job(self):
        """Offers Shenzhen a job that reads one input, with our item for it."""
        message = wire.peer_pb.PeerMessage()
        offer = message.offer
        offer.job, offer.attempt = uuid.uuid4().hex[:26], 1
        executor = offer.task.executors.add(image="host/sh")
        executor.command.extend(["/bin/sh", "-c", "cat /data"])
        offer.task.inputs.add(path="/data")
        offer.submitter.user, offer.submitter.tenant, offer.tenant.id = "eve", "lantau-hub", "lantau-hub"
        offer.purpose = "research"
        return message

    def test_job_that_brings_a_crossing_of_somebody_else(self):
        """Its program would read what it was never given."""
        theirs = next(e["crossing"] for e in self.gateway.entries(kind="arrived") if e.get("peer") == "hongkong")
        message = self.offer_job()
        crossing = message.offer.crossings.add()
        self.describe(crossing, b"one")
        crossing.id, crossing.job = theirs, message.offer.job
        self.say(message)
        self.cut_as_liar("", "its id is another crossing's")

    def test_job_that_brings_an_item_without_a_crossing(self):
        """A digest that it knows is no permit: what lies in our store under it is not given to its program."""
        town.wait_until(lambda: self.gateway.entries(kind="arrived", peer="hongkong"), "a result of the bystander is here")
        content = b"fine\n"
        message = self.offer_job()
        item = message.offer.items.add(name="/data", kind="code", bytes=len(content),
                                       digest="sha256t:" + wire.digest_of(content).hex())
        item.files.add(digest=item.digest, bytes=len(content))
        self.say(message)
        refused, done = 10, 7
        news = self.peer_.hear("job_news", message.offer.job)
        while news.state not in (refused, done):
            news = self.peer_.hear("job_news", message.offer.job)
        self.assertEqual(news.state, refused)

    def test_job_id_of_a_megabyte(self):
        """It would not fit into an entry of the ledger, and a gateway that can't write must stop."""
        message = wire.peer_pb.PeerMessage()
        crossing = message.crossing_ask.crossing
        self.describe(crossing, b"one")
        crossing.job = "\x01" * 1_000_000
        self.say(message)
        self.cut_as_liar(crossing.id, "id is too long")

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
