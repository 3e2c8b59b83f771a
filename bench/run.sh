#!/usr/bin/env bash
# `npm run bench`: installs the peers on first use, builds dist/goclaw when it is stale, and runs bench/run.ts on the
# pinned Node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export INIT_CWD="${INIT_CWD:-$PWD}"
# Only when there are none: a bench must not take packages away that somebody is trying out.
[[ -x node_modules/.bin/node ]] || bash scripts/dependencies.sh >&2
export PATH="$PWD/node_modules/.bin:$PATH"
# Not `npm ci`, for the reason in scripts/dependencies.sh. The copy of the lock file says which one was installed.
if ! cmp --silent bench/package-lock.json bench/node_modules/.installed-lock.json; then
  echo "installing the peers ..." >&2
  (cd bench && npm install --no-save --no-audit --no-fund --loglevel=error) >&2
  cp bench/package-lock.json bench/node_modules/.installed-lock.json
fi
node scripts/build.ts --if-stale >&2
exec node bench/run.ts "$@"
