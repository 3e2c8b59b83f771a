#!/usr/bin/env bash
# Builds goclaw from this clone, puts it on the PATH and runs its demo. Never asks for more rights than it has.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

DEFAULT_DIR=/usr/local/bin
FALLBACK_DIR=${HOME:-}/.local/bin

usage() {
  cat <<TEXT
Usage: ./install.sh [--help]

Installs the dependencies, builds dist/goclaw, copies it to a directory and runs 'goclaw demo',
which needs no API key and no network.

Environment:
  INSTALL_DIR   where goclaw goes (default $DEFAULT_DIR, or ~/.local/bin where that is not writable)

Needs Linux on x86_64 or aarch64 with glibc 2.34 or newer, Node 20 or newer, and npm.
TEXT
}

fail() {
  printf 'error: %s\n' "$1" >&2
  exit "${2:-1}"
}

step() {
  printf '\n== %s\n' "$1"
}

can_write() {
  mkdir -p "$1" 2>/dev/null && [[ -w $1 ]]
}

# An INSTALL_DIR that was asked for is used or refused; only the default has a fallback.
choose_directory() {
  if [[ -n ${INSTALL_DIR:-} ]]; then
    can_write "$INSTALL_DIR" || fail "cannot write to INSTALL_DIR=$INSTALL_DIR; choose another directory"
    (cd "$INSTALL_DIR" && pwd)
  elif can_write "$DEFAULT_DIR"; then
    echo "$DEFAULT_DIR"
  elif [[ -n ${HOME:-} ]] && can_write "$FALLBACK_DIR"; then
    echo "$FALLBACK_DIR"
  else
    fail "neither $DEFAULT_DIR nor $FALLBACK_DIR is writable; set INSTALL_DIR to a directory that is"
  fi
}

# Renamed into place, because a running goclaw cannot be overwritten.
install_binary() {
  local directory=$1 incoming
  incoming=$(mktemp "$directory/.goclaw-XXXXXX")
  if ! { cp dist/goclaw "$incoming" && chmod 755 "$incoming" && mv -f "$incoming" "$directory/goclaw"; }; then
    rm -f "$incoming"
    fail "could not copy dist/goclaw to $directory"
  fi
  echo "installed $directory/goclaw ($("$directory/goclaw" --version))"
}

path_hint() {
  local directory=$1 found
  found=$(command -v goclaw || true)
  if [[ -z $found ]]; then
    printf '%s is not on your PATH; add it with:\n  export PATH="%s:$PATH"\n' "$directory" "$directory"
  elif [[ ! $found -ef $directory/goclaw ]]; then
    echo "note: 'goclaw' on your PATH is another one, $found"
  fi
}

main() {
  case ${1:-} in
    "") ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "unknown argument '$1'; try ./install.sh --help" 2 ;;
  esac
  local directory
  directory=$(choose_directory)
  step "dependencies"
  bash scripts/dependencies.sh
  step "build"
  npm run --silent build
  step "install"
  install_binary "$directory"
  path_hint "$directory"
  step "demo"
  "$directory/goclaw" demo
}

main "$@"
