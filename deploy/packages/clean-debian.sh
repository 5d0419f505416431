# Clean Debian 12 machines in folders, for trying packages: made by debootstrap, booted with the real systemd in namespaces of
# their own. Machines share a network of their own: loopback, and nothing else.
# shellcheck shell=bash

debian_started=() debian_holder=''

# Why that can't be done here; nothing: it can.
debian_missing() {
  [ "$(id -u)" = 0 ] || { echo "it needs root"; return; }
  command -v debootstrap >/dev/null || { echo "debootstrap is not installed"; return; }
  [ -n "$(debian_cgroups)" ] || { echo "no cgroup2 is mounted, which systemd needs"; return; }
  unshare --mount --pid --net --fork true 2>/dev/null || { echo "namespaces can't be made (is this a container?)"; return; }
}

debian_cgroups() { findmnt -n -t cgroup2 -o TARGET | head -n 1; }

# The mirrors that this machine's own apt uses, as lines of a sources.list; one is asked for the base system.
debian_sources() {
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u
}
debian_mirror() { debian_sources | awk '$3 == "bookworm" { print $2; exit }'; }

# debian_make DIR [PACKAGE…]: the smallest Debian 12, with these packages.
debian_make() {
  local dir=$1 more
  shift
  more=$(IFS=,; echo "ca-certificates${*:+,$*}")
  [ -n "$(debian_mirror)" ] || die "debian: this machine's apt knows no mirror of Debian 12 (bookworm)"
  debootstrap --variant=minbase --include="$more" bookworm "$dir" "$(debian_mirror)" >"$dir.log" 2>&1 || {
    tail -n 5 "$dir.log" >&2
    die "debian: debootstrap failed; its last words stand above"
  }
  debian_sources >"$dir/etc/apt/sources.list"
  debian_in "$dir" 'apt-get update -q' >>"$dir.log" 2>&1 || { tail -n 5 "$dir.log" >&2; die "debian: apt-get update failed"; }
}

# What a machine's own root is: proc, a fresh /dev and /run, and nothing of ours. Its devices are nodes of its own, because
# its systemd sets owners and modes; and it can't set the kernel's numbers, which are everybody's.
# shellcheck disable=SC2016
debian_enter='
  set -e
  mount --bind "$root" "$root"; cd "$root"
  mount -t proc proc proc
  mount --bind proc/sys proc/sys; mount -o remount,bind,ro proc/sys
  mount -t tmpfs -o mode=755 tmpfs dev
  mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/full c 1 7; mknod -m 666 dev/random c 1 8
  mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/tty c 5 0; mknod -m 600 dev/console c 1 3
  ln -s /proc/self/fd dev/fd; ln -s pts/ptmx dev/ptmx
  mkdir dev/shm dev/pts; mount -t tmpfs tmpfs dev/shm; mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  mount -t tmpfs -o mode=755 tmpfs run; mount -t tmpfs -o mode=1777 tmpfs tmp
  mkdir -p .old; pivot_root . .old; cd /; '

# debian_in DIR SCRIPT: runs a script in it, not booted, with this machine's network.
debian_in() {
  root=$1 script=$2 unshare --mount --propagation private --pid --fork --kill-child bash -c "$debian_enter"'
    umount -l /.old
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    cd /root; exec bash -euo pipefail -c "$script"'
}

# debian_network: makes the network that machines share; its holder ends with debian_end.
debian_network() {
  unshare --net --kill-child --fork bash -c 'ip link set lo up; exec sleep infinity' &
  debian_holder=$!
  local i
  for ((i = 0; i < 100; i++)); do
    debian_net=$(pgrep -P "$debian_holder") && [ "$(nsenter -t "$debian_net" -n cat /sys/class/net/lo/operstate 2>/dev/null)" = unknown ] && return 0
    sleep 0.05
  done
  die "debian: its network did not come up"
}

# debian_boot NAME DIR: boots it; debian_run NAME then runs things in it.
debian_boot() {
  local name=$1 dir=$2 group i
  # There is no network to wait for.
  ln -sf /dev/null "$dir/etc/systemd/system/systemd-networkd-wait-online.service"
  group=$(debian_cgroups)/hetao-try-$$-$name
  mkdir "$group"
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    # shellcheck disable=SC2016
    root=$dir exec nsenter -t "$debian_net" -n unshare --mount --pid --fork --uts --ipc --cgroup --kill-child --propagation private bash -c "$debian_enter"'
      mount -t sysfs -o ro sysfs /sys; mount -t cgroup2 cgroup2 /sys/fs/cgroup
      umount -l /.old
      echo '"$name"' >/etc/hostname
      exec env -i container=try /lib/systemd/systemd --log-target=null --show-status=false'
  ) </dev/null >"$dir.boot" 2>&1 &
  debian_started+=("$!")
  printf -v "debian_machine_$name" %s "$!"
  for ((i = 0; i < 600; i++)); do
    case $(debian_run "$name" 'systemctl is-system-running' 2>/dev/null) in
      running | degraded)
        # Services see the whole of /proc, as on any machine: a sandbox mounts a fresh one only where nothing is hidden.
        debian_run "$name" 'umount -l /proc/sys'
        return 0
        ;;
    esac
    sleep 0.1
  done
  cat "$dir.boot" >&2
  die "debian: $name has not booted after a minute"
}

# debian_run NAME SCRIPT
debian_run() {
  local machine=debian_machine_$1 init
  init=$(pgrep -P "${!machine}") || return 1
  nsenter -t "$init" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    bash -euo pipefail -c "cd /root; $2"
}

# debian_end: stops all machines and the network.
debian_end() {
  local pid group
  for pid in "${debian_started[@]}" "${debian_holder:-}"; do
    [ -z "$pid" ] || { kill -KILL "$pid" && wait "$pid"; } 2>/dev/null || true
  done
  # Its own cgroups, from the leaves; they are empty once the processes are gone.
  for group in "$(debian_cgroups)"/hetao-try-$$-*; do
    [ -d "$group" ] || continue
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
      sleep 0.2
    done
  done
}
