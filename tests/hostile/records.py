"""TLS 1.3 records as a peer may write them, under the keys of a connection that Python's ssl has opened (RFC 8446)."""

import os
import socket
import struct
import tempfile

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

import wire

ALERT, HANDSHAKE, DATA = 21, 22, 23
CLIENT_HELLO, CERTIFICATE, KEY_UPDATE = 1, 11, 24


def handshake(kind, body):
    return struct.pack(">I", kind << 24 | len(body)) + body


class Peer(wire.Peer):
    """Reads as Python's ssl does; what it sends are records of its own making."""

    def __init__(self, port, pem, **more):
        context = wire.context(pem)
        folder = tempfile.mkdtemp(prefix="hetao-keys.")
        context.keylog_filename = os.path.join(folder, "keys")
        super().__init__(port, context, **more)
        with open(context.keylog_filename, encoding="ascii") as lines:
            secrets = dict(line.split()[::2] for line in lines if not line.startswith("#"))
        self.suite = self.socket.cipher()[0]
        self.hash = hashes.SHA384() if self.suite.endswith("SHA384") else hashes.SHA256()
        self.fd = socket.socket(fileno=os.dup(self.socket.fileno()))
        self.fd.settimeout(15)
        self.use(bytes.fromhex(secrets["CLIENT_TRAFFIC_SECRET_0"]))

    def expand(self, label, length):
        name = b"tls13 " + label
        info = struct.pack(">HB", length, len(name)) + name + b"\0"
        return HKDFExpand(self.hash, length, info).derive(self.secret)

    def use(self, secret):
        self.secret, self.records = secret, 0
        key = self.expand(b"key", 16 if "AES_128" in self.suite else 32)
        self.aead = (ChaCha20Poly1305 if "CHACHA" in self.suite else AESGCM)(key)
        self.iv = self.expand(b"iv", 12)

    def record(self, kind, content, padding=0):
        nonce = bytes(a ^ b for a, b in zip(self.iv, struct.pack(">IQ", 0, self.records)))
        self.records += 1
        inner = content + bytes([kind]) * (kind != 0) + bytes(padding)
        header = struct.pack(">BHH", DATA, 0x0303, len(inner) + 16)
        return header + self.aead.encrypt(nonce, inner, header)

    def raw_bytes(self, data):
        try:
            self.fd.sendall(data)
        except OSError as error:
            raise wire.ended(error) from error

    def send(self, data):
        for at in range(0, len(data), 1 << 14):
            self.raw_bytes(self.record(DATA, data[at:at + (1 << 14)]))

    def key_update(self, asked_for):
        self.raw_bytes(self.record(HANDSHAKE, handshake(KEY_UPDATE, bytes([asked_for]))))
        self.use(self.expand(b"traffic upd", self.hash.digest_size))

    def close(self):
        self.fd.close()
        super().close()
