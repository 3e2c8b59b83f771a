// The race between looking at a path and using it, against a real process that exchanges a directory and a link out of
// the workspace without pause. The naive way loses it within moments; the path guard never does.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { codeOf } from "../../src/domain/error.ts";
import { readFile } from "../../src/tools/read-file.ts";
import type { Tool } from "../../src/tools/tool.ts";
import { writeFile } from "../../src/tools/write-file.ts";
import { row } from "../support/catalogue.ts";
import { grantFor, toolContext } from "../support/tool-context.ts";
import { within } from "../support/wait.ts";
import { CANARY, IN_MEMORY, makePlace, type Place } from "../support/workspace.ts";

const FLIPPER = fileURLToPath(new URL("../support/flipper.ts", import.meta.url));
const CALLS = 5_000;

async function startFlipper(place: Place): Promise<void> {
  const child = spawn(process.execPath, [FLIPPER, place.at("x"), place.outside], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await within("the flipper", new Promise((resolve) => child.stdout.once("data", resolve)));
}

/** How often each code, or `ok`, came of calling the tool; what it said goes to `hear`. */
async function callMany(
  tool: Tool,
  args: (index: number) => Readonly<Record<string, unknown>>,
  workspace: string,
  hear: (text: string) => void,
): Promise<Map<string, number>> {
  const tally = new Map<string, number>();
  const grant = grantFor(workspace);
  for (let index = 0; index < CALLS; index++) {
    const context = toolContext(workspace, { grant, taskId: `race-${index % 10}` });
    const code = await tool.run(args(index), context).then(
      ({ text, type }) => {
        hear(text);
        return type === "done" ? "ok" : "failed";
      },
      (error: unknown) => {
        hear(String(error));
        return codeOf(error);
      },
    );
    tally.set(code, (tally.get(code) ?? 0) + 1);
  }
  return tally;
}

test(row("G-05", "5,000 reads and 5,000 writes against a flipping directory leak nothing"), async () => {
  const place = makePlace(IN_MEMORY);
  await startFlipper(place);
  const secret = join(place.outside, "secret.txt");

  let heard = 0;
  const listen = (text: string): void => {
    if (text.includes(CANARY)) heard++;
  };
  const reads = await callMany(readFile, () => ({ path: "x/secret.txt" }), place.workspace, listen);
  const writes = await callMany(
    writeFile,
    (index) => ({ path: index % 2 === 0 ? "x/secret.txt" : `x/new-${index % 50}.txt`, content: "inside" }),
    place.workspace,
    listen,
  );

  expect(heard).toBe(0);
  expect(readFileSync(secret, "utf8")).toBe(CANARY);
  expect(readdirSync(place.outside)).toEqual(["secret.txt"]);
  // Both sides of the flip were met, or the race was none.
  for (const tally of [reads, writes]) {
    expect(tally.get("ok"), JSON.stringify([...tally])).toBeGreaterThan(50);
    expect(tally.get("PATH_SYMLINK"), JSON.stringify([...tally])).toBeGreaterThan(50);
    expect(
      [...tally.keys()].sort().filter((code) => !["ok", "PATH_SYMLINK", "TOOL_FAILED"].includes(code)),
    ).toEqual([]);
  }
});

test("the naive way, asking for the real path and then opening, does leak in the same race", async () => {
  const place = makePlace(IN_MEMORY);
  await startFlipper(place);
  const path = place.at("x/secret.txt");
  const stopAt = performance.now() + 20_000;
  let leaks = 0;
  while (leaks === 0 && performance.now() < stopAt) {
    try {
      if (!realpathSync(path).startsWith(`${place.workspace}/`)) continue;
      if (readFileSync(path, "utf8") === CANARY) leaks++;
    } catch {
      // between two renames there is nothing
    }
  }
  expect(leaks).toBeGreaterThan(0);
});
