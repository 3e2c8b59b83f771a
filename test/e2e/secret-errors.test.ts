// A key that somebody wrote in the wrong place: what is wrong is said, and the key is not in the words.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { verifies } from "../support/verifies.ts";
import { connectWs } from "../support/ws.ts";

const KEY = "sk-live-a1B2c3D4e5F6g7H8i9J0";

let rig: Rig;
afterEach(() => rig.close());

test.each([
  ["as a provider", `llm: {provider: ${KEY}}`, "no provider is called"],
  ["in place of a provider's settings", `providers:\n  openai: ${KEY}`, "must be a set of"],
  ["as a key", `${KEY}: 1`, "unknown key"],
])(verifies("SEC-005", "config.yaml with an API key %s"), async (_where, text, said) => {
  rig = await createRig();
  writeFileSync(join(rig.home, "config.yaml"), text);
  for (const words of [
    ["config", "validate"],
    ["run", "hi"],
    ["daemon", "run"],
    ["daemon", "start"],
  ]) {
    const { code, stdout, stderr } = await runCli(rig.home, words);
    expect(code).not.toBe(0);
    expect(stderr).toContain(said);
    expect(stdout + stderr).not.toContain(KEY);
  }
});

test(verifies("SEC-005", "a client that puts its key into a path, a field or a method"), async () => {
  rig = await createRig();
  const { client } = await rig.start();
  const body = { model: KEY, messages: [{ role: "user", content: "hi" }] };
  const ws = await connectWs(client);
  const answers = [
    (await client.get(`/api/v1/${KEY}`)).text,
    (await client.post("/v1/chat/completions", body)).text,
    (await client.post("/v1/chat/completions", { ...body, stream: true })).text,
    (await client.post("/api/v1/tasks", { prompt: "hi", agent: KEY })).text,
    (await client.post("/api/v1/tasks", { prompt: "hi", [KEY]: 1 })).text,
    JSON.stringify(await ws.raw(JSON.stringify({ jsonrpc: "2.0", id: 1, method: KEY }))),
    JSON.stringify(
      await ws.raw(JSON.stringify({ jsonrpc: "2.0", id: 2, method: "agent.chat", params: { [KEY]: 1 } })),
    ),
  ];
  for (const answer of answers) {
    expect(answer).toContain("[redacted]");
    expect(answer).not.toContain(KEY);
  }
});
