#!/usr/bin/env python3
"""The house rules that a machine can check: who may include whom, what the core may call, and how files look.

usage: tidy.py [ROOT]         checks the tree; exit 1 and a line for each breach
       tidy.py --self-test    plants one breach of each rule in a copy and shows that it is found
"""
import pathlib
import re
import subprocess
import sys
import tempfile

# Room -> (level, rooms of its own level that it may include, libraries it may include by their first path part).
ROOMS = {
    "gateway/base": (0, set(), set()),
    "proto": (0, {"gateway/base"}, {"google"}),
    "policy": (1, set(), {"openssl"}),
    "certs": (1, set(), {"openssl"}),
    "gateway/ledger": (1, set(), {"openssl"}),
    "gateway/tunnel": (2, set(), {"google"}),
    "gateway/transfer": (2, set(), {"google", "zstd.h"}),
    "gateway/inspection": (2, set(), {"archive.h", "archive_entry.h", "bzlib.h", "hs", "lzma.h", "zlib.h", "zstd.h"}),
    "gateway/inspector": (4, set(), set()),
    "gateway/platforms": (2, set(), set()),
    "gateway/identity": (2, set(), {"openssl"}),
    "gateway/federation": (3, set(), {"google"}),
    "gateway/history": (3, {"gateway/federation"}, set()),
    "gateway/runner": (4, set(), set()),
    "gateway/files": (4, set(), set()),
    "gateway/store": (4, set(), {"sqlite3.h", "libpq-fe.h"}),
    "gateway/io": (4, {"gateway/store", "gateway/runner", "gateway/inspector", "gateway/io/tls"}, {"openssl", "spdlog", "fmt", "curl", "pugixml.hpp", "zlib.h"}),
    "gateway/io/tls": (4, set(), {"openssl"}),
    "gateway/console": (4, set(), set()),
    "gateway/api": (4, {"gateway/io", "gateway/store", "gateway/console"}, set()),
    "gateway/daemon": (5, {"gateway/api"}, {"spdlog", "fmt", "openssl", "CLI"}),
    "gateway/cli": (5, set(), {"CLI", "curl", "openssl", "fmt"}),
}
# The client talks to gateways over HTTP alone: no federation, no store, no shell.
CLI_MAY = {"gateway/base", "gateway/history", "gateway/files", "proto", "policy", "certs", "gateway/ledger", "gateway/inspection", "gateway/inspector", "gateway/transfer"}
# yaml-cpp is seen by the policy room's reader alone; Asio and Beast by io (and what little of api needs them).
SPECIAL = {"yaml-cpp": {"policy"}, "boost/asio": {"gateway/io", "gateway/api", "gateway/daemon"}, "boost/beast": {"gateway/io", "gateway/api"}}
JSON_HEADERS = {"boost/json", "boost/json.hpp"}
BOOST_FREE = {"boost/system", "boost/url", "boost/core"}

# What the deterministic rooms may not touch: clocks, chance, threads, files, sockets, the environment.
CORE_FORBIDDEN_HEADERS = {"chrono", "thread", "mutex", "shared_mutex", "condition_variable", "future", "random", "fstream",
                          "filesystem", "unistd.h", "sys/socket.h", "fcntl.h", "ctime", "time.h", "sys/stat.h"}
CORE_FORBIDDEN_CALLS = re.compile(r"(?<![\w.>:])(?:std::)?(rand|srand|time|clock|getenv|fopen|socket|usleep|sleep)\s*\(")

# Headers that a file may include against the rule, because it uses no more than their types.
EXCEPTIONS = {("certs/openssl.cpp", "ctime")}  # struct tm, which OpenSSL's ASN.1 times are read into

LINES_MOST = 600
TRACES = re.compile(r"/(?:work|farm)/|/tmp/(?:bash_jobs)|-{5}BEGIN ([A-Z]+ )?PRIVATE KEY")
LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def room_of(path):
    best = ""
    for room in ROOMS:
        if path.startswith(room + "/") and len(room) > len(best):
            best = room
    return best


def check_project_include(room, target):
    other = room_of(target)
    if not other or other == room:
        return None
    if room == "gateway/cli":
        return None if other in CLI_MAY else f"{room} may not know {other}"
    level, same_level, _ = ROOMS[room]
    other_level = ROOMS[other][0]
    if other_level < level or other in same_level:
        return None
    return f"{room} (level {level}) may not know {other} (level {other_level})"


def check_library_include(room, target):
    head = target.split("/")[0]
    level, _, libraries = ROOMS[room]
    if level <= 3 and target in CORE_FORBIDDEN_HEADERS:
        return f"{room} is deterministic: no <{target}>"
    for name, rooms in SPECIAL.items():
        if target.startswith(name):
            return None if any(room == r or room.startswith(r + "/") for r in rooms) else f"{room} may not include {name}"
    two = "/".join(target.split("/")[:2])
    if two in JSON_HEADERS or two in BOOST_FREE or head == "tl":
        return None
    if head == "boost" and level >= 4:
        return None
    known_foreign = {"openssl", "google", "spdlog", "fmt", "curl", "CLI", "boost", "sqlite3.h", "hs", "archive.h",
                     "archive_entry.h", "zstd.h", "zlib.h", "bzlib.h", "lzma.h"}
    if head in known_foreign and head not in libraries:
        return f"{room} may not include <{target}>"
    return None


def check_source(root, path, breaches):
    text = (root / path).read_text(errors="replace")
    lines = text.split("\n")
    room = room_of(path)
    if len(lines) > LINES_MOST + 1:
        breaches.append(f"{path}:1: {len(lines) - 1} lines; at most {LINES_MOST}: split it by purpose")
    if path.endswith(".h") and "#pragma once" not in text:
        breaches.append(f"{path}:1: a header without #pragma once")
    if path.endswith(".h") and room and not text.lstrip().startswith("//"):
        breaches.append(f"{path}:1: a header's first comment says what it owns and promises")
    for number, line in enumerate(lines, 1):
        where = f"{path}:{number}"
        if LEFTOVERS.search(line):
            breaches.append(f"{where}: a leftover note; do it, or open an issue")
        include = INCLUDE.match(line)
        if include and room:
            kind, target = include.groups()
            found = check_project_include(room, target) if kind == '"' else check_library_include(room, target)
            if found and (path, target) not in EXCEPTIONS:
                breaches.append(f"{where}: {found}")
        if room and ROOMS[room][0] <= 3 and CORE_FORBIDDEN_CALLS.search(re.sub(r"//.*", "", line)):
            breaches.append(f"{where}: {room} is deterministic: clock, chance, file and socket are parameters or effects")


def tracked(root):
    out = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True,
                         check=True)
    return [line for line in out.stdout.split("\n") if line and (root / line).is_file()]


def check_tree(root):
    breaches = []
    for path in tracked(root):
        if path.endswith((".h", ".cpp")):
            check_source(root, path, breaches)
        if path == "tests/tidy/tidy.py":
            continue
        data = (root / path).read_bytes()
        if b"\0" in data[:4096]:
            continue
        found = TRACES.search(data.decode(errors="replace"))
        if found:
            breaches.append(f"{path}: holds {found.group(0)!r}: a path of some machine, or a private key")
    return breaches


PLANTED = {
    "gateway/base/planted.cpp": ('#include "gateway/federation/core.h"\n', "may not know"),
    "gateway/federation/planted.cpp": ("#include <chrono>\n", "deterministic"),
    "gateway/tunnel/planted.cpp": ("long f() { return time(nullptr); }\n", "deterministic"),
    "gateway/cli/planted.cpp": ('#include "gateway/store/store.h"\n', "may not know"),
    "certs/planted.cpp": ("#include <yaml-cpp/yaml.h>\n", "may not include"),
    "gateway/ledger/planted.h": ("// A header.\nint x;\n", "#pragma once"),
    "gateway/api/planted.cpp": ("// TO" + "DO later\n", "leftover"),
    "policy/planted.cpp": ("\n" * 700, "lines"),
    "deploy/planted.txt": ("-----BEGIN " + "PRIVATE KEY-----\n", "private key"),
}


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        subprocess.run(["git", "-C", name, "init", "-q"], check=True)
        if check_tree(root):
            return "an empty tree is not clean"
        for path, (text, expected) in PLANTED.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            found = check_tree(root)
            (root / path).unlink()
            if not any(expected in breach and path in breach for breach in found):
                return f"planted breach in {path} was not found: {found}"
    return None


def main():
    if sys.argv[1:] == ["--self-test"]:
        failure = self_test()
        print(failure or f"tidy finds all {len(PLANTED)} planted breaches")
        return 1 if failure else 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    breaches = check_tree(root)
    for breach in breaches:
        print(breach)
    print(f"tidy: {len(breaches)} breaches" if breaches else "tidy: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
