// Tries the executable as a user gets it: one file in an empty directory, with no Node on the PATH. A line per check;
// exits 1 when one fails. `node test/smoke/run.ts [BINARY]`, dist/goclaw by default.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { REPOSITORY } from "../support/program.ts";
import { checkDaemon } from "./daemon.ts";
import { openPlace, type Place, run } from "./place.ts";

const manifest = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { version: string };

type Check = (place: Place) => void | Promise<void>;

const CHECKS: Readonly<Record<string, Check>> = {
  "--version prints the version and nothing else": (place) => {
    assert.deepEqual(run(place, ["--version"]), { code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  },
  "help names the demo": (place) => {
    const { code, stdout } = run(place, ["help"]);
    assert.equal(code, 0);
    assert.match(stdout, /\bdemo\b/);
  },
  "codes --json is one JSON document": (place) => {
    const { code, stdout } = run(place, ["codes", "--json"]);
    assert.equal(code, 0);
    assert.match(JSON.stringify(JSON.parse(stdout)), /DEAD_LETTER_MAX_ATTEMPTS/);
  },
  "an unknown word is a usage error": (place) => {
    assert.equal(run(place, ["dmeo"]).code, 2);
  },
  "NODE_OPTIONS cannot add code": (place) => {
    const env = { NODE_OPTIONS: "--require=/nonexistent/injected.cjs" };
    assert.equal(run(place, ["codes", "--json"], env).code, 0);
  },
  "an option for Node is not one for goclaw": (place) => {
    assert.equal(run(place, ["--require=/nonexistent/injected.cjs", "codes"]).code, 2);
  },
  "demo ends well": (place) => {
    const { code, stdout, stderr } = run(place, ["demo"]);
    assert.equal(code, 0, stderr);
    assert.notEqual(stdout, "");
  },
  "the daemon starts, answers and stops": (place) => checkDaemon(place, manifest.version),
  "nothing is left outside the home": (place) => {
    assert.deepEqual(readdirSync(place.directory), ["goclaw"]);
    assert.deepEqual(readdirSync(place.scratch), []);
  },
};

async function main(): Promise<number> {
  const place = openPlace(resolve(process.argv[2] ?? join(REPOSITORY, "dist/goclaw")));
  let failed = 0;
  try {
    for (const [name, check] of Object.entries(CHECKS)) {
      const startedAtMs = performance.now();
      try {
        await check(place);
        console.log(`ok      ${name} (${(performance.now() - startedAtMs).toFixed(0)} ms)`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}\n${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    place.close();
  }
  console.log(`smoke: ${Object.keys(CHECKS).length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
