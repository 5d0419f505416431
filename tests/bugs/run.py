#!/usr/bin/env python3
"""Plants each bug of this folder in the core and shows that the simulation finds it.

usage: run.py BUILD_DIR [--seeds N] [--quick] [--write-table] [NAME…]

A bug is a patch of one source of the federation room. It is applied to a copy, compiled as the build compiles the original,
and linked before the rooms' libraries, so that it takes the original's place. A bug that no world catches is a hole in the
simulation, and fails this run. Two bugs are no patches: they stand outside of the core and are options of hetao_sim.
--quick takes a few, others in every revision: they are part of every run. --write-table runs all and writes the table of
README.md; a patch that is not in the table fails the whole run.
"""
import json
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import time
from concurrent import futures

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
README = HERE / "README.md"
QUICK = 4
OPTIONS = {"effects-before-sync": "--effects-before-sync", "no-start-fence": "--no-fence"}


def target_of(patch):
    return re.search(r"^\+\+\+ b/(\S+)", patch.read_text(), re.M).group(1)


def check_that_all_apply(patches):
    for patch in patches:
        done = subprocess.run(["patch", "-s", "--dry-run", str(ROOT / target_of(patch)), str(patch)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{patch.name}: does not apply any more; plant it again where the code is now\n{done.stdout}")


def compile_patched(build, patch, folder):
    target = target_of(patch)
    copy = folder / pathlib.Path(target).name
    copy.write_bytes((ROOT / target).read_bytes())
    subprocess.run(["patch", "-s", str(copy), str(patch)], check=True)
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
    rooms = ["gateway/history/libhetao_history.a", "gateway/files/libhetao_files.a", "gateway/federation/libhetao_federation.a",
             "policy/libhetao_policy.a", "gateway/ledger/libhetao_ledger.a", "proto/libhetao_proto.a", "gateway/base/libhetao_base.a"]
    subprocess.run(["clang++-19", "-fuse-ld=mold", "-o", str(program), *map(str, objects), str(object_file),
                    *[str(build / room) for room in rooms], "-lprotobuf", "-lyaml-cpp", "-lcrypto", "-lboost_json",
                    "-lboost_container"], check=True)
    return program


def hunt(program, seeds, flags=()):
    done = subprocess.run([str(program), "--seeds", str(seeds), "--until-failure", *flags], capture_output=True, text=True)
    worlds = re.search(r"^(\d+) worlds", done.stdout, re.M)
    if done.returncode == 1:
        return True, int(worlds.group(1)) if worlds else 0, done.stdout.split("\n", 1)[0]
    if done.returncode < 0 or done.returncode > 2:
        # A check of the core itself ended the process: found, in the world after those that were reported.
        return True, 0, "stopped by the core's own check: " + done.stderr.strip().split("\n")[-1][:80]
    return False, int(worlds.group(1)) if worlds else 0, ""


def rule_of(finding):
    found = re.match(r"seed \d+: ([a-z-]+):", finding)
    return found.group(1) if found else "the core's own check"


def write_table(rows):
    took = [worlds for _, caught, worlds, _ in rows if caught and worlds]
    lines = ["# Planted bugs", "",
             "Each `*.patch` here plants a bug in the core; the simulation has to find it. A bug that nobody catches is a hole in the",
             "simulation, so this table measures it. Made by `run.py BUILD_DIR --write-table`; a patch that is not in it fails the whole run.",
             "", f"{len(rows)} bugs, {sum(row[1] for row in rows)} caught; median {int(statistics.median(took))} worlds, most {max(took)}.", "",
             "| bug | worlds it took | the rule that it broke |", "|---|---|---|"]
    for name, caught, worlds, finding in sorted(rows):
        lines.append(f"| {name} | {worlds or 'a few' if caught else 'not caught'} | {rule_of(finding) if caught else ''} |")
    README.write_text("\n".join(lines) + "\n")


def rotation(names):
    """A few, others from revision to revision; without one, from day to day."""
    done = subprocess.run(["git", "-C", str(ROOT), "rev-list", "--count", "HEAD"], capture_output=True, text=True)
    turn = int(done.stdout) if done.returncode == 0 and done.stdout.strip() else int(time.time()) // 86_400
    first = turn * QUICK % len(names)
    return (names + names)[first:first + QUICK] + list(OPTIONS)


def main():
    arguments = sys.argv[1:]
    seeds = 20_000
    if "--seeds" in arguments:
        at = arguments.index("--seeds")
        seeds = int(arguments[at + 1])
        del arguments[at:at + 2]
    flags = {word for word in arguments if word.startswith("--")}
    words = [word for word in arguments if not word.startswith("--")]
    if not words or flags - {"--quick", "--write-table"}:
        raise SystemExit(__doc__)
    build = pathlib.Path(words[0]).resolve()
    patches = sorted(HERE.glob("*.patch"))
    check_that_all_apply(patches)
    every = [patch.stem for patch in patches]
    listed = README.read_text() if README.exists() else ""
    missing = [name for name in every if f"| {name} |" not in listed]
    names = words[1:] or (rotation(every) if "--quick" in flags else every + list(OPTIONS))
    unknown = set(names) - set(every) - set(OPTIONS)
    if unknown:
        raise SystemExit("no such bug: " + ", ".join(sorted(unknown)))

    def plant(name):
        if name in OPTIONS:
            return (name, *hunt(build / "bin/hetao_sim", seeds, [OPTIONS[name]]))
        # In the build's folder, so that the compiler's cache knows a bug that it has seen.
        folder = build / "bugs" / name
        folder.mkdir(parents=True, exist_ok=True)
        return (name, *hunt(link(build, compile_patched(build, HERE / f"{name}.patch", folder), folder), seeds))

    with futures.ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(plant, names))
    for name, caught, worlds, finding in rows:
        print(f"{'caught' if caught else 'MISSED':7} {name:42} {worlds:6} worlds  {finding[:140]}")
    if "--write-table" in flags and not words[1:]:
        write_table(rows)
        missing = []
    for name in [] if "--quick" in flags else missing:
        print(f"not in the table of README.md: {name} (run.py BUILD_DIR --write-table)")
    missed = sum(not row[1] for row in rows)
    print(f"planted bugs: {len(rows) - missed} caught, {missed} missed")
    return 1 if missed or (missing and "--quick" not in flags) else 0


if __name__ == "__main__":
    sys.exit(main())
