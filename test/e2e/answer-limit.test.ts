// How long an answer may be where the vendor insists on a number: never more than the model's catalogue row says, which the
// vendor would refuse, and nobody could say why.

import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { anthropic } from "../support/vendors/anthropic.ts";
import { startVendor, type VendorServer } from "../support/vendors/server.ts";

let rig: Rig;
let vendor: VendorServer;
beforeEach(async () => {
  vendor = await startVendor();
  vendor.use(async (out) => {
    out.head(anthropic.contentType);
    await out.write(anthropic.events({ text: ["ok"] }).join(""));
    out.end();
  });
});
afterEach(async () => {
  await rig.close();
  await vendor.close();
});

const asked = (): unknown => vendor.requests.at(-1)?.body.max_tokens;

test("a model's longest answer bounds what is asked for; a number that was set is left alone", async () => {
  const small = { id: "v/small", context_window: 50_000, max_output_tokens: 4_096 };
  const v = { type: "anthropic", base_url: vendor.origin, api_key: "k-1234567" };
  rig = await createRig({
    config: {
      llm: { provider: "v", model: "small" },
      providers: { v, own: { ...v, max_tokens: 8_192 } },
      models: [small, { ...small, id: "own/small" }],
      agents: [{ agent_id: "own", provider: "own", model: "small" }],
    },
  });
  const { client } = await rig.start();
  const say = async (more: object = {}) => {
    expect(await ended(client, await submit(client, "hi", more))).toMatchObject({ state: "SUCCEEDED" });
    return asked();
  };
  expect(await say()).toBe(4_096);
  expect(await say({ model: "unknown" })).toBe(16_384);
  expect(await say({ agent: "own" })).toBe(8_192);
  expect((await runCli(rig.home, ["model", "test", "v/small"])).code).toBe(0);
  expect(asked()).toBeLessThanOrEqual(4_096);
});
