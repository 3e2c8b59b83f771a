// Checks Ollama's lines before its SDK sees them, which would print one that is not JSON to the console and go on
// without it. A line with an error ends the call with its class.

import { type CallSite, fault, quoted } from "./faults.ts";
import { judgeOllama } from "./ollama-errors.ts";
import type { CallClock } from "./timeouts.ts";

export function withCheckedLines(send: typeof fetch, site: CallSite, clock: CallClock): typeof fetch {
  return async (input, init) => {
    const { body, status, headers } = await send(input, init);
    return new Response(body?.pipeThrough(checkedLines(site, clock)) ?? null, { status, headers });
  };
}

function checkedLines(site: CallSite, clock: CallClock): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const pieces: string[] = [];
  const pass = (text: string, out: TransformStreamDefaultController<Uint8Array>): void => {
    const lines = text.split("\n");
    const rest = lines.pop() ?? "";
    if (lines.length === 0) {
      pieces.push(rest);
      return;
    }
    lines[0] = pieces.join("") + lines[0];
    pieces.splice(0, pieces.length, rest);
    for (const line of lines) {
      if (line.trim() === "") continue;
      check(line, site, clock);
      out.enqueue(encoder.encode(`${line}\n`));
    }
  };
  return new TransformStream({
    transform: (chunk, out) => pass(decoder.decode(chunk, { stream: true }), out),
    flush: (out) => pass(`${decoder.decode()}\n`, out),
  });
}

function check(line: string, site: CallSite, clock: CallClock): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    clock.fail(fault(site, "malformed", "sent a line that is not JSON"));
    throw error;
  }
  if (typeof value !== "object" || value === null) {
    clock.fail(fault(site, "malformed", "sent a line that is no object"));
    throw new TypeError("not an object");
  }
  if (!("error" in value)) return;
  const { errorClass = "overloaded", message = "" } = judgeOllama({ status: 0, text: line, body: value });
  clock.fail(fault(site, errorClass, `failed in mid-stream: ${quoted(message, undefined)}`));
  throw new Error("an error line");
}
