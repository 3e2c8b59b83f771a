// `http_request`: one request to an API that the policy names. Reading may be repeated; anything else is once, because no
// header can make a stranger's server keep the promise that a repetition is harmless.

import type { Fetched } from "../policy/egress-request.ts";
import { mediaTypeOf, textOf } from "./answer-text.ts";
import { cutClean } from "./clean-cut.ts";
import type { Args, Tool, ToolContext, ToolOutcome } from "./tool.ts";

const READING: readonly unknown[] = ["GET", "HEAD"];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
const SHOWN_CHARS = 16_000;

/** What a model may set: nothing that says who asks, where to, or how the connection is used. */
const HEADERS = [
  "accept",
  "accept-language",
  "content-type",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "prefer",
];
/** Worth telling a model; the rest is noise. */
const SHOWN_HEADERS = ["content-type", "location", "etag", "last-modified", "link", "retry-after"];

export const httpRequest: Tool = {
  name: "http_request",
  description:
    "Sends one HTTP request to an allowed host and returns status, headers and body. For web pages use read_url. " +
    "GET and HEAD follow redirects; POST, PUT, PATCH and DELETE change things: they are sent once and never again by themselves.",
  params: {
    type: "object",
    properties: {
      url: {
        type: "string",
        minLength: 1,
        maxLength: 8192,
        description: "In full, for example https://api.example.com/v1/things.",
      },
      method: { type: "string", enum: METHODS, description: "GET when left out." },
      headers: {
        type: "object",
        description: `Any of ${HEADERS.join(", ")}, in lower case.`,
        properties: Object.fromEntries(
          HEADERS.map((name) => [name, { type: "string", maxLength: 1000, pattern: "^[\\x20-\\x7e]*$" }]),
        ),
        additionalProperties: false,
      },
      body: {
        type: "string",
        maxLength: 200_000,
        description: "Sent as it is; say what it is in content-type.",
      },
    },
    required: ["url"],
    additionalProperties: false,
  },
  effectClass: "once",
  effectClassOf: ({ method = "GET" }) => (READING.includes(method) ? "pure" : "once"),
  resource: ({ url, method = "GET" }) => `${method} ${url}`,
  touches: ({ url }) => [{ url: String(url) }],
  yields: ["untrusted", "outside"],
  isOutgoing: true,
  run: async (args, { egress, grant, effectKey, redact, signal }) => {
    const method = (args.method ?? "GET") as (typeof METHODS)[number];
    const reading = READING.includes(method);
    if (reading && args.body !== undefined)
      return { type: "failed", text: `TOOL_ARGUMENTS: a ${method} has no body` };
    const headers = {
      ...(args.headers as Args | undefined),
      ...(reading ? {} : { "idempotency-key": effectKey }),
    };
    const body = args.body === undefined ? {} : { body: String(args.body) };
    const fetched = await egress.fetch(
      { url: String(args.url), method, headers, ...body, reach: grant },
      signal,
    );
    return outcomeOf(fetched, reading, redact);
  },
};

function outcomeOf(fetched: Fetched, reading: boolean, redact: ToolContext["redact"]): ToolOutcome {
  switch (fetched.type) {
    case "refused":
      return { type: "failed", text: `${fetched.code}: ${fetched.why}` };
    case "unsent":
      return { type: "failed", text: `TOOL_FAILED: nothing was sent: ${fetched.why}` };
    case "unknown":
      // Who only reads has lost nothing by not knowing.
      if (!reading) return { type: "unknown", text: fetched.why };
      return { type: "failed", text: `${fetched.code ?? "TOOL_FAILED"}: ${fetched.why}` };
    case "answered":
      return { type: "done", text: describe(fetched, redact) };
  }
}

function describe(answer: Extract<Fetched, { type: "answered" }>, redact: ToolContext["redact"]): string {
  const { status, headers, shortfall } = answer;
  const named = SHOWN_HEADERS.filter((name) => headers[name] !== undefined);
  const head = [`status ${status}`, ...named.map((name) => `${name}: ${headers[name]}`)].join("\n");
  const body = isText(mediaTypeOf(answer))
    ? textOf(answer)
    : `[${answer.body.length} bytes that are not text]`;
  const shown =
    body.length > SHOWN_CHARS
      ? `${cutClean(body, SHOWN_CHARS, redact)}\n[cut: ${body.length - SHOWN_CHARS} more characters; ask for less]`
      : body;
  const notes = [
    ...(shortfall === null ? [] : [`[${shortfall.code ?? "TOOL_FAILED"}: ${shortfall.why}]`]),
    ...(status >= 300 && status < 400 && headers.location !== undefined
      ? [
          "[URL_REDIRECT_DENIED: the redirect was not followed; a request that changes something goes to one address]",
        ]
      : []),
  ];
  return [head, "", shown, ...notes].join("\n").trimEnd();
}

function isText(type: string): boolean {
  return /^text\/|json|xml|yaml|javascript|x-www-form-urlencoded/.test(type);
}
