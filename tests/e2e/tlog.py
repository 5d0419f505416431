"""A verifier of C2SP transparency logs that shares no code with the gateway: notes, cosignatures, tiles, proofs. And, for
the tests that play a dishonest operator, a writer that rebuilds a whole log from other entries."""

import base64
import hashlib
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DASH = "— "
ED25519, COSIGNATURE = 1, 4


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes):
    """RFC 6962, section 2.1, word by word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return node(root_of(hashes[:k]), root_of(hashes[k:]))


class Key:
    """A verifier key: NAME+ID+BASE64(type, key)."""

    def __init__(self, vkey):
        self.name, ident, material = vkey.strip().split("+", 2)
        raw = base64.b64decode(material)
        self.type, self.public = raw[0], raw[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        assert self.id.hex() == ident, "the key's ID is not that of its name and bytes"


def keys_of(path):
    return [Key(line) for line in pathlib.Path(path).read_text().splitlines() if line]


class Checkpoint:
    def __init__(self, note):
        self.text, _, signatures = note.rpartition("\n\n")
        self.text += "\n"
        self.origin, size, root = self.text.split("\n")[:3]
        assert size == str(int(size))
        self.size, self.root = int(size), base64.b64decode(root, validate=True)
        self.signatures = []
        for line in signatures.splitlines():
            assert line.startswith(DASH), line
            name, blob = line[len(DASH):].split(" ")
            raw = base64.b64decode(blob, validate=True)
            self.signatures.append((name, raw[:4], raw[4:]))

    def signed_by(self, key):
        """The time of the cosignature, or True; None when that key has not signed. Raises on a bad signature."""
        for name, ident, signature in self.signatures:
            if (name, ident) != (key.name, key.id):
                continue
            public = Ed25519PublicKey.from_public_bytes(key.public)
            if key.type == ED25519:
                public.verify(signature, self.text.encode())
                return True
            assert key.type == COSIGNATURE
            time = struct.unpack(">Q", signature[:8])[0]
            public.verify(signature[8:], f"cosignature/v1\ntime {time}\n{self.text}".encode())
            return time
        return None


def tile_name(index):
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03}")
    return "/".join(parts)


def entries_of(read, size):
    """All entries; `read` gives a resource below the log's prefix. Bundles are held against the level-0 tiles."""
    out = []
    for index in range((size + 255) // 256):
        width = min(256, size - 256 * index)
        part = "" if width == 256 else f".p/{width}"
        bundle = read(f"tile/entries/{tile_name(index)}{part}")
        tile = read(f"tile/0/{tile_name(index)}{part}")
        assert len(tile) == 32 * width
        at = 0
        for i in range(width):
            length = struct.unpack(">H", bundle[at:at + 2])[0]
            entry = bundle[at + 2:at + 2 + length]
            at += 2 + length
            assert leaf(entry) == tile[32 * i:32 * i + 32], f"entry {256 * index + i} is not in its tile"
            out.append(entry)
        assert at == len(bundle)
    return out


class Proof:
    """A .tlog-proof file: an index, the hashes from the leaf upward, the checkpoint that they lead to."""

    def __init__(self, text):
        head, _, checkpoint = text.partition("\n\n")
        version, index, *hashes = head.split("\n")
        assert version == "c2sp.org/tlog-proof@v1" and index.startswith("index "), head
        self.index = int(index[len("index "):])
        self.hashes = [base64.b64decode(line, validate=True) for line in hashes]
        self.checkpoint = Checkpoint(checkpoint)

    def root(self, entry):
        """The root that the entry has by this proof (RFC 9162, 2.1.3.2)."""
        at, last, root = self.index, self.checkpoint.size - 1, leaf(entry)
        for sibling in self.hashes:
            assert last > 0, "the proof is too long"
            if at % 2 or at == last:
                root = node(sibling, root)
                while at and not at % 2:
                    at, last = at // 2, last // 2
            else:
                root = node(root, sibling)
            at, last = at // 2, last // 2
        assert last == 0, "the proof is too short"
        return root


def consistency(old, hashes):
    """RFC 6962, section 2.1.2, word by word."""
    def sub(m, part, whole):
        if m == len(part):
            return [] if whole else [root_of(part)]
        k = 1
        while 2 * k < len(part):
            k *= 2
        if m <= k:
            return sub(m, part[:k], whole) + [root_of(part[k:])]
        return sub(m - k, part[k:], False) + [root_of(part[:k])]
    return sub(old, hashes, True) if 0 < old < len(hashes) else []


def signing_key(path):
    """PRIVATE+KEY+NAME+ID+BASE64 (the first one of the file)."""
    _, _, name, _, material = pathlib.Path(path).read_text().splitlines()[0].split("+", 4)
    return name, Ed25519PrivateKey.from_private_bytes(base64.b64decode(material)[1:])


def sign(origin, hashes, key_path):
    name, key = signing_key(key_path)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = f"{origin}\n{len(hashes)}\n{base64.b64encode(root_of(hashes)).decode()}\n"
    ident = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    line = base64.b64encode(ident + key.sign(text.encode())).decode()
    return f"{text}\n{DASH}{name} {line}\n"


def write_log(folder, origin, entries, key_path):
    """A whole log of these entries, well-made and signed: what a dishonest operator can do."""
    folder = pathlib.Path(folder)

    def put(path, data):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)

    hashes = [leaf(entry) for entry in entries]
    for first in range(0, len(entries), 256):
        part = entries[first:first + 256]
        suffix = "" if len(part) == 256 else f".p/{len(part)}"
        put(f"tile/entries/{tile_name(first // 256)}{suffix}", b"".join(struct.pack(">H", len(e)) + e for e in part))
    level, row = 0, hashes
    while row:
        for first in range(0, len(row), 256):
            part = row[first:first + 256]
            suffix = "" if len(part) == 256 else f".p/{len(part)}"
            put(f"tile/{level}/{tile_name(first // 256)}{suffix}", b"".join(part))
        row = [root_of(row[i:i + 256]) for i in range(0, len(row) - 255, 256)]
        level += 1
    put("checkpoint", sign(origin, hashes, key_path).encode())
