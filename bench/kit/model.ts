// A model with nothing behind it: an OpenAI-compatible server that answers every chat completion at once, word by word
// when streamed, or holds every call open.

import { createServer, type ServerResponse } from "node:http";

export interface Model {
  /** Up to and including the version segment. */
  readonly url: string;
  close(): void;
}

export interface ModelOptions {
  readonly answer: string;
  /** Answers nothing: calls stay open. */
  readonly silent?: boolean;
  readonly onCall?: () => void;
}

export function startModel({ answer, silent = false, onCall }: ModelOptions): Promise<Model> {
  const whole = wholeAnswer(answer);
  const stream = streamedAnswer(answer);
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      onCall?.();
      if (silent) return;
      if (body.includes('"stream":true')) send(response, "text/event-stream", stream);
      else send(response, "application/json", whole);
    });
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const close = (): void => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ url: `http://127.0.0.1:${port}/v1`, close });
    });
  });
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
}

const USAGE = { prompt_tokens: 50, completion_tokens: 16, total_tokens: 66 };

export function wholeAnswer(answer: string): string {
  const message = { role: "assistant", content: answer };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  return JSON.stringify({
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "stub",
    choices,
    usage: USAGE,
  });
}

/** The events of a streamed answer, one a word, as one text. */
export function streamedAnswer(answer: string): string {
  return `${streamedEvents(answer).join("")}data: [DONE]\n\n`;
}

export function streamedEvents(answer: string): string[] {
  const chunk = (delta: object, finish_reason: string | null, more: object = {}): string => {
    const choices = [{ index: 0, delta, finish_reason }];
    const body = { id: "c", object: "chat.completion.chunk", created: 1, model: "stub", choices, ...more };
    return `data: ${JSON.stringify(body)}\n\n`;
  };
  const words = (answer.match(/\s*\S+/g) ?? []).map((content) => chunk({ content }, null));
  return [chunk({ role: "assistant", content: "" }, null), ...words, chunk({}, "stop", { usage: USAGE })];
}
