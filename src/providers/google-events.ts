// Hands Gemini's SDK its events in the one form its own parser takes: one `data:` line each. A byte order mark,
// comments, field names, CRLF and data split over lines are all legal, and that parser drops or breaks such events.

import { createParser } from "eventsource-parser";

export function withPlainEvents(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const { body, status, headers } = await send(input, init);
    return new Response(body?.pipeThrough(plainEvents()) ?? null, { status, headers });
  };
}

function plainEvents(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let ready = "";
  const parser = createParser({
    // A line break in JSON outside of strings is white space, and inside of them it is not legal.
    onEvent: ({ data }) => {
      ready += `data: ${data.replaceAll("\n", " ")}\n\n`;
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
