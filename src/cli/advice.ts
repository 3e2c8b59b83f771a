// What to do about a code, in a sentence. A code without a row speaks for itself through its message.

import { CODES, type Code } from "../domain/error.ts";

const ADVICE: Partial<Record<Code, string>> = {
  PROVIDER_NOT_CONFIGURED:
    "Set the key in the environment or in the home's .env, or name another provider with `goclaw config set llm.provider`. `goclaw demo` needs no key.",
  PROVIDER_AUTH: "Check the key that the message names; the provider does not accept it.",
  PROVIDER_QUOTA: "Add credit at the provider, or use another one with `goclaw config set llm.provider`.",
  PROVIDER_CONTEXT_LENGTH: "Start a new session, or shorten the prompt.",
  PROVIDER_REFUSED: "Say it in other words; the provider does not answer this.",
  CASSETTE_MISS: "Record the answer in the cassette, or send a prompt that it has.",
  AGENT_NOT_FOUND: "Name an agent of config.yaml with --agent.",
  MODEL_NOT_FOUND: "Name a model that the provider has with --model.",
  CAP_DENIED: "Add the capability to allow_capabilities in policy.yaml if it is meant.",
  QUEUE_FULL: "Try again later, or raise max_queue_depth.",
  DISK_FULL: "Free some space; the daemon goes on by itself.",
  TASK_TIMEOUT: "Raise task_timeout_seconds, or ask for less at once.",
  TURN_LIMIT: "Raise max_turns of the agent, or ask for less at once.",
  IDEMPOTENCY_CONFLICT: "Use another --idempotency-key for another prompt.",
  AUTH_INVALID: "The daemon knows another token than this home's auth.token: restart it.",
};

const DEAD =
  "`goclaw task retry ID` brings it back when the cause is mended; `goclaw task events ID` shows what happened.";

export function adviceFor(code: string, taskId: string): string | undefined {
  if (code.startsWith("DEAD_LETTER_") || code === "CRASH_LOOP") return DEAD.replaceAll("ID", taskId);
  return Object.hasOwn(ADVICE, code) ? ADVICE[code as Code] : undefined;
}

/** What a code means, or the code itself when this goclaw does not know it. */
export function meaningOf(code: string): string {
  return Object.hasOwn(CODES, code) ? CODES[code as Code].meaning : code;
}
