#!/usr/bin/env python3
"""Plants each bug of this folder in the core and shows that the simulation finds it.

usage: run.py BUILD_DIR [--seeds N] [--quick] [NAME…]

A bug is a patch of one source of the federation room. It is applied to a copy, compiled as the build compiles the original,
and linked before the rooms' libraries, so that it takes the original's place. A bug that no world catches is a hole in the
simulation, and fails this run. --quick takes those of QUICK, which cost one unit of the core each and are found within a
few worlds: they are part of every run. The last lines are a table: the bug, and how many worlds it took.
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys
from concurrent import futures

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
QUICK = ["effects-before-sync", "approval-without-an-entry", "collecting-forgotten-at-restart", "counters-kept-by-refused",
         "mark-not-remembered", "sent-before-the-receiver-permits"]


def compile_patched(build, patch, folder):
    target = re.search(r"^\+\+\+ b/(\S+)", patch.read_text(), re.M).group(1)
    copy = folder / pathlib.Path(target).name
    copy.write_bytes((ROOT / target).read_bytes())
    done = subprocess.run(["patch", "-s", str(copy), str(patch)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{patch.name}: does not apply any more; plant it again where the code is now\n{done.stdout}")
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"] == str(ROOT / target):
            command = shlex.split(entry["command"])
            break
    else:
        raise SystemExit(f"{patch.name}: {target} is not part of the build")
    object_file = folder / "planted.o"
    command[command.index("-o") + 1] = str(object_file)
    command[command.index("-c") + 1] = str(copy)
    command.append("-w")  # a planted bug may leave something unused
    subprocess.run(command, cwd=entry["directory"], check=True)
    return object_file


def link(build, object_file, folder):
    program = folder / "sim"
    objects = sorted((build / "tests/sim/CMakeFiles/hetao_sim.dir").glob("*.o"))
    rooms = ["gateway/files/libhetao_files.a", "gateway/federation/libhetao_federation.a", "policy/libhetao_policy.a", "gateway/ledger/libhetao_ledger.a",
             "proto/libhetao_proto.a", "gateway/base/libhetao_base.a"]
    subprocess.run(["clang++-19", "-fuse-ld=mold", "-o", str(program), *map(str, objects), str(object_file),
                    *[str(build / room) for room in rooms], "-lprotobuf", "-lyaml-cpp", "-lcrypto", "-lboost_json",
                    "-lboost_container"], check=True)
    return program


def hunt(program, seeds, flags=()):
    done = subprocess.run([str(program), "--seeds", str(seeds), "--until-failure", *flags], capture_output=True, text=True)
    worlds = re.search(r"^(\d+) worlds", done.stdout, re.M)
    finding = done.stdout.split("\n", 1)[0] if done.returncode == 1 else ""
    return done.returncode == 1, int(worlds.group(1)) if worlds else 0, finding


def main():
    arguments = sys.argv[1:]
    seeds = 3000
    if "--seeds" in arguments:
        at = arguments.index("--seeds")
        seeds = int(arguments[at + 1])
        del arguments[at:at + 2]
    if not arguments:
        raise SystemExit(__doc__)
    build = pathlib.Path(arguments[0]).resolve()
    names = QUICK if "--quick" in arguments else arguments[1:]
    patches = [patch for patch in sorted(HERE.glob("*.patch")) if not names or patch.stem in names]

    def plant(patch):
        # In the build's folder, so that the compiler's cache knows a bug that it has seen.
        folder = build / "bugs" / patch.stem
        folder.mkdir(parents=True, exist_ok=True)
        return (patch.stem, *hunt(link(build, compile_patched(build, patch, folder), folder), seeds))

    rows = []
    if not names or "effects-before-sync" in names:
        rows.append(("effects-before-sync", *hunt(build / "bin/hetao_sim", seeds, ["--effects-before-sync"])))
    with futures.ThreadPoolExecutor(2) as pool:
        rows += pool.map(plant, patches)
    if len(rows) < max(1, len(names)):
        raise SystemExit("no such bug: " + ", ".join(set(names) - {row[0] for row in rows}))
    for name, caught, worlds, finding in rows:
        print(f"{'caught' if caught else 'MISSED':7} {name:34} {worlds:6} worlds  {finding}")
    missed = sum(not caught for _, caught, _, _ in rows)
    print(f"planted bugs: {len(rows) - missed} passed, {missed} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
