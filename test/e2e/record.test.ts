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

/** Asks once more than the cassette of the test below has answers. */
const PATIENT = {
  ...{ agent_id: "played", provider: "replay", model: "taken" },
  structured_output: { max_retries: 3 },
};

test("answers that did not fit the schema are recorded and play again, whatever made them not fit", async () => {
  rig = await createRig({
    config: { agents: [PATIENT] },
  });
  const file = join(rig.home, "taken.json");
  const schema = join(rig.home, "schema.json");
  writeFileSync(schema, JSON.stringify({ type: "object", required: ["city"] }));
  // The same words twice, so that only their order tells the answers apart.
  const answers = ['{"town":"Ulm"}', '{"town":"Ulm"}', '{"city":"Ulm"}'];
  rig.stub.use(() => ({ text: answers[rig.stub.calls.length - 1] ?? "too many" }));
  await rig.start();
  const args = ["run", "where?", "--schema", schema, "--json"];
  const live = await runCli(rig.home, [...args, "--record", file]);
  expect(live).toMatchObject({ code: 0 });
  expect(rig.stub.calls).toHaveLength(3);

  mkdirSync(join(rig.home, "cassettes"), { recursive: true });
  copyFileSync(file, join(rig.home, "cassettes", "taken.json"));
  const played = await runCli(rig.home, [...args, "--agent", "played"]);
  expect(played.stderr).toBe("");
  const resultOf = (stdout: string): unknown => JSON.parse(stdout.trim().split("\n").at(-1)!).task.result;
  expect(resultOf(played.stdout)).toEqual(resultOf(live.stdout));
  expect(rig.stub.calls).toHaveLength(3);

  writeFileSync(schema, JSON.stringify({ type: "object", required: ["country"] }));
  const missed = await runCli(rig.home, ["run", "where?", "--schema", schema, "--agent", "played"]);
  expect(missed.code).toBe(1);
  expect(missed.stderr).toMatch(/no answer for turn 3 of prompt "where\?"; the nearest entry is turn 2/);
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

test("a secret that a model spells in escapes does not enter the cassette either", async () => {
  const key = "sk-of-the-model-41f7";
  rig = await createRig({ config: { providers: { stub: { api_key: key } } } });
  const escaped = [...key].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  const args = `{"text":"${escaped}","${escaped}":["${escaped}"]}`;
  rig.stub.use(() =>
    rig.stub.calls.length === 1 ? { toolCalls: [{ name: "write_note", args }] } : { text: "done" },
  );
  await rig.start();
  const file = join(rig.home, "escaped.json");
  expect((await runCli(rig.home, ["run", "go", "--record", file])).code).toBe(0);
  const text = readFileSync(file, "utf8");
  expect(JSON.stringify(JSON.parse(text))).toContain('"text":"[redacted]"');
  expect(JSON.stringify(JSON.parse(text))).not.toContain(key);
});

test("a task without an answer leaves the cassette that was there, and says so", async () => {
  rig = await createRig();
  await rig.start();
  const file = join(rig.home, "good.json");
  writeFileSync(file, "good");
  const failed = await runCli(rig.home, ["run", "task none fault=400", "--record", file]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain(`--record ${file}: the model answered nothing, so that nothing is written`);
  expect(readFileSync(file, "utf8")).toBe("good");
});

test("a file that cannot be written is found before anything is asked", async () => {
  rig = await createRig();
  await rig.start();
  const missing = join(rig.home, "no", "such.json");
  for (const [file, why] of [
    [missing, "there is no directory"],
    [rig.home, "is a directory"],
  ] as const) {
    const refused = await runCli(rig.home, ["run", "task none", "--record", file]);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain(`--record ${file}: `);
    expect(refused.stderr).toContain(why);
  }
  expect(rig.stub.calls).toHaveLength(0);
});

test("a broken cassette says that its file is broken, where, and what to do", async () => {
  const agents = [{ agent_id: "played", provider: "replay", model: "torn" }];
  rig = await createRig({ config: { agents } });
  const file = join(rig.home, "cassettes", "torn.json");
  mkdirSync(join(rig.home, "cassettes"), { recursive: true });
  writeFileSync(file, '{"cassette": 1,\n "entries": [}');
  await rig.start();
  const { code, stderr } = await runCli(rig.home, ["run", "hi", "--agent", "played"]);
  expect(code).toBe(1);
  expect(stderr).toContain("(CASSETTE_BROKEN)");
  for (const words of [file, "not JSON: Unexpected token '}'", "mend the file"])
    expect(stderr).toContain(words);
  expect(stderr).not.toContain("send a prompt that it has");
});
