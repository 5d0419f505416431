# Shared by deploy/demo, tests/run and the scripts beside them: packages, building, words for people.
# shellcheck shell=bash

HETAO_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export HETAO_ROOT

# Colour only for people.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
else
  bold='' green='' red='' dim='' plain=''
fi

say() { printf '%s\n' "$*"; }
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s   %s%s\n' "$dim" "$*" "$plain"; }
die() {
  printf '%shetao: %s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}

free_port_range() { # first of 40 ports of loopback that nobody uses now
  python3 - <<'PY'
import random, socket
while True:
    base = random.randrange(20000, 31000, 40)
    try:
        for port in range(base, base + 40):
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        break
    except OSError:
        pass
print(base)
PY
}

# ensure_packages [FILE]: installs the packages of the list that are missing. Needs root only if some are.
ensure_packages() {
  local list=${1:-$HETAO_ROOT/deploy/packages.txt} missing=() name
  command -v dpkg-query >/dev/null || die "packages: this is not Debian (install what deploy/packages.txt names by hand)"
  # A package may come under another name: other builds of nodejs bring npm along, and conflict with Debian's.
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' | sed -n 's/^installed //p' | tr ',' '\n' | sed 's/^ *//; s/ .*//')
  while read -r name; do
    case $name in '' | '#'*) continue ;; esac
    grep -qxF -- "$name" <<<"$have" || missing+=("$name")
  done <"$list"
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} packages: ${missing[*]}"
  [ "$(id -u)" = 0 ] || die "packages: ${missing[*]} are missing (run as root, or: apt-get install ${missing[*]})"
  export DEBIAN_FRONTEND=noninteractive
  local log
  log=$(mktemp)
  apt-get update -q >"$log" 2>&1 || { tail -n 3 "$log" >&2; die "packages: apt-get update failed (is a package mirror reachable?)"; }
  apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
    tail -n 5 "$log" >&2
    die "packages: apt-get install failed; its last lines stand above"
  }
  rm -f "$log"
}

# build [PRESET [TARGET…]]: configures once and builds with all cores through ccache.
build() {
  local preset=${1:-release} dir
  shift || true
  dir=$(build_dir "$preset")
  export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$HETAO_ROOT
  if [ ! -f "$dir/build.ninja" ]; then
    (cd "$HETAO_ROOT" && cmake --preset "$preset" >"$HETAO_ROOT/.configure.log" 2>&1) || {
      tail -n 20 "$HETAO_ROOT/.configure.log" >&2
      die "build: configuring failed; the last lines stand above"
    }
    rm -f "$HETAO_ROOT/.configure.log"
  fi
  if [ -t 1 ]; then
    ninja -C "$dir" "$@"
  else
    # One line every quarter of the way is progress enough for a log.
    ninja -C "$dir" "$@" | awk -F'[][/ ]' '
      /^\[[0-9]+\/[0-9]+\]/ { q = int(4 * $2 / $3); if (q != last) { print; fflush(); last = q } next }
      { print; fflush() }'
    [ "${PIPESTATUS[0]}" = 0 ]
  fi || die "build: failed; the compiler's words stand above"
}

build_dir() {
  case $1 in
    release) echo "$HETAO_ROOT/build" ;;
    gcc-core) echo "$HETAO_ROOT/build-gcc" ;;
    *) echo "$HETAO_ROOT/build-$1" ;;
  esac
}
