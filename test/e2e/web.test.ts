// The tools of the web in the real daemon: what the model asks for is fetched, read on its own thread and told, and what
// leads inside is refused with its reason.

import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isTerminal } from "../../src/domain/task.ts";
import { row } from "../support/catalogue.ts";
import type { Reply, StubToolCall } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { braveBody, duckduckgoPage, startSearchServer } from "../support/search-servers.ts";
import { closeServer, listen } from "../support/stub-model.ts";
import { ended, submit, taskWhere, type WireTask } from "../support/tasks.ts";
import { createSignal, within } from "../support/wait.ts";

const POLICY = { allow_domains: ["127.0.0.1"], allow_loopback: true };

let rig: Rig;
const servers: Server[] = [];
beforeEach(() => {
  servers.length = 0;
});
afterEach(async () => {
  await rig.close();
  for (const server of servers) await closeServer(server);
});

async function serve(handler: RequestListener): Promise<{ url: string; hits: () => number }> {
  let hits = 0;
  const server = createServer((request, response) => {
    hits++;
    handler(request, response);
  });
  servers.push(server);
  await listen(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, hits: () => hits };
}

/** Lets the model make these calls in one turn, and returns what it was told about each. */
async function told(
  toolCalls: readonly StubToolCall[],
  key = "web",
): Promise<{ id: string; texts: string[] }> {
  rig.stub.use((_, place): Reply => (place.turn === 0 ? { toolCalls } : { text: "done" }));
  const daemon = await rig.start();
  const id = await submit(daemon.client, `task ${key}`);
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  const { messages } = rig.stub.calls.find((call) => call.turn === 1)!.body;
  return { id, texts: messages.filter(({ role }) => role === "tool").map(({ content }) => String(content)) };
}

test("read_url gives the model a page as Markdown, and JSON as it is", async () => {
  rig = await createRig({ policy: POLICY });
  const { url } = await serve((request, response) => {
    const json = request.url === "/data";
    response.writeHead(200, { "content-type": json ? "application/json" : "text/html" });
    response.end(
      json ? '{"ducks":3}' : "<html><title>Ducks</title><body><h2>Kinds</h2><p>Teal &amp; mallard</p>",
    );
  });
  const { texts } = await told([
    { name: "read_url", args: { url: `${url}/page` } },
    { name: "read_url", args: { url: `${url}/data` } },
  ]);
  expect(texts).toEqual(["# Ducks\n\n## Kinds\n\nTeal & mallard", '{"ducks":3}']);
});

test("web_search asks the configured engines in order, and their keys stay out of every record", async () => {
  const brave = await startSearchServer(500, "key-brave-0123456789 is not welcome");
  const duckduckgo = await startSearchServer(200, duckduckgoPage(2), "text/html");
  const search = {
    preferred: "brave",
    brave: { api_key: "key-brave-0123456789", base_url: brave.url },
    duckduckgo: { base_url: duckduckgo.url },
  };
  rig = await createRig({ config: { search }, policy: POLICY });
  const { id, texts } = await told([{ name: "web_search", args: { query: "ducks" } }]);
  expect(JSON.parse(texts[0]!)).toMatchObject({
    provider: "duckduckgo",
    results: [{ title: "A duck 0" }, {}],
  });
  expect(brave.asked).toMatchObject([{ key: "key-brave-0123456789" }]);
  expect(JSON.stringify([rig.read((db) => [db.events(id), db.audit(id)]), rig.stub.calls])).not.toContain(
    "key-brave",
  );
  await Promise.all([brave.close(), duckduckgo.close()]);
});

test("web_search without any engine that answers is a failed tool, not a failed task", async () => {
  const brave = await startSearchServer(200, braveBody(0));
  const down = await startSearchServer(503, "");
  const search = { brave: { api_key: "k", base_url: brave.url }, duckduckgo: { base_url: down.url } };
  rig = await createRig({ config: { search }, policy: POLICY });
  const { texts } = await told([{ name: "web_search", args: { query: "ducks" } }]);
  expect(texts[0]).toContain(
    "brave: no results; perplexity: no key (search.perplexity.api_key); duckduckgo: status 503",
  );
  await Promise.all([brave.close(), down.close()]);
});

test("http_request posts once, with the key of its act", async () => {
  rig = await createRig({ policy: POLICY });
  const seen: string[] = [];
  const { url, hits } = await serve((request, response) => {
    seen.push(`${request.method} ${request.headers["idempotency-key"]}`);
    response.writeHead(201, { "content-type": "text/plain" });
    response.end("made");
  });
  const { id, texts } = await told([
    { name: "http_request", args: { url: `${url}/things`, method: "POST", body: "x" } },
  ]);
  expect(texts).toEqual(["status 201\ncontent-type: text/plain\n\nmade"]);
  expect(hits()).toBe(1);
  expect(seen).toEqual([expect.stringMatching(/^POST [0-9a-f]{32}$/)]);
  const audit = rig.read((db) => db.audit(id).map(({ capability, decision }) => [capability, decision]));
  expect(audit).toContainEqual(["tools.http_request", "allow"]);
});

test("a POST whose answer never came stops the task with EFFECT_UNKNOWN; a GET is only a failed tool", async () => {
  rig = await createRig({ policy: POLICY });
  const { url } = await serve((request) => void request.socket.destroy());
  rig.stub.use((_, place): Reply => {
    const name = "http_request";
    if (place.turn === 0) return { toolCalls: [{ name, args: { url } }] };
    return place.turn === 1 ? { toolCalls: [{ name, args: { url, method: "POST" } }] } : { text: "done" };
  });
  const daemon = await rig.start();
  const id = await submit(daemon.client, "task lost");
  const asks = ({ state, reason_code }: WireTask): boolean =>
    reason_code === "EFFECT_UNKNOWN" || isTerminal(state);
  expect(await taskWhere(daemon.client, id, "asks", asks)).toMatchObject({ reason_code: "EFFECT_UNKNOWN" });
  const classes = rig.read((db) => db.effects(id).map((effect) => effect.class));
  expect(classes.sort()).toEqual(["once", "pure"]);
});

test.each(["GET", "POST"])(
  "a kill in the middle of a %s: reading is done again, anything else asks",
  async (method) => {
    rig = await createRig({ policy: POLICY });
    const arrived = createSignal();
    const { url, hits } = await serve((_request, response) => {
      // Who asks first is killed before the answer.
      if (hits() === 1) return arrived.give();
      response.end("answered");
    });
    const call = { name: "http_request", args: { url, method } };
    rig.stub.use((_, place): Reply => (place.turn === 0 ? { toolCalls: [call] } : { text: "done" }));
    const first = await rig.start();
    const id = await submit(first.client, "task killed");
    await within("the request", arrived.promise);
    await first.kill();
    const { client } = await rig.start();
    const settled = await taskWhere(
      client,
      id,
      "ends or asks",
      ({ state, reason_code }) => isTerminal(state) || reason_code === "EFFECT_UNKNOWN",
    );
    if (method === "GET") {
      expect([settled.state, hits()]).toEqual(["SUCCEEDED", 2]);
    } else {
      expect([settled.reason_code, hits()]).toEqual(["EFFECT_UNKNOWN", 1]);
    }
  },
);

test(
  row(
    ["H-02", "H-03", "H-04", "H-05", "H-06", "H-09", "H-10", "H-11", "H-12"],
    "what leads inside is refused with its reason, by every tool that takes a URL",
  ),
  async () => {
    rig = await createRig({ policy: POLICY });
    const canary = await serve((_request, response) => void response.end("secret"));
    const port = new URL(canary.url).port;
    const moving = await serve((request, response) => {
      response.writeHead(302, { location: decodeURIComponent(request.url?.slice(1) ?? "") });
      response.end();
    });
    const cases: readonly (readonly [url: string, code: string])[] = [
      [`http://[::ffff:127.0.0.1]:${port}/`, "URL_PRIVATE_ADDR"],
      [`http://0.0.0.0:${port}/`, "URL_PRIVATE_ADDR"],
      ["http://10.9.9.9/", "URL_PRIVATE_ADDR"],
      ["http://[64:ff9b::7f00:1]/", "URL_PRIVATE_ADDR"],
      ["http://169.254.169.254/latest/meta-data/", "URL_PRIVATE_ADDR"],
      ["file:///etc/passwd", "URL_SCHEME"],
      [`http://public.example@127.0.0.1:${port}/`, "URL_FORM"],
      ["http://127.0.0.1:22/", "URL_PORT"],
      [`${moving.url}/${encodeURIComponent("http://10.9.9.9/")}`, "URL_REDIRECT_DENIED"],
      [`${moving.url}/${encodeURIComponent("file:///etc/passwd")}`, "URL_REDIRECT_DENIED"],
    ];
    const { texts } = await told(
      cases.flatMap(([url]) => [
        { name: "read_url", args: { url } },
        { name: "http_request", args: { url } },
      ]),
    );
    expect(texts.map((text) => text.split(":", 1)[0])).toEqual(cases.flatMap(([, code]) => [code, code]));
    expect(canary.hits()).toBe(0);
  },
);

test(row("H-12", "the daemon's own gateway is out of reach of its tools"), async () => {
  rig = await createRig({ policy: POLICY });
  const daemon = await rig.start();
  const url = `http://${daemon.run.address}/healthz`;
  rig.stub.use(
    (_, place): Reply =>
      place.turn === 0 ? { toolCalls: [{ name: "read_url", args: { url } }] } : { text: "done" },
  );
  const id = await submit(daemon.client, "task own");
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  const messages = rig.stub.calls.find((call) => call.turn === 1)!.body.messages;
  expect(String(messages.findLast(({ role }) => role === "tool")?.content)).toMatch(/^URL_PORT: .*own/);
});

test(row("H-19", "proxies in the daemon's environment are not asked"), async () => {
  rig = await createRig({ policy: POLICY });
  const proxy = await serve((_request, response) => void response.end("from the proxy"));
  const page = await serve((_request, response) => void response.end("direct"));
  const env = { HTTP_PROXY: proxy.url, http_proxy: proxy.url, ALL_PROXY: proxy.url };
  const daemon = await rig.start({ env });
  rig.stub.use(
    (_, place): Reply =>
      place.turn === 0 ? { toolCalls: [{ name: "read_url", args: { url: page.url } }] } : { text: "done" },
  );
  await ended(daemon.client, await submit(daemon.client, "task proxy"));
  const messages = rig.stub.calls.find((call) => call.turn === 1)!.body.messages;
  expect(String(messages.findLast(({ role }) => role === "tool")?.content)).toBe("direct");
  expect(proxy.hits()).toBe(0);
});
