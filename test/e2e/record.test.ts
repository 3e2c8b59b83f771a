// What was recorded from a real task plays again without a model, and holds no secret.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
afterEach(() => rig.close());

test("run --record writes a cassette that an agent of provider replay plays to the same end", async () => {
  rig = await createRig({
    config: { agents: [{ agent_id: "played", provider: "replay", model: "taken" }] },
  });
  await rig.start();
  const file = join(rig.home, "taken.json");
  const prompt = "task rec tools=now,write_note";
  const live = await runCli(rig.home, ["run", prompt, "--record", file]);
  expect(live.code).toBe(0);
  const cassette = JSON.parse(readFileSync(file, "utf8")) as { entries: { turn: number; prompt: string }[] };
  expect(cassette.entries.map(({ turn }) => turn)).toEqual([0, 1]);
  expect(cassette.entries[0]?.prompt).toBe(prompt);

  mkdirSync(join(rig.home, "cassettes"), { recursive: true });
  copyFileSync(file, join(rig.home, "cassettes", "taken.json"));
  const calls = rig.stub.count("task-rec");
  const played = await runCli(rig.home, ["run", prompt, "--agent", "played"]);
  expect(played).toMatchObject({ code: 0, stdout: live.stdout });
  expect(rig.stub.count("task-rec")).toBe(calls);

  const missed = await runCli(rig.home, ["run", "task rec tools=new", "--agent", "played"]);
  expect(missed.code).toBe(1);
  expect(missed.stderr).toMatch(/nearest entry/);
});

test("a secret that stands in the prompt does not enter the cassette", async () => {
  rig = await createRig();
  await rig.start();
  const file = join(rig.home, "secret.json");
  const token = readFileSync(join(rig.home, "auth.token"), "utf8").trim();
  expect((await runCli(rig.home, ["run", `task canary ${token}`, "--record", file])).code).toBe(0);
  expect(readFileSync(file, "utf8")).not.toContain(token);
  writeFileSync(file, ""); // the rig removes the home; nothing of this is left
});
