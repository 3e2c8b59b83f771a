#!/usr/bin/env bash
# `npm test`: works on a fresh clone. Installs what is missing, builds dist/goclaw when it is stale (the process tests
# start it), and runs vitest with the arguments given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash scripts/dependencies.sh
export PATH="$PWD/node_modules/.bin:$PATH"
node scripts/build.ts --if-stale
exec vitest run "$@"
