#!/usr/bin/env python3
"""A third party's witness (C2SP tlog-witness) that shares no code with the gateway: a process of its own, which keeps what
it has cosigned in a file.

Usage: regulator.py FOLDER PORT LOG_VKEY...   PORT 0 takes any; "listening PORT VKEY" is printed once it listens.
"""

import base64
import hashlib
import http.server
import pathlib
import struct
import sys
import threading
import time

import tlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

NAME = "regulator.example/witness"


class Refused(Exception):
    def __init__(self, status, body, kind="text/plain; charset=utf-8"):
        super().__init__(body)
        self.status, self.body, self.kind = status, body, kind


def consistent(old, new, proof, old_root, new_root):
    """RFC 9162, section 2.1.4.2, step by step."""
    if old == 0:
        return not proof
    if old == new:
        return not proof and old_root == new_root
    if not proof:
        return False
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = tlog.node(c, fr), tlog.node(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = tlog.node(sr, c)
        fn >>= 1
        sn >>= 1
    return sn == 0 and fr == old_root and sr == new_root


class Witness:
    def __init__(self, folder, logs):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.logs = {}
        for key in logs:
            self.logs.setdefault(key.name, []).append(key)
        self.lock = threading.Lock()
        seed = self.folder / "seed"
        if not seed.exists():
            raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            seed.write_bytes(raw)
        self.key = Ed25519PrivateKey.from_private_bytes(seed.read_bytes())
        public = b"\x04" + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(NAME.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{NAME}+{self.id.hex()}+{base64.b64encode(public).decode()}"

    def place(self, origin):
        return self.folder / hashlib.sha256(origin.encode()).hexdigest()

    def cosign(self, text):
        now = int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        blob = base64.b64encode(self.id + struct.pack(">Q", now) + signature).decode()
        return f"{tlog.DASH}{NAME} {blob}\n"

    def add_checkpoint(self, body):
        head, _, note = body.partition("\n\n")
        lines = head.split("\n")
        try:
            word, _, number = lines[0].partition(" ")
            old = int(number)
            proof = [base64.b64decode(line, validate=True) for line in lines[1:]]
            checkpoint = tlog.Checkpoint(note)
            assert word == "old" and number == str(old) and len(proof) <= 63 and old <= checkpoint.size
        except (ValueError, AssertionError, IndexError) as why:
            raise Refused(400, f"malformed: {why}\n") from why
        if checkpoint.origin not in self.logs:
            raise Refused(404, "unknown log\n")
        try:
            signed = [key for key in self.logs[checkpoint.origin] if checkpoint.signed_by(key)]
        except InvalidSignature as why:
            raise Refused(403, "a bad signature\n") from why
        if not signed:
            raise Refused(403, "no signature of a known key\n")
        with self.lock:
            return self.decide(old, proof, checkpoint)

    def decide(self, old, proof, checkpoint):
        place = self.place(checkpoint.origin)
        last = tlog.Checkpoint(place.read_text()) if place.exists() else None
        size, root = (last.size, last.root) if last else (0, hashlib.sha256(b"").digest())
        if old != size:
            raise Refused(409, f"{size}\n", "text/x.tlog.size")
        if not consistent(old, checkpoint.size, proof, root, checkpoint.root):
            raise Refused(422, "not consistent\n")
        line = self.cosign(checkpoint.text)
        signatures = "".join(f"{tlog.DASH}{name} {base64.b64encode(ident + signature).decode()}\n"
                             for name, ident, signature in checkpoint.signatures
                             if any((key.name, key.id) == (name, ident) for key in self.logs[checkpoint.origin]))
        fresh = place.with_suffix(".new")
        fresh.write_text(checkpoint.text + "\n" + signatures + line)
        fresh.rename(place)
        return line


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    witness = None

    def reply(self, status, body, kind="text/plain; charset=utf-8"):
        raw = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        if self.path != "/add-checkpoint":
            return self.reply(404, "")
        try:
            return self.reply(200, self.witness.add_checkpoint(body))
        except Refused as refused:
            return self.reply(refused.status, refused.body, refused.kind)

    def do_GET(self):
        name, _, rest = self.path[1:].partition("/")
        known = {self.witness.place(origin).name: self.witness.place(origin) for origin in self.witness.logs}
        if rest != "checkpoint" or name not in known or not known[name].exists():
            return self.reply(404, "")
        return self.reply(200, known[name].read_text())

    def log_message(self, *_):
        pass


def main(folder, port, *vkeys):
    Handler.witness = Witness(folder, [tlog.Key(vkey) for vkey in vkeys])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    print("listening", server.server_port, Handler.witness.vkey, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
