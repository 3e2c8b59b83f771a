// A result is redacted first and cut then, whichever tool cuts it: no beginning of a key is left where a line, a page, a
// piece or the output of a command ends.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { Reply, StubToolCall } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { hasBwrap } from "../support/sandbox.ts";
import { closeServer, listen } from "../support/stub-model.ts";
import { ended, submit } from "../support/tasks.ts";

const SECRET = `canary-Zq7${"Vw3Kp9".repeat(6)}`;
const BEGINNING = SECRET.slice(0, 10);

let rig: Rig;
let server: Server;
let body = "";
beforeEach(async () => {
  server = createServer((_request, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(body);
  });
  await listen(server);
  rig = await createRig({
    config: { providers: { stub: { api_key: SECRET } } },
    policy: { allow_domains: ["127.0.0.1"], allow_loopback: true },
  });
  mkdirSync(join(rig.home, "workspace"), { mode: 0o700 });
});
afterEach(async () => {
  await rig.close();
  await closeServer(server);
});

/** What the model is told of a call. */
async function told(toolCall: StubToolCall): Promise<string> {
  rig.stub.use((_, { turn }): Reply => (turn === 0 ? { toolCalls: [toolCall] } : { text: "done" }));
  const daemon = await rig.start();
  await ended(daemon.client, await submit(daemon.client, "task cut"));
  await daemon.stop();
  return String(rig.stub.calls.find(({ turn }) => turn === 1)!.body.messages.at(-1)!.content);
}

/** A text of one line in which the secret begins `inside` characters before `border`. */
const acrossAt = (border: number, inside = 20): string =>
  `${"x ".repeat(border / 2)}`.slice(0, border - inside) + SECRET + " y".repeat(border);

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

test(row("N-06", "a line that search_files shortens"), async () => {
  writeFileSync(join(rig.home, "workspace/long.txt"), `${acrossAt(300)}\n`);
  const text = await told({ name: "search_files", args: { pattern: "x" } });
  expect(text).toMatch(/1 matching line/);
  expect(text).not.toContain(BEGINNING);
});

test(row("N-06", "a line that read_file cuts at the end of its page"), async () => {
  writeFileSync(join(rig.home, "workspace/long.txt"), acrossAt(31_000));
  const text = await told({ name: "read_file", args: { path: "long.txt" } });
  expect(text).toMatch(/longer than a page/);
  expect(text).not.toContain(BEGINNING);
});

test(row("N-06", "the body that http_request cuts"), async () => {
  body = acrossAt(16_000);
  const text = await told({ name: "http_request", args: { method: "GET", url: url() } });
  expect(text).toMatch(/cut: /);
  expect(text).not.toContain(BEGINNING);
});

test.each([0, 7_990])(row("N-06", "the piece of a page from offset %i on"), async (offset) => {
  body = acrossAt(8_000);
  const text = await told({ name: "read_url", args: { url: url(), offset } });
  expect(text).toMatch(/x|y/);
  expect([text.includes(BEGINNING), text.includes(SECRET.slice(-10))]).toEqual([false, false]);
});

test.skipIf(!hasBwrap())(row("N-06", "the output of a command whose middle is left out"), async () => {
  writeFileSync(join(rig.home, "workspace/long.txt"), acrossAt(10_000));
  const text = await told({ name: "exec", args: { argv: ["cat", "long.txt"] } });
  expect(text).toMatch(/the middle of stdout is left out/);
  expect(text).not.toContain(BEGINNING);
});
