// Hands the SDKs their server-sent events in the one plain form that all of their parsers take: a name if there is one,
// and one `data:` line. Byte order marks, comments, other fields, CRLF and data over several lines are legal, but one
// SDK drops such events, and another keeps every comment in memory until an event comes.

import { createParser } from "eventsource-parser";

export function withPlainEvents(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    const { body, status, headers } = response;
    if (!headers.get("content-type")?.startsWith("text/event-stream")) return response;
    return new Response(body?.pipeThrough(plainEvents()) ?? null, { status, headers });
  };
}

/** Of one event, in characters, however many lines it has. */
const MAX_EVENT_CHARS = 4 * 1024 * 1024;

function plainEvents(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let ready = "";
  const parser = createParser({
    // A line break in JSON outside of strings is white space, and inside of them it is not legal.
    onEvent: ({ event, data }) => {
      ready += `${event ? `event: ${event}\n` : ""}data: ${data.replaceAll("\n", " ")}\n\n`;
    },
    maxBufferSize: MAX_EVENT_CHARS,
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") throw error;
    },
  });
  const pass = (text: string, out: TransformStreamDefaultController<Uint8Array>): void => {
    parser.feed(text);
    if (ready !== "") out.enqueue(encoder.encode(ready));
    ready = "";
  };
  return new TransformStream({
    transform: (chunk, out) => pass(decoder.decode(chunk, { stream: true }), out),
    // A last event without its empty line still counts; if it is cut off, it does not parse.
    flush: (out) => pass(`${decoder.decode()}\n\n`, out),
  });
}
