// Generated data that is nearly a configuration, so that the interesting branches are reached.

import fc from "fast-check";

export const key = fc.constantFrom(
  "worker_count",
  "retry",
  "base_ms",
  "max_ms",
  "llm",
  "model",
  "provider",
  "providers",
  "openai",
  "api_key",
  "models",
  "agents",
  "agent_id",
  "tools",
  "gateway",
  "allow_remote",
  "bind_addr",
  "log_level",
  "x",
  "__proto__",
  "constructor",
  "",
);
export const scalar = fc.oneof(
  fc.constantFrom("openai", "a", "info", "${A}", "127.0.0.1:0", "", "🦆", "a".repeat(201)),
  fc.integer({ min: -1, max: 300 }),
  fc.double(),
  fc.boolean(),
);
export const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
  ),
}));
