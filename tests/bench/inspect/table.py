#!/usr/bin/env python3
"""Recall and false positives by kind, as a table in Markdown: over synthetic text, logs, JSON and tables, and over documents of
this machine.

usage: table.py HETAO [--documents] [--write HANDBOOK] [--check HANDBOOK]
  --documents   reads /usr/share/doc and /usr/include too (minutes)
  --write       puts the table into the handbook's page, between its marks; without --documents its last column stays
  --check       exit 1 unless recall and false positives of the synthetic part are those that the page tells
"""
import collections
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
from inspection_numbers import KINDS, column, lines  # noqa: E402

BEGIN, END = "<!-- table of kinds: tests/bench/inspect/run table -->", "<!-- end of the table -->"
SEEDS = range(1, 6)
DOCUMENT_BYTES_MAX = 4 << 20
BATCH_BYTES = 32 << 20


def inspect(hetao, members):
    """Findings by member: each a Counter of kinds. `members`: name -> bytes, read as one archive by one process."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        archive.flush()
        done = subprocess.run([hetao, "inspect", "--json", archive.name], capture_output=True, text=True)
    found = collections.defaultdict(collections.Counter)
    for finding in json.loads(done.stdout)["findings"]:
        found[finding["path"].split("/")[0]][finding["kind"]] += finding["count"]
    return found


def synthetic(hetao):
    """(planted, found, false) by kind."""
    planted, files, expected = collections.Counter(), {}, {}

    def add(name, text, kinds):
        files[name], expected[name] = text.encode(), kinds
        planted.update(kinds)

    for seed in SEEDS:
        told = list(lines(seed, list(KINDS)))
        add(f"text{seed}", "".join(line + "\n" for line, _ in told), collections.Counter(kind for _, kind in told if kind))
        add(f"nothing{seed}", "".join(line + "\n" for part in range(30) for line, _ in lines(1000 * seed + part, None)), {})
        for kind, (_, _, _, heading) in KINDS.items():
            if heading:
                add(f"{kind}{seed}.csv", column(seed, kind), {kind: 120})
    found, false = collections.Counter(), collections.Counter()
    for name, here in inspect(hetao, files).items():
        for kind, count in here.items():
            found[kind] += min(count, expected[name].get(kind, 0))
            false[kind] += max(count - expected[name].get(kind, 0), 0)
    return planted, found, false


def documents(hetao):
    """Findings and files by kind, number of files, bytes."""
    hits, files, size, count = collections.Counter(), collections.Counter(), 0, 0
    batch, held = {}, 0

    def read():
        for here in inspect(hetao, batch).values():
            hits.update(here)
            files.update(here.keys())

    for top in ("/usr/share/doc", "/usr/include"):
        for folder, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if not os.path.isfile(path) or os.path.islink(path) or os.path.getsize(path) > DOCUMENT_BYTES_MAX:
                    continue
                data = pathlib.Path(path).read_bytes()
                batch[f"{count:06}"] = data
                count, size, held = count + 1, size + len(data), held + len(data)
                if held >= BATCH_BYTES:
                    read()
                    batch, held = {}, 0
    read()
    return hits, files, count, size


def told(page):
    """The rows that the page has: kind -> cells."""
    inside = page[page.index(BEGIN) : page.index(END)]
    return {cells[0]: cells[1:] for line in inside.splitlines() if (cells := [c.strip(" `") for c in line.strip("|").split("|")]) and cells[0] in KINDS}


def main():
    hetao, options = sys.argv[1], sys.argv[2:]
    page = pathlib.Path(options[options.index("--write" if "--write" in options else "--check") + 1]) if {"--write", "--check"} & set(options) else None
    before = told(page.read_text()) if page else {}
    planted, found, false = synthetic(hetao)
    if "--check" in options:
        wrong = [kind for kind in KINDS if before.get(kind, [])[:3] != [str(planted[kind]), f"{found[kind] / planted[kind]:.3f}", str(false[kind])]]
        for kind in wrong:
            print(f"{kind}: {planted[kind]} planted, recall {found[kind] / planted[kind]:.3f}, {false[kind]} false; the page says {before.get(kind)}")
        sys.exit(1 if wrong else 0)
    out, about = "", ""
    if "--documents" in options:
        hits, files, count, size = documents(hetao)
        about = f"{count} documents, {size / 1e6:.0f} MB\n\n"
    elif page:
        about = re.search(r"\n(\d+ documents, \d+ MB\n\n)", page.read_text())[1] if before else ""
    out += about + "| kind | planted | recall | false | found in documents |\n|---|---|---|---|---|\n"
    for kind in KINDS:
        seen = before.get(kind, ["", "", "", "not read"])[3]
        if "--documents" in options:
            seen = f"{hits[kind]} in {files[kind]} files" if hits[kind] else "0"
        out += f"| `{kind}` | {planted[kind]} | {found[kind] / planted[kind]:.3f} | {false[kind]} | {seen} |\n"
    others = sorted(set(false) - set(KINDS))
    if others:
        out += "\nAnd falsely: " + ", ".join(f"{kind} {false[kind]}" for kind in others) + ".\n"
    if "--write" in options:
        text = page.read_text()
        page.write_text(text[: text.index(BEGIN) + len(BEGIN)] + "\n" + out + text[text.index(END) :])
    print(out, end="")


if __name__ == "__main__":
    main()
