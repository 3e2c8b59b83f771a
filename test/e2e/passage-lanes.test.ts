// Clients' own requests do not wait for agents, nor agents for them: each has lanes of its own.

import type OpenAI from "openai";
import { afterEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

const LANES = 2;

async function start(): Promise<Daemon & { readonly openai: OpenAI }> {
  rig = await createRig({ config: { worker_count: LANES } });
  const daemon = await rig.start();
  return { ...daemon, openai: clientOf(daemon) };
}
const clientOf = ({ client }: Daemon): OpenAI => openAiOf(client, { timeout: 10_000 });
const ask = (openai: OpenAI, content: string, headers = {}): Promise<string | null | undefined> =>
  openai.chat.completions
    .create({ model: "stub/m", messages: [{ role: "user", content }] }, { headers })
    .then(({ choices }) => choices[0]?.message.content);

test("a client is answered while every lane has an agent's task, and those queued behind it stay in order", async () => {
  const { openai, client } = await start();
  const ids: string[] = [];
  for (let n = 0; n < LANES + 3; n++) ids.push(await submit(client, `task slow${n} gate=agents`));
  await until("every lane is busy", () => rig.stub.calls.length === LANES);
  expect(await ask(openai, "task quick")).toBe("done quick");
  expect(rig.stub.calls).toHaveLength(LANES + 1);
  rig.stub.open("agents");
  for (const id of ids) expect((await ended(client, id)).state).toBe("SUCCEEDED");
});

test("many clients are answered at once, and an agent's task does not wait for them", async () => {
  const { openai, client } = await start();
  const answers = Array.from({ length: 20 }, (_, n) => ask(openai, `task many${n} gate=clients`));
  await until("all of them are asked", () => rig.stub.calls.length === 20);
  expect((await ended(client, await submit(client, "task agent"))).state).toBe("SUCCEEDED");
  rig.stub.open("clients");
  expect(await Promise.all(answers)).toEqual(answers.map((_, n) => `done many${n}`));
});

test("what a daemon before left of clients' own requests does not wait for agents either", async () => {
  const { openai, client, stop } = await start();
  for (let n = 0; n < LANES; n++) await submit(client, `task slow${n} gate=agents`);
  await until("every lane is busy", () => rig.stub.calls.length === LANES);
  const key = { "Idempotency-Key": "kept" };
  const lost = ask(openai, "task kept gate=client", key).catch(() => "lost");
  await rig.stub.reached("client");
  await stop();
  expect(await lost).toBe("lost");
  rig.stub.open("client");
  const next = await rig.start();
  expect(await ask(clientOf(next), "task kept gate=client", key)).toBe("done kept");
});
