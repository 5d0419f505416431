"""The tunnel protocol from proto/TUNNEL.md, spoken by a peer that may say anything. Independent of the product's code."""

import hashlib
import importlib
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

HELLO, READY, MESSAGE, OPEN, DATA, RESET, CREDIT, CREDIT_ALL, PING, PONG, GOODBYE = range(1, 12)
END = 1
REASONS = {0: "done", 1: "protocol", 2: "frame-too-large", 3: "version", 4: "identity", 5: "replay", 6: "credit",
           7: "streams", 8: "message-too-large", 9: "limits", 10: "timeout", 11: "odd-behaviour", 12: "shutting-down",
           13: "superseded", 14: "refused", 15: "cancelled", 16: "digest", 17: "no-space", 18: "internal",
           20: "revoked"}
CHUNK_BYTES = 1 << 20


def messages():
    """The protobuf modules, made from proto/ for this run."""
    folder = tempfile.mkdtemp(prefix="hetao-proto.")
    files = sorted(f"proto/{file.name}" for file in (ROOT / "proto").glob("*.proto"))
    subprocess.run(["protoc", f"--python_out={folder}", *files], cwd=ROOT, check=True)
    sys.path.insert(0, folder)
    return [importlib.import_module(f"proto.{one}_pb2") for one in ("tunnel", "peer", "batch")]


tunnel_pb, peer_pb, batch_pb = messages()


class Ended(Exception):
    """The other side is gone; `reason` is that of its GOODBYE, the name of the TLS alert, or "cut"."""

    def __init__(self, reason, text=""):
        super().__init__(f"{reason}: {text}")
        self.reason = reason


def context(pem_file=None, alpn="hetao/1", newest=None):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    tls.set_ciphers("DEFAULT@SECLEVEL=0")  # to be able to present what is weak
    if newest:
        tls.maximum_version = newest
    else:
        tls.minimum_version = ssl.TLSVersion.TLSv1_3
    if pem_file:
        tls.load_cert_chain(pem_file)
    if alpn:
        tls.set_alpn_protocols([alpn])
    return tls


def frame(kind, stream=0, payload=b"", flags=0, sequence=0, length=None):
    return struct.pack(">IBBHI", len(payload) if length is None else length, kind, flags, sequence & 0xFFFF,
                       stream) + payload


class Peer:
    """A connection to a gateway's tunnel port. Nothing is sent that a test does not ask for."""

    def __init__(self, port, tls=None, source="127.0.0.1", patience_s=15, region="lantau"):
        self.region = region
        self.raw = socket.create_connection(("127.0.0.1", port), timeout=patience_s, source_address=(source, 0))
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self.raw
        self.sent = 0
        self.heard = 0
        self.received = b""
        if tls:
            try:
                self.socket = tls.wrap_socket(self.raw)
            except (ssl.SSLError, ConnectionError) as refused:
                self.raw.close()
                raise ended(refused) from refused

    def close(self):
        """Without close_notify and without goodbye: a cut."""
        for one in (self.socket, self.raw):
            try:
                one.close()
            except OSError:
                pass

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ssl.SSLError, OSError) as error:
            raise ended(error) from error

    def frame(self, kind, stream=0, payload=b"", flags=0, length=None):
        made = frame(kind, stream, payload, flags, self.sent, length)
        self.sent += 1
        return made

    def put(self, *words, **more):
        self.send(self.frame(*words, **more))

    def read(self, size):
        while len(self.received) < size:
            try:
                more = self.socket.recv(1 << 16)
            except (ssl.SSLError, OSError) as error:
                raise ended(error) from error
            if not more:
                raise Ended("closed")
            self.received += more
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def next_frame(self):
        length, kind, flags, _, stream = struct.unpack(">IBBHI", self.read(12))
        payload = self.read(length)
        if kind == GOODBYE and flags & END:
            said = tunnel_pb.Goodbye.FromString(payload)
            raise Ended(REASONS.get(said.reason, str(said.reason)), said.text)
        return kind, flags, stream, payload

    def wait_for(self, kind, stream=None):
        while True:
            got = self.next_frame()
            if got[0] == kind and stream in (None, got[2]):
                return got

    def wait_end(self):
        """How the other side ends this, in one word."""
        soft = None
        try:
            while True:
                kind, _, _, payload = self.next_frame()
                if kind == GOODBYE:
                    soft = REASONS.get(tunnel_pb.Goodbye.FromString(payload).reason)
                    self.put(GOODBYE, payload=tunnel_pb.Goodbye().SerializeToString())
        except Ended as end:
            return soft if soft and end.reason in ("closed", "cut", "done") else end.reason

    # The first exchange.

    def hello(self, **changes):
        said = tunnel_pb.Hello(version=1, version_min=1, region=self.region, gateway="gw-1", nonce=os.urandom(32),
                               purpose=tunnel_pb.LANE_CONTROL, software="hostile")
        said.limits.CopyFrom(tunnel_pb.TunnelLimits(
            frame_bytes_max=1 << 20, message_bytes_max=4 << 20, control_window_bytes=8 << 20, streams_max=256,
            stream_window_bytes=8 << 20, session_window_bytes=32 << 20, requests_open_max=1000))
        for field, value in changes.items():
            if field == "limits":
                said.limits.CopyFrom(value)
            elif field == "features":
                said.features.extend(value)
            else:
                setattr(said, field, value)
        return said.SerializeToString()

    def open(self, **changes):
        ours = self.hello(**changes)
        self.put(HELLO, payload=ours)
        kind, _, _, theirs = self.next_frame()
        assert kind == HELLO, kind
        together = b"hetao tunnel hello\n" + b"".join(struct.pack(">I", len(p)) + p for p in (ours, theirs))
        self.put(READY, payload=tunnel_pb.Ready(
            version=1, transcript=hashlib.sha256(together).digest()).SerializeToString())
        self.wait_for(READY)
        return self

    def open_stream(self, stream, header=b"", priority=tunnel_pb.STREAM_BULK):
        return self.frame(OPEN, stream, tunnel_pb.StreamOpen(priority=priority, header=header).SerializeToString())

    def reset(self, stream):
        return self.frame(RESET, stream, tunnel_pb.StreamReset(reason=15).SerializeToString())

    # Messages of the control stream.

    def say(self, message):
        data = message.SerializeToString()
        for at in range(0, len(data), 1 << 16):
            self.put(MESSAGE, payload=data[at:at + (1 << 16)], flags=END if at + (1 << 16) >= len(data) else 0)

    def hear(self, body, about=None):
        """The next message of that kind (and about that crossing); acknowledges what is durable."""
        parts = b""
        while True:
            _, flags, _, payload = self.wait_for(MESSAGE)
            parts += payload
            if flags & END:
                message, parts = peer_pb.PeerMessage.FromString(parts), b""
                if message.sequence:
                    self.heard = max(self.heard, message.sequence)
                    self.say(peer_pb.PeerMessage(ack=self.heard, acknowledge=peer_pb.Acknowledge()))
                if message.WhichOneof("body") == body:
                    said = getattr(message, body)
                    if about is None or about in (getattr(said, "crossing", None), getattr(said, "job", None)):
                        return said


def ended(error):
    if isinstance(error, Ended):
        return error
    reason = getattr(error, "reason", None) or ""
    if "ALERT" in reason:
        return Ended(reason.split("ALERT_")[-1].lower().replace("_", "-"))
    if "alert" in str(error):
        return Ended(str(error).split("alert ")[-1].split(" (")[0].replace(" ", "-"))
    if isinstance(error, TimeoutError):
        return Ended("nothing happened")
    return Ended("cut", str(error))


# Blobs.

def leaf(chunk):
    return hashlib.sha256(b"\0" + chunk).digest()


def root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + root(leaves[:half]) + root(leaves[half:])).digest()


def chunks_of(content):
    return [content[at:at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]


def digest_of(content):
    return root([leaf(chunk) for chunk in chunks_of(content)])


def item_digest(item):
    """Of an item of several files, or of one in a folder (gateway/federation/item.h)."""
    lines = "".join(f"{f.path}\0{f.digest}\0{f.bytes}\n" for f in sorted(item.files, key=lambda f: f.path))
    return "files-sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def record(kind, payload, index=0, encoding=0, length=None):
    return struct.pack(">BBHIQ", kind, encoding, 0, len(payload) if length is None else length, index) + payload
