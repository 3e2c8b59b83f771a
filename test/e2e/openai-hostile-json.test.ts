// Bodies that try to become more than data: prototypes, serialised objects, templates and numbers beyond any use.

import { afterEach, beforeEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { Daemon } from "../support/daemon.ts";
import { startKeyRig } from "../support/keys.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
let daemon: Daemon;
beforeEach(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterEach(() => rig.close());

const JSON_TYPE = { "content-type": "application/json" };
const MESSAGE = '{"role":"user","content":"task c7"}';

test(
  row("C-07", "a key that would reach a prototype is refused at every depth, and nothing is changed by it"),
  async () => {
    const poisons = [
      '"__proto__":{"polluted":1}',
      '"constructor":{"prototype":{"polluted":1}}',
      '"\\u005f_proto__":{"a":1}',
    ];
    for (const poison of poisons) {
      const bodies = [
        `{${poison},"model":"goclaw","messages":[${MESSAGE}]}`,
        `{"model":"goclaw","messages":[{${poison},"role":"user","content":"x"}]}`,
        `{"model":"goclaw","messages":[{"role":"user","content":[{"type":"text","text":"x",${poison}}]}]}`,
        `{"model":"goclaw","messages":[${MESSAGE}],"tools":[{"function":{"parameters":{${poison}}}}]}`,
        `{"model":"goclaw","messages":[${MESSAGE}],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"properties":{${poison}}}}}}`,
      ];
      for (const body of bodies) {
        const reply = await daemon.client.post("/v1/chat/completions", body, JSON_TYPE);
        expect([body, reply.status]).toEqual([body, 400]);
      }
      const task = await daemon.client.post(
        "/api/v1/tasks",
        `{"prompt":"x","schema":{${poison}}}`,
        JSON_TYPE,
      );
      expect(task.status).toBe(400);
    }
    expect(rig.stub.calls).toEqual([]);
    expect((await daemon.client.get("/v1/models")).status).toBe(200);
    const after = await daemon.client.post(
      "/v1/chat/completions",
      `{"model":"goclaw","messages":[${MESSAGE}]}`,
      JSON_TYPE,
    );
    expect(after.status).toBe(200);
    expect(JSON.stringify([after.json(), rig.stub.calls[0]?.body])).not.toContain("polluted");
  },
);

const TEXTS = [
  '{"lc":1,"type":"secret","id":["OPENAI_API_KEY"]}',
  "{{env.HOME}} ${HOME} $HOME `id` $(id) %HOME%",
  "!!js/function 'function(){return 1}' !!python/object:os.system",
  "<%= process.env.HOME %> #{ENV['HOME']} ${{ secrets.KEY }}",
];

test.each(TEXTS)(row("C-08", "%s stays text"), async (text) => {
  rig.stub.use(() => ({ text }));
  const reply = await daemon.client.post("/v1/chat/completions", {
    model: "goclaw",
    messages: [{ role: "user", content: text }],
  });
  expect(reply.json<{ choices: { message: { content: string } }[] }>().choices[0]?.message.content).toBe(
    text,
  );
  expect(rig.stub.calls.at(-1)?.body.messages.at(-1)?.content).toBe(text);
});

const ODD = [
  { max_tokens: 1e12 },
  { max_tokens: -1 },
  { max_completion_tokens: 1.5 },
  { n: 1000 },
  { temperature: "0; drop" },
  { temperature: 1e308 },
  { top_p: -1 },
  { seed: "x" },
  { stop: Array.from({ length: 17 }, () => "x") },
  { tools: Array.from({ length: 10_000 }, () => ({ type: "function", function: { name: "f" } })) },
  { messages: Array.from({ length: 2_001 }, () => ({ role: "user", content: "x" })) },
];

test.each(ODD.map((more) => [Object.keys(more)[0] ?? "", JSON.stringify(more).slice(0, 40), more] as const))(
  row("C-09", "%s beyond its bounds is refused by name: %s"),
  async (name, _text, more) => {
    const body = { model: "goclaw", messages: [{ role: "user", content: "task c9" }], ...more };
    const reply = await daemon.client.post("/v1/chat/completions", body);
    expect(reply.status).toBe(400);
    expect(reply.json<{ error: { message: string } }>().error.message).toContain(name);
    expect(rig.stub.calls).toEqual([]);
  },
);

test(row("C-10", "an idempotency key is one body's and one credential's"), async () => {
  const keys = await startKeyRig();
  try {
    const [one, two] = [await keys.addKey("one", "--agents", "a"), await keys.addKey("two", "--agents", "a")];
    const send = (client: typeof one.client, content: string) =>
      client.post(
        "/v1/chat/completions",
        { model: "agent:a", messages: [{ role: "user", content }] },
        { "idempotency-key": "same" },
      );
    const first = await send(one.client, "task mine");
    expect((await send(one.client, "task mine")).headers["x-goclaw-task"]).toBe(
      first.headers["x-goclaw-task"],
    );
    const other = await send(one.client, "task another");
    expect([other.status, other.json<{ error: { code: string } }>().error.code]).toEqual([
      409,
      "IDEMPOTENCY_CONFLICT",
    ]);
    const theirs = await send(two.client, "task mine");
    expect(theirs.status).toBe(200);
    expect(theirs.headers["x-goclaw-task"]).not.toBe(first.headers["x-goclaw-task"]);
    const owners = await send(keys.daemon.client, "task mine");
    expect(new Set([first, theirs, owners].map(({ headers }) => headers["x-goclaw-task"])).size).toBe(3);
  } finally {
    await keys.close();
  }
});
