// The body of a request as HTTP sees it: what is no JSON is told where, what is encoded is refused by the encoding, and
// who sends too much still reads why.

import { request } from "node:http";
import { APIError, AuthenticationError } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import type { Reply } from "../support/http.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
let daemon: Daemon;

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterAll(() => rig.close());

const PATH = "/v1/chat/completions";
const GOOD = '{"model":"stub/m","messages":[{"role":"user","content":"hi"}]}';
const send = (body: string, headers: Record<string, string> = {}): Promise<Reply> =>
  daemon.client.send("POST", PATH, { body, headers: { "content-type": "application/json", ...headers } });
const LARGE = "A".repeat(40 * 1024 * 1024);
const errorOf = (reply: Reply) => reply.json<{ error: Record<string, unknown> }>().error;

const BROKEN = [
  ["a comma too many", '{"model":"m",\n "messages":[],}', "line 2, column 16"],
  ["a bracket in place of a value", '{"model":"m","messages":[{"role":"user"},]}', "line 1, column 42"],
  ["an end too soon", '{"model":"m",\n\n"messages":[', "line 3, column 13"],
  ["single quotes", "{'model':'m'}", "line 1, column 2"],
  ["a word that is none", '{"model":nil}', "line 1, column 10"],
  ["a number that is none", '{"temperature":01}', "line 1, column 17"],
  ["a line break in a string", '{"model":"m\n"}', "line 1, column 12"],
  ["an escape that is none", '{"model":"\\x"}', "line 1, column 11"],
  ["something behind it", `${GOOD} x`, "line 1, column 64"],
  ["a string without an end", '{"model":"m', "line 1, column 12"],
] as const;

test.each(BROKEN)("%s is named by its place", async (_name, body, place) => {
  const reply = await send(body);
  expect([reply.status, errorOf(reply).code]).toEqual([400, "PARSE_ERROR"]);
  expect(errorOf(reply).message).toContain(place);
});

test("a body that is compressed or in another charset is a 415 that says so", async () => {
  for (const headers of [{ "content-encoding": "gzip" }, { "content-encoding": "br" }]) {
    const reply = await send(GOOD, headers);
    expect([reply.status, errorOf(reply).code]).toEqual([415, "UNSUPPORTED_MEDIA"]);
    expect(errorOf(reply).message).toContain("Content-Encoding");
  }
  const latin = await send(GOOD, { "content-type": "application/json; charset=iso-8859-1" });
  expect([latin.status, errorOf(latin).code]).toEqual([415, "UNSUPPORTED_MEDIA"]);
  expect(errorOf(latin).message).toContain("UTF-8");
  for (const type of ["application/json; charset=UTF-8", 'application/json;charset="utf-8"'])
    expect((await send(GOOD, { "content-type": type, "content-encoding": "identity" })).status).toBe(200);
});

test("who has the wrong key reads that, however much is sent with it", async () => {
  const stranger = openAiOf({ ...daemon.client, token: "wrong" });
  for (let n = 0; n < 3; n++) {
    const asked = stranger.chat.completions.create({
      model: "stub/m",
      messages: [{ role: "user", content: LARGE }],
    });
    expect(await asked.catch((thrown: unknown) => thrown)).toBeInstanceOf(AuthenticationError);
  }
});

test("who sends too much reads that it is too much, and does not lose the connection first", async () => {
  const openai = openAiOf(daemon.client);
  for (let n = 0; n < 5; n++) {
    const asked = openai.chat.completions.create({
      model: "stub/m",
      messages: [{ role: "user", content: LARGE }],
    });
    const error = await asked.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status: 413, code: "LIMIT_SIZE" });
    expect(await postPlainly(LARGE)).toBe(413);
  }
});

/** A client that neither waits for an answer nor looks at it before everything is sent. */
function postPlainly(body: string): Promise<number | undefined> {
  const headers = { authorization: `Bearer ${daemon.client.token}`, "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(PATH, daemon.client.url), { method: "POST", headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
