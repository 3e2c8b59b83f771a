// Whatever is refused, on every route and on the socket, is refused with a code of the closed list; and `task why` has a
// sentence with it for every way a task can wait or end.

import { afterAll, beforeAll, expect, test } from "vitest";
import { whyText } from "../../src/cli/why-text.ts";
import { CODES } from "../../src/domain/error.ts";
import { RPC_METHODS } from "../../src/rpc/methods/index.ts";
import type { Daemon } from "../support/daemon.ts";
import type { SendOptions } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { OPERATIONS, PROBES, type SampleRequest } from "../support/routes.ts";
import { verifies } from "../support/verifies.ts";
import { connectWs } from "../support/ws.ts";
import { wireTask } from "../unit/cli/stand-in.ts";

let rig: Rig;
let daemon: Daemon;
beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterAll(() => rig.close());

const WAYS: Readonly<Record<string, (sample: SampleRequest) => SendOptions & { readonly method?: string }>> =
  {
    "without a credential": () => ({ auth: false }),
    "with another credential": () => ({ headers: { authorization: "Bearer nobody" } }),
    "from another origin": () => ({ headers: { origin: "http://evil.example" } }),
    "for another host": () => ({ headers: { host: "evil.example" } }),
    "by a method it does not have": () => ({ method: "PATCH" }),
    "with half a body": () => ({ method: "POST", body: '{"a":' }),
    "with a body that is no JSON": () => ({
      method: "POST",
      body: "a=1",
      headers: { "content-type": "text/plain" },
    }),
    "with a field it does not have": ({ body }) => ({ body: { ...(body as object), approved: true } }),
    "with a body that is a list": () => ({ body: [1] }),
    "with fields of other types": ({ body }) => ({
      body: Object.fromEntries(Object.keys((body ?? {}) as object).map((key) => [key, { a: [null] }])),
    }),
  };

test.each(Object.keys(WAYS))(
  verifies("REL-007", "a request %s: refused, if it is, with a code"),
  async (way) => {
    const uncoded: string[] = [];
    let refused = 0;
    for (const sample of [...PROBES, ...OPERATIONS]) {
      const { method = sample.route.split(" ")[0] ?? "GET", ...options } = WAYS[way]!(sample);
      const hasBody = method !== "GET" && sample.body !== undefined ? { body: sample.body } : {};
      const reply = await daemon.client.send(method, sample.path, { ...hasBody, ...options });
      // Past the door, MCP has its own numbers.
      const isMcp = sample.path === "/mcp" && reply.text.includes('"jsonrpc"');
      if (reply.status < 400 || isMcp) continue;
      refused++;
      const code = /"code":\s*"(\w+)"/.exec(reply.text)?.[1] ?? "none";
      if (!Object.hasOwn(CODES, code))
        uncoded.push(`${method} ${sample.path}: ${reply.status} ${reply.text}`);
    }
    expect(uncoded).toEqual([]);
    expect(refused).toBeGreaterThan(5);
  },
);

test(verifies("REL-007", "a method of the socket that is asked wrongly answers with a code"), async () => {
  const client = await connectWs(daemon.client);
  const uncoded: string[] = [];
  for (const name of [...RPC_METHODS.keys(), "no.such", "__proto__", ""]) {
    for (const params of [{ approved: true }, { task_id: {}, session_id: {}, approval_id: [] }, [1]]) {
      const { error } = await client.ask(name, params as object);
      const code = (error?.data as { code?: string } | undefined)?.code ?? "none";
      if (error === undefined || !Object.hasOwn(CODES, code))
        uncoded.push(`${name}: ${JSON.stringify(error)}`);
    }
  }
  expect(uncoded).toEqual([]);
});

const REASONED = ["QUEUED", "RETRY_WAIT", "FAILED", "DEAD_LETTER"] as const;

test.each(REASONED)(verifies("REL-007", "task why has one sentence with the code for every %s"), (state) => {
  for (const code of Object.keys(CODES)) {
    const error = state === "QUEUED" ? {} : { error: { code, message: "" } };
    const task = wireTask({ state, reason_code: code, ...error });
    const { sentence } = whyText(task, [], Date.parse(task.available_at), true);
    expect(sentence).toMatch(/^Task \S+ .*\.$/);
    if (!sentence.includes(code)) expect.unreachable(`${state} ${code}: ${sentence}`);
  }
});
