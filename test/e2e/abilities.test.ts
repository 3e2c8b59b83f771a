// What models are known to be able to do, through the real daemon: the first model of the chain is told to lack
// something, and who was really asked says whether that counted.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { replyByDirective } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { type StubModel, startStubModel } from "../support/stub-model.ts";
import { ended, readEvents, submit } from "../support/tasks.ts";
import { ollama } from "../support/vendors/ollama.ts";
import { startVendor } from "../support/vendors/server.ts";

let rig: Rig;
let second: StubModel;
let daemon: Daemon;
afterEach(async () => {
  await rig.close();
  await second.close();
});

const facts = (id: string, abilities: readonly string[]) => ({
  ...{ id, context_window: 32_000, max_output_tokens: 4_000, abilities },
});

/** `stub/m` with second/m2 behind it; `models` are the rows of the configuration. */
async function start(models: readonly object[], llm: object = {}): Promise<void> {
  second = await startStubModel();
  const other = { type: "openai_compatible", base_url: second.baseUrl, api_key: "sk-second" };
  rig = await createRig({
    config: {
      ...{ providers: { second: other }, models },
      llm: { fallback_providers: ["second/m2"], ...llm },
      agents: [{ agent_id: "bare", tools: [] }],
    },
  });
  daemon = await rig.start();
}

const counts = () => [rig.stub.calls.length, second.calls.length];
const SCHEMA = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const PIXEL = "data:image/png;base64,aGk=";
const picture = (model: string) => ({
  model,
  messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: PIXEL } }] }],
});

test("an agent with tools goes past the model that cannot use them, an agent without does not", async () => {
  await start([facts("stub/m", ["images", "json_schema"])]);
  const id = await submit(daemon.client, "task able tools=send_alert");
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect(counts()).toEqual([0, 2]);
  expect(rig.sink.callsOf("task-able")).toHaveLength(1);
  const events = await readEvents(daemon.client, id);
  expect(events.filter(({ type }) => type === "model.seam")).toEqual([]);
  const bare = await submit(daemon.client, "task bare", { agent: "bare" });
  expect(await ended(daemon.client, bare)).toMatchObject({ state: "SUCCEEDED" });
  expect(counts()).toEqual([1, 2]);
});

test("when no model of the chain can use tools the failure says which one lacks what, and what to do", async () => {
  await start([facts("stub/m", []), facts("second/m2", ["images"])]);
  const task = await ended(daemon.client, await submit(daemon.client, "task none"));
  expect(task).toMatchObject({ state: "FAILED", attempt: 1, error: { code: "PROVIDER_BAD_REQUEST" } });
  for (const words of [
    "stub (m) cannot use tools",
    "second (m2) cannot use tools",
    "tools: []",
    "models[].abilities",
  ])
    expect(JSON.stringify(task)).toContain(words);
  expect(counts()).toEqual([0, 0]);
});

test("an image goes to the model that sees; where none does it is a 400 that says so", async () => {
  await start([facts("stub/m", ["tools"])]);
  const seen = await daemon.client.post("/v1/chat/completions", picture("stub/m"));
  expect([seen.status, counts()]).toEqual([200, [0, 1]]);
  expect(seen.headers["x-goclaw-provider"]).toBe("second");
  await rig.close();
  await second.close();

  await start([facts("stub/m", ["tools"]), facts("second/m2", [])]);
  const reply = await daemon.client.post("/v1/chat/completions", picture("stub/m"));
  expect([reply.status, counts()]).toEqual([400, [0, 0]]);
  expect(reply.json()).toMatchObject({
    error: {
      param: "messages.0.content.0",
      message: expect.stringMatching(
        /stub \(m\) cannot see images: leave the image out, or name another model/,
      ),
    },
  });
});

test("auto and tiers: of the tier's models one that can is chosen", async () => {
  const tiers = { light: ["stub/m", "second/m2"] };
  await start([facts("stub/m", ["json_schema"])], { fallback_providers: [], tiers });
  const id = await submit(daemon.client, "task tier", { model: "tier:light" });
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect(counts()).toEqual([0, 1]);
  const [decided] = (await readEvents(daemon.client, id)).filter(({ type }) => type === "route.decided");
  expect(decided?.payload).toMatchObject({
    ...{ provider: "second", model: "m2" },
    skipped: [{ id: "stub/m", reason: expect.stringContaining("cannot use tools") }],
  });
  const reply = await daemon.client.post("/v1/chat/completions", picture("auto"));
  expect([reply.status, counts()]).toEqual([200, [0, 2]]);
  expect(reply.headers["x-goclaw-provider"]).toBe("second");
  const explained = await runCli(rig.home, [
    "route",
    "explain",
    "hi",
    "--agent",
    "default",
    "--model",
    "tier:light",
  ]);
  expect(explained.stdout).toMatch(/^stub\/m +skipped .*stub \(m\) cannot use tools/m);
  expect(explained.stdout).toMatch(/^second\/m2 +chosen/m);
});

test("a model without the vendor's own mode is asked for data in words, and the data is held to its schema", async () => {
  await start([facts("stub/m", ["tools"])]);
  rig.stub.use(() => ({ text: 'Here: {"n": 7}' }));
  const id = await submit(daemon.client, "how many?", { schema: SCHEMA });
  expect(await ended(daemon.client, id)).toMatchObject({
    state: "SUCCEEDED",
    result: { structured: { n: 7 } },
  });
  const { body } = rig.stub.calls[0]!;
  expect(body).not.toHaveProperty("response_format");
  expect(JSON.stringify(body.messages[0])).toContain("JSON Schema");
  expect(counts()).toEqual([1, 0]);
});

test("goclaw model list shows them; what is not known is null", async () => {
  await start([facts("stub/m", ["tools", "json_schema"])]);
  const { stdout } = await runCli(rig.home, ["model", "list", "--json"]);
  const { models } = JSON.parse(stdout) as { models: { id: string; abilities: unknown }[] };
  const of = (id: string) => models.find((model) => model.id === id)?.abilities;
  expect([of("stub/m"), of("second/m2")]).toEqual([["tools", "json_schema"], null]);
  const table = await runCli(rig.home, ["model", "list"]);
  expect(table.stdout).toMatch(/^stub\/m .*tools, json_schema/m);
});

test("an ability there is not is named, with its place", async () => {
  second = await startStubModel();
  rig = await createRig({ config: { models: [facts("stub/m", ["tools", "telepathy"])] } });
  const { code, stdout, stderr } = await runCli(rig.home, ["config", "validate"]);
  expect(code).not.toBe(0);
  for (const words of ["models.0.abilities.1", "telepathy", "json_schema"])
    expect(stdout + stderr).toContain(words);
});

test("what Ollama tells of a model counts like what the configuration says, which comes first", async () => {
  const vendor = await startVendor(({ path }) =>
    path === "/api/show" ? { capabilities: ["completion"] } : undefined,
  );
  try {
    vendor.use(async (out) => {
      out.head(ollama.contentType);
      await out.write(ollama.events({ text: ["from ollama"] }).join(""));
      out.end();
    });
    second = await startStubModel(replyByDirective);
    const providers = {
      local: { type: "ollama", base_url: vendor.origin },
      second: { type: "openai_compatible", base_url: second.baseUrl, api_key: "sk" },
    };
    const llm = { provider: "local", model: "small", fallback_providers: ["second/m2"] };
    rig = await createRig({
      config: {
        providers,
        llm,
        models: [facts("local/told", ["tools"])],
        agents: [{ agent_id: "own", provider: "local", model: "told" }],
      },
    });
    daemon = await rig.start();
    const told = await ended(daemon.client, await submit(daemon.client, "task shown"));
    expect(told).toMatchObject({ state: "SUCCEEDED", attempt: 1, result: { text: "done shown" } });
    const own = await ended(daemon.client, await submit(daemon.client, "task own", { agent: "own" }));
    expect(own).toMatchObject({ state: "SUCCEEDED", result: { text: "from ollama" } });
    expect(vendor.requests.map(({ path }) => path)).toEqual(["/api/chat"]);
  } finally {
    await vendor.close();
  }
});
