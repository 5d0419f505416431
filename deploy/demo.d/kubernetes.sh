# shellcheck shell=bash
# Sourced by deploy/demo and tests/kubernetes/run: Shenzhen's platform is a real Kubernetes cluster of one node,
# started by the testbed's kube-city. A machine has room for one.

HETAO_KUBE_CITY=${HETAO_KUBE_CITY:-$HETAO_ROOT/../shared/testbed/kube-city}
export KUBE_CITY_CACHE=${KUBE_CITY_CACHE:-${HOME:-/root}/.cache/kube-city}

kube_city() { # COMMAND DIR…
  [ -x "$HETAO_KUBE_CITY" ] || die "Kubernetes: no kube-city at $HETAO_KUBE_CITY (it starts a cluster on one machine; name it with HETAO_KUBE_CITY, or use --platform local)"
  [ "$(id -u)" = 0 ] || die "Kubernetes: a node has to be started by root (use sudo, or --platform local)"
  "$HETAO_KUBE_CITY" "$@"
}

kubernetes_up() { # DIR
  local dir=$1
  # Containers run as nobody: they have to get through to what is theirs.
  chmod o+x "$dir"
  [ -f "$dir/kube.port" ] || free_port_range >"$dir/kube.port"
  KUBE_CITY_PORT_BASE=$(cat "$dir/kube.port") kube_city up "$dir/kube" >"$dir/kube.log" 2>&1 || {
    tail -n 5 "$dir/kube.log" >&2
    die "Kubernetes: the cluster did not start; its last words stand above ($dir/kube.log)"
  }
}

kubernetes_down() { # DIR
  [ ! -f "$1/kube.port" ] || KUBE_CITY_PORT_BASE=$(cat "$1/kube.port") kube_city down "$1/kube"
}

kubernetes_platform() { # DIR CITY: the `platforms:` entry
  local dir=$1 port
  if [ "$2" != shenzhen ]; then
    local_platform "$@"
    return
  fi
  port=$(cat "$dir/kube.port")
  # Its network plugin keeps no policies: said here all the same, because what the demo shows is the gateway.
  cat <<YAML
  - name: kubernetes
    kind: kubernetes
    endpoint: https://127.0.0.1:$port
    ca: ../kube/pki/ca.crt
    token_file: ../kube/gateway.token
    namespace: gateway
    spool: spool
    volume: {host_path: spool}
    images: ["localhost/*"]
    pull: never
    network_policies: kept
    cpu_cores: 2
    ram_gb: 2
    disk_gb: 1
    wall_time: 1h
    price: {currency: CNY, core_hour: 0.05}
YAML
}
