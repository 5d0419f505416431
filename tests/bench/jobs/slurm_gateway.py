"""Jobs through a whole gateway into Slurm: accepted over HTTP, submitted held, recorded durably, released. Beside slurmrestd
alone, which takes held submissions of the same machine's clients in the same run.

The cluster's partition is down, so that nothing starts: its nodes are not the machine that is measured.
"""

import json
import os
import subprocess
import time

COUNT = 4000  # seconds of work, beside which the pause between two looks is little
CONNECTIONS = 16
LOOK_EVERY_S = 0.25  # a list of all jobs costs the controller, which is measured, as much as some submissions


def in_cluster(twin, *words):
    conf = twin.folder / "twin/shenzhen/etc/slurm.conf"
    return subprocess.run([str(word) for word in words], env=dict(os.environ, SLURM_CONF=str(conf)), check=True,
                          capture_output=True, text=True).stdout


def released(twin):
    lines = in_cluster(twin, "squeue", "-h", "-o", "%j %r").splitlines()
    return sum(1 for line in lines if line.startswith("hetao-") and "JobHeldUser" not in line)


def platform_of(twin):
    return {"name": "slurm", "kind": "slurm", "endpoint": f"unix:{twin.folder}/twin/shenzhen/rest/slurmrestd.sock",
            "token_file": f"{twin.folder}/twin/shenzhen/token", "user": "nobody", "partition": "cpu",
            "spool": str(twin.folder / "spool"), "host_root_images": ["host/*"], "connections": CONNECTIONS}


def hold_bodies(twin):
    body = json.loads(twin.body.read_text())
    body["job"] |= {"hold": True, "partition": "cpu"}
    twin.body.write_text(json.dumps(body))


def measure(bench, folder, say):
    """(jobs/s through the gateway, jobs/s of slurmrestd alone); nothing where Slurm can't be had."""
    import city
    import slurm_peer
    try:
        twin = slurm_peer.Twin(bench, CONNECTIONS)
    except (OSError, subprocess.SubprocessError) as failed:
        say(f"no Slurm here: {failed}")
        return None
    land = city.Land(folder)
    gateway = None
    try:
        in_cluster(twin, "scontrol", "update", "partition=cpu", "state=down")
        hold_bodies(twin)
        alone = twin.post(0, COUNT)["rate"]
        gateway = city.City(land, "shenzhen", more={"platforms": [platform_of(twin)]}).start()
        task = land.folder / "task"
        task.write_text(json.dumps({"name": "small", "executors": [{"image": "host/true", "command": ["/bin/true"]}],
                                    "resources": {"ram_gb": 0.1}}))
        began = time.monotonic()
        done = subprocess.run([bench, "127.0.0.1", str(gateway.https), land.folder / "ca.crt", land.tokens["shenzhen"],
                               "/ga4gh/tes/v1/tasks", task, str(CONNECTIONS), "0", "0", str(COUNT)], check=True,
                              capture_output=True, text=True)
        accepted = json.loads(done.stdout)["accepted"]
        deadline = began + 120
        while released(twin) < accepted:
            if time.monotonic() > deadline:
                raise city.Broken(f"not all are released\n{gateway.log()}")
            time.sleep(LOOK_EVERY_S)
        took = time.monotonic() - began
        say(f"slurm: {accepted} jobs accepted, held, recorded and released in {took:.2f} s; slurmrestd alone {alone:.0f}/s")
        return accepted / took, alone
    finally:
        if gateway is not None:
            gateway.kill()
        land.close()
        twin.down()
