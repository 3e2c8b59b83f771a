// The part of the schema that describes MCP servers, and what is served to MCP clients.

import { type SchemaNode, SECONDS_MAX } from "./schema-node.ts";

export const MCP_NAME = "^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$";
const NAME_EXPECTS = "1 to 32 lower-case letters, digits or `-`, neither starting nor ending with `-`";

const SERVER_NODE = {
  type: "object",
  additionalProperties: false,
  required: ["name"],
  description:
    "One server. Nothing of it is offered before `goclaw mcp approve NAME`, nor after it has changed.",
  properties: {
    name: {
      type: "string",
      pattern: MCP_NAME,
      "x-expects": NAME_EXPECTS,
      description: "Its tools are offered as mcp__NAME__TOOL and allowed as mcp.NAME.TOOL in policy.yaml.",
      examples: ["files"],
    },
    transport: {
      type: "string",
      enum: ["stdio", "http", "sse"],
      description:
        "`stdio` starts a program, `http` is streamable HTTP, `sse` the older HTTP+SSE. Default: stdio with a command, else http.",
      examples: ["stdio"],
    },
    command: {
      type: "string",
      minLength: 1,
      description: "The program, absolute or found on PATH. Its file is pinned by hash.",
      examples: ["mcp-server-filesystem"],
    },
    args: {
      type: "array",
      maxItems: 200,
      items: { type: "string", maxLength: 10_000, description: "One argument." },
      description: "Its arguments. Those that name files are pinned by those files' hashes too.",
      examples: [["/srv/documents"]],
    },
    env: {
      type: "object",
      propertyNames: { pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
      "x-expects": "letters, digits and `_`, not starting with a digit",
      properties: {},
      additionalProperties: { type: "string", description: "One variable's value.", "x-secret": true },
      description: "Everything the program finds in its environment beside PATH, HOME and LANG.",
      examples: [{ TZ: "Europe/Vienna" }],
    },
    cwd: {
      type: "string",
      minLength: 1,
      description: "Where the program runs; absolute. Default: the workspace.",
      examples: ["/srv/documents"],
    },
    sandbox: {
      type: "object",
      additionalProperties: false,
      description:
        "Runs the program in bubblewrap: its own files, the system's programs and what is listed here.",
      properties: {
        enabled: {
          type: "boolean",
          default: false,
          description: "False runs it as any program of this user.",
        },
        read: {
          type: "array",
          maxItems: 100,
          items: { type: "string", minLength: 1, description: "An absolute path." },
          description: "Files and directories it may read, its packages among them.",
          examples: [["/opt/mcp/node_modules"]],
        },
        write: {
          type: "array",
          maxItems: 100,
          items: { type: "string", minLength: 1, description: "An absolute path." },
          description: "Directories it may write.",
          examples: [["/srv/documents"]],
        },
        network: { type: "boolean", default: false, description: "True leaves it the network." },
      },
    },
    url: {
      type: "string",
      description: "Address of an http or sse server.",
      examples: ["https://mcp.example/mcp"],
      "x-instead-of": "command",
    },
    headers: {
      type: "object",
      propertyNames: { pattern: "^[A-Za-z0-9-]+$" },
      "x-expects": "letters, digits and `-`",
      "x-instead-of": "env",
      properties: {},
      additionalProperties: { type: "string", description: "One header's value.", "x-secret": true },
      description: "Headers sent with every request to an http or sse server.",
      examples: [{ authorization: "Bearer the-token" }],
    },
    timeout_seconds: {
      type: "number",
      minimum: 0.1,
      maximum: SECONDS_MAX,
      default: 60,
      description: "Longest call; a start and a list have the same limit.",
    },
    enabled: {
      type: "boolean",
      default: true,
      description: "False keeps the entry and its approval but starts and offers nothing.",
    },
    shared: {
      type: "boolean",
      default: true,
      description: "False offers it only to agents that name it in mcp_servers.",
    },
  },
} as const satisfies SchemaNode;

export const MCP_NODE = {
  type: "object",
  additionalProperties: false,
  description: "Model Context Protocol: servers whose tools agents use, and what is served to others.",
  properties: {
    servers: {
      type: "array",
      maxItems: 100,
      items: SERVER_NODE,
      description: "Servers whose tools agents may use. policy.yaml decides each call.",
    },
    idle_seconds: {
      type: "number",
      minimum: 0.1,
      maximum: SECONDS_MAX,
      default: 600,
      description: "A server that nobody called for so long is stopped; the next call starts it again.",
    },
    serve: {
      type: "object",
      additionalProperties: false,
      description: "What `goclaw mcp serve` and /mcp offer to outside clients.",
      properties: {
        agents: {
          type: "array",
          maxItems: 1000,
          items: { type: "string", minLength: 1, description: "An agent_id." },
          description: "Agents offered as tools ask_<agent_id>. Default: every agent.",
          examples: [["default"]],
        },
        tools: {
          type: "array",
          maxItems: 1000,
          items: { type: "string", minLength: 1, description: "A tool name." },
          description: "Tools offered as they are, each call a task of the agent `default`. Default: none.",
          examples: [["now"]],
        },
      },
    },
  },
} as const satisfies SchemaNode;

export const AGENT_MCP_NODE = {
  type: "array",
  maxItems: 100,
  items: { type: "string", minLength: 1, description: "A name from mcp.servers." },
  description: "MCP servers this agent may use. Default: every shared one.",
  examples: [["files"]],
} as const satisfies SchemaNode;
