# shellcheck shell=bash
# Sourced by deploy/demo: the two cities' platforms are real Slurm clusters, started by the testbed's slurm-twin.

slurm_twin() { # COMMAND DIR…
  local twin=${HETAO_SLURM_TWIN:-$HETAO_ROOT/../shared/testbed/slurm-twin}
  [ -x "$twin" ] || die "Slurm: no slurm-twin at $twin (it starts two clusters on one machine; name it with HETAO_SLURM_TWIN, or use --platform local)"
  [ "$(id -u)" = 0 ] || die "Slurm: its daemons have to be started by root (use sudo, or --platform local)"
  "$twin" "$@"
}

slurm_up() { # DIR
  local dir=$1
  # Jobs run as nobody: they have to get through to what is theirs. Keys, tokens and data are closed one by one.
  chmod o+x "$dir"
  mkdir -p "$dir/bin"
  install -m 755 "$BIN/hetao-runner" "$BIN/hetao-init" "$dir/bin/"
  [ -f "$dir/slurm.port" ] || free_port_range >"$dir/slurm.port"
  SLURM_TWIN_PORT_BASE=$(cat "$dir/slurm.port") slurm_twin up "$dir/slurm" >"$dir/slurm.log" 2>&1 || {
    tail -n 5 "$dir/slurm.log" >&2
    die "Slurm: the clusters did not start; their last words stand above ($dir/slurm.log)"
  }
}

slurm_down() { # DIR
  [ ! -f "$1/slurm.port" ] || SLURM_TWIN_PORT_BASE=$(cat "$1/slurm.port") slurm_twin down "$1/slurm"
}

slurm_platform() { # DIR CITY: the `platforms:` entry
  local dir=$1 city=$2 port kind gres count partition price
  port=$(cat "$dir/slurm.port")
  if [ "$city" = shenzhen ]; then
    port=$((port + 1)) kind=a800 gres=gpu:a800 count=4 partition=gpu price='currency: CNY, core_hour: 0.06, accelerator_hour: {a800: 9.80}'
  else
    port=$((port + 21)) kind=ascend910b gres=npu:ascend910b count=8 partition=npu price='currency: HKD, core_hour: 0.10, accelerator_hour: {ascend910b: 6.50}'
  fi
  cat <<YAML
  - name: slurm
    kind: slurm
    endpoint: http://127.0.0.1:$port
    token_file: ../slurm/$city/token
    user: nobody
    partition: cpu
    spool: spool
    runner: ../bin/hetao-runner
    completion_log: ../slurm/$city/log/jobcomp.log
    accelerators: {$kind: {gres: "$gres", per_job: $count, partition: $partition}}
    host_root_images: ["*"]
    cpu_cores: 64
    ram_gb: 200
    disk_gb: 4
    wall_time: 1h
    price: {$price}
YAML
}
