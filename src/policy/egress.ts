// Outbound HTTP on behalf of a tool. The only place that opens a connection for one; today it serves destinations the
// operator wrote into config.yaml, so it does not judge the address.

import { messageOf } from "../domain/error.ts";

export interface PostJson {
  readonly url: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** `unsent`: nothing reached the other side. `unknown`: it may have acted, but no answer came. */
export type PostResult =
  | { readonly type: "answered"; readonly status: number; readonly text: string }
  | { readonly type: "unsent"; readonly message: string }
  | { readonly type: "unknown"; readonly message: string };

const ANSWER_LIMIT_CHARS = 2_000;

/** One POST, never repeated and never redirected. */
export async function postJson(
  { url, body, headers, timeoutMs }: PostJson,
  signal: AbortSignal,
): Promise<PostResult> {
  const target = new URL(url);
  // Loaded at the first use: TLS is a part of Node that a start does not need.
  const { request: send } = await (target.protocol === "https:" ? import("node:https") : import("node:http"));
  const payload = Buffer.from(JSON.stringify(body));
  return new Promise((resolve) => {
    let connected = false;
    const request = send(target, {
      method: "POST",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      agent: false, // a kept-alive socket that died is indistinguishable from an act without an answer
      headers: { ...headers, "content-type": "application/json", "content-length": payload.byteLength },
    });
    request.on("socket", (socket) => {
      socket.on("connect", () => {
        connected = true;
      });
    });
    request.on("error", (error) => {
      const message = messageOf(error);
      resolve(connected ? { type: "unknown", message } : { type: "unsent", message });
    });
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (text.length < ANSWER_LIMIT_CHARS) text = (text + chunk).slice(0, ANSWER_LIMIT_CHARS);
      });
      const answered = (): void => resolve({ type: "answered", status: response.statusCode ?? 0, text });
      response.on("end", answered);
      response.on("error", answered); // the status line came: the other side did answer
    });
    request.end(payload);
  });
}
