// The line protocol over a program's pipes: messages whole however they are cut, and a limit on everything else.

import { PassThrough } from "node:stream";
import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { MESSAGE_BYTES, PipeTransport } from "../../../src/mcp/pipe-transport.ts";
import { row } from "../../support/catalogue.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { createSignal, within } from "../../support/wait.ts";

function open() {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const clock = createManualClock();
  const transport = new PipeTransport({ pid: 1, stdin, stdout, stderr }, clock.monoMs);
  const messages: JSONRPCMessage[] = [];
  const errors: string[] = [];
  const closed = createSignal();
  transport.onmessage = (message) => void messages.push(message);
  transport.onerror = (error) => void errors.push(error.message);
  transport.onclose = () => closed.give();
  void transport.start();
  return { stdin, stdout, clock, transport, messages, errors, closed: within("the cut", closed.promise) };
}

const line = (id: number, text = "é✓"): string =>
  `${JSON.stringify({ jsonrpc: "2.0", id, result: { text } })}\n`;

/** Resolves once everything written so far was read. */
const drained = (stream: PassThrough): Promise<void> =>
  new Promise((resolve) => void stream.write("\n", () => setImmediate(resolve)));

test("messages come whole, wherever the pipe cuts them", async () => {
  const { stdout, messages } = open();
  const bytes = Buffer.from(line(1) + line(2) + line(3));
  for (let at = 0; at < bytes.length; at += 3) stdout.write(bytes.subarray(at, at + 3));
  await drained(stdout);
  expect(messages.map((message) => (message as { id: number }).id)).toEqual([1, 2, 3]);
  expect(JSON.stringify(messages[1])).toContain("é✓");
});

test("what is sent is one line, and nothing is sent once the pipe is closed", async () => {
  const { stdin, transport } = open();
  await transport.send({ jsonrpc: "2.0", method: "x", params: { text: "a\nb" } });
  expect(String(stdin.read())).toBe('{"jsonrpc":"2.0","method":"x","params":{"text":"a\\nb"}}\n');
  await transport.close();
  await expect(transport.send({ jsonrpc: "2.0", method: "x" })).rejects.toMatchObject({ code: "ENOTCONN" });
});

test(row(["I-13", "R-22"], "a message without end is cut off before it fills memory"), async () => {
  const { stdout, transport, messages, closed } = open();
  for (let sent = 0; sent <= MESSAGE_BYTES; sent += 65_536) stdout.write(Buffer.alloc(65_536, "x"));
  await closed;
  expect(transport.fault).toContain("LIMIT_SIZE");
  expect(messages).toEqual([]);
});

test(row("R-22", "lines that are no message are dropped, and too many of them end it"), async () => {
  const { stdout, transport, messages, errors, closed } = open();
  stdout.write('hello\n[]\n{"jsonrpc":"1.0"}\nnull\n');
  stdout.write(line(7));
  await drained(stdout);
  expect(messages).toHaveLength(1);
  expect(errors).toHaveLength(4);
  for (let sent = 0; sent < 100; sent++) stdout.write("noise\n");
  await closed;
  expect(transport.fault).toContain("not MCP");
});

test(row("I-12", "notifications are taken at a human pace and a flood of them ends it"), async () => {
  const { stdout, clock, transport, messages, closed } = open();
  const note = `${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: {} })}\n`;
  for (let second = 0; second < 3; second++) {
    stdout.write(note.repeat(1_900));
    await drained(stdout);
    clock.pass(1_000);
  }
  expect(transport.fault).toBeUndefined();
  expect(messages).toHaveLength(5_700);
  stdout.write(note.repeat(2_100));
  await closed;
  expect(transport.fault).toContain("flood");
});
