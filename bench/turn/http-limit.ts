// The limit of the group `turn`: node:http that parses a chat completion, writes one durable row for it (all requests
// of one turn of the event loop share a COMMIT) and answers the same words. No queue, no agent, no events, no token.

import { createServer } from "node:http";
import { join } from "node:path";
import Database from "better-sqlite3";
import { childInput, tell } from "../kit/child.ts";
import { streamedEvents, wholeAnswer } from "../kit/model.ts";
import { makeDirectory } from "../kit/place.ts";

const { answer } = childInput<{ readonly answer: string }>();
const whole = wholeAnswer(answer);
const events = [...streamedEvents(answer), "data: [DONE]\n\n"];

const db = new Database(join(makeDirectory("http"), "limit.db"));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(
  "CREATE TABLE requests (id INTEGER PRIMARY KEY, prompt TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
);
const insert = db.prepare("INSERT INTO requests (prompt, answer, at) VALUES (?, ?, ?)");

let waiting: { readonly prompt: string; readonly resolve: () => void }[] = [];
function commit(): void {
  const rows = waiting;
  waiting = [];
  db.exec("BEGIN IMMEDIATE");
  for (const { prompt } of rows) insert.run(prompt, answer, Date.now());
  db.exec("COMMIT");
  for (const { resolve } of rows) resolve();
}

function write(prompt: string): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push({ prompt, resolve }) === 1) setImmediate(commit);
  });
}

interface Chat {
  readonly stream?: boolean;
  readonly messages: readonly { readonly content: string }[];
}

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => {
    body += text;
  });
  request.on("end", async () => {
    const chat = JSON.parse(body) as Chat;
    await write(chat.messages.at(-1)?.content ?? "");
    if (chat.stream !== true) {
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(whole),
      });
      response.end(whole);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) response.write(event);
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  void tell({ port: typeof address === "object" && address !== null ? address.port : 0 });
});
