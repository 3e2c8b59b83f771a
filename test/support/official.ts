// OpenAI's official client, pointed at a daemon. It asks once: what it would make of a failure by itself is another test's.

import OpenAI, { type ClientOptions } from "openai";
import type { Client } from "./http.ts";

export function openAiOf({ url, token }: Pick<Client, "url" | "token">, more: ClientOptions = {}): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0, ...more });
}
