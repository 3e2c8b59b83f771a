// The part of the schema that describes one entry of `agents[]`.

import { OUTPUT_RETRIES } from "../domain/output.ts";
import { BUDGET_NODE } from "./schema-budget.ts";
import { AGENT_MCP_NODE } from "./schema-mcp.ts";
import { type SchemaNode, SECONDS_MAX } from "./schema-node.ts";

const STRUCTURED_OUTPUT_NODE = {
  type: "object",
  additionalProperties: false,
  description:
    "Set schema or schema_file to make every final answer JSON that fits it. A task can bring a schema of its own.",
  properties: {
    schema: {
      type: "object",
      "x-free": true,
      description: "A JSON Schema (2020-12). Either this or schema_file.",
      examples: [{ type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] }],
    },
    schema_file: {
      type: "string",
      minLength: 1,
      description: "A JSON file inside the home that holds the schema.",
      examples: ["schemas/review.json"],
      "x-instead-of": "schema",
    },
    max_retries: {
      type: "integer",
      minimum: 0,
      maximum: 20,
      default: OUTPUT_RETRIES,
      description: "How often the model is asked again, with what is wrong, for an answer that does not fit.",
    },
  },
} as const satisfies SchemaNode;

const AGENT_PROPERTIES = {
  agent_id: {
    type: "string",
    pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
    "x-expects": "1 to 64 letters, digits, `_` or `-`, starting with a letter or digit",
    description: "The name used in `--agent`, in the API (`agent:<id>`) and in the log.",
    examples: ["reviewer"],
  },
  display_name: {
    type: "string",
    minLength: 1,
    maxLength: 100,
    description: "The name people see. Default: the agent_id.",
    examples: ["Reviewer"],
  },
  provider: {
    type: "string",
    minLength: 1,
    description: "Id of the provider that answers. Default: llm.provider.",
    examples: ["openai"],
  },
  model: {
    type: "string",
    minLength: 1,
    maxLength: 200,
    description:
      "Model that answers, or tier:NAME, or auto. Default: llm.model, or the default of the agent's own provider.",
    examples: ["gpt-6-luna"],
  },
  soul: {
    type: "string",
    maxLength: 262_144,
    description: "The words that open every conversation of this agent. Either this or soul_file.",
    examples: ["You review changes. You name the line, the problem and the mend."],
  },
  soul_file: {
    type: "string",
    minLength: 1,
    description: "A text file inside the home to read the soul from.",
    examples: ["souls/translator.md"],
    "x-instead-of": "soul",
  },
  tools: {
    type: "array",
    items: { type: "string", minLength: 1, description: "A tool name." },
    maxItems: 1000,
    description: "Tools offered to the model. Default: every tool. policy.yaml still decides each call.",
    examples: [["now", "write_note"]],
  },
  mcp_servers: AGENT_MCP_NODE,
  worker_count: {
    type: "integer",
    minimum: 1,
    maximum: 256,
    description: "At most so many tasks of this agent run at once. Default: as many as there are lanes.",
    examples: [2],
  },
  task_timeout_seconds: {
    type: "number",
    minimum: 0.1,
    maximum: SECONDS_MAX,
    description: "Longest attempt of this agent's tasks. Default: the global task_timeout_seconds.",
    examples: [120],
  },
  max_queue_depth: {
    type: "integer",
    minimum: 0,
    maximum: 1_000_000_000,
    description: "Waiting tasks of this agent; 0 is unlimited. Default: the global max_queue_depth.",
    examples: [100],
  },
  max_turns: {
    type: "integer",
    minimum: 1,
    maximum: 1000,
    default: 24,
    description: "Model calls in one task before it fails with TURN_LIMIT.",
  },
  context_limit: {
    type: "integer",
    minimum: 1024,
    maximum: 100_000_000,
    description:
      "Tokens a request of this agent may have, its answer included: below the model's window, or in place of a window that models[] does not give. Older messages are summarised to keep it.",
    examples: [32768],
  },
  structured_output: STRUCTURED_OUTPUT_NODE,
  budgets: BUDGET_NODE,
} as const satisfies Record<string, SchemaNode>;

export const AGENT_NODE = {
  type: "object",
  additionalProperties: false,
  required: ["agent_id"],
  description: "One agent.",
  properties: AGENT_PROPERTIES,
} as const satisfies SchemaNode;
