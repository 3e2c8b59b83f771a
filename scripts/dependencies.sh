#!/usr/bin/env bash
# Makes node_modules match package-lock.json, and does nothing when it already does. Needs any Node from 20 on and npm:
# the Node that everything then runs on comes with the dependencies.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

check_platform() {
  [[ $(uname -s) == Linux ]] || fail "this is $(uname -s); goclaw builds on Linux (x64 or arm64)"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "this is $(uname -m); goclaw builds on x86_64 and aarch64" ;;
  esac
  local libc
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || fail "no glibc here (musl?); goclaw needs glibc 2.34 or newer"
  printf '2.34\n%s\n' "${libc#glibc }" | sort --version-sort --check=silent ||
    fail "this system has $libc; goclaw needs glibc 2.34 or newer (Debian 12, Ubuntu 22.04)"
}

check_tools() {
  command -v node >/dev/null || fail "node is not on the PATH; install Node 20 or newer (Debian: apt-get install nodejs npm)"
  command -v npm >/dev/null || fail "npm is not on the PATH; install it (Debian: apt-get install npm)"
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  ((major >= 20)) || fail "node on the PATH is $(node --version); install Node 20 or newer"
}

check_lock() {
  node -e '
    const named = ({ dependencies, optionalDependencies, devDependencies }) =>
      JSON.stringify(Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies }).sort());
    const locked = require("./package-lock.json").packages[""];
    process.exit(named(locked) === named(require("./package.json")) ? 0 : 1);
  ' || fail "package.json and package-lock.json disagree; run 'npm install' and commit both"
}

# Versions are compared, not the times of files: npm touches its two lock files in any order.
matches_lock() {
  [[ -x node_modules/.bin/node && -e node_modules/.package-lock.json ]] && node -e '
    const wanted = require("./package-lock.json").packages;
    const installed = require("./node_modules/.package-lock.json").packages;
    const mayLack = (name) => name === "" || wanted[name].optional || wanted[name].devOptional;
    const same = (name) => installed[name]?.version === wanted[name]?.version;
    const required = Object.keys(wanted).filter((name) => !mayLack(name));
    process.exit([...required, ...Object.keys(installed)].every(same) ? 0 : 1);
  '
}

# Not `npm ci`: it refuses a lock file without an entry for every other platform's optional package, and a registry
# mirror need not have those. This takes the same versions with the same integrity, and the result is compared.
install_packages() {
  npm install --no-save --no-audit --no-fund --loglevel=error
  [[ -x node_modules/.bin/node ]] ||
    fail "npm left out the optional package node-linux-*; see 'npm config get omit'"
  matches_lock || fail "npm installed other versions than package-lock.json names; remove node_modules and try again"
}

check_platform
check_tools
check_lock
if matches_lock; then
  echo "dependencies are installed"
else
  echo "installing dependencies (about half a minute) ..."
  install_packages
fi
