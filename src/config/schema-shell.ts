// The part of config.yaml's schema about running commands: which sandbox, and what a command is given in it.

import type { SchemaNode } from "./schema-node.ts";

export const SHELL_NODE = {
  type: "object",
  additionalProperties: false,
  description: "The tools exec and shell: commands that the model runs.",
  properties: {
    sandbox: {
      type: "string",
      enum: ["bwrap", "docker", "host"],
      default: "bwrap",
      description:
        "Where a command runs: bubblewrap; a Docker container; or this machine as it is, which policy.yaml must also allow with allow_unsandboxed_exec. Never another than this one.",
      "x-reload": "restart",
    },
    bwrap_path: {
      type: "string",
      minLength: 1,
      description: "The program bwrap. Default: where Linux distributions install it.",
      examples: ["/usr/bin/bwrap"],
      "x-reload": "restart",
    },
    docker_image: {
      type: "string",
      minLength: 1,
      maxLength: 300,
      description: "Image for sandbox: docker; it must be on this machine already.",
      examples: ["debian:12"],
      "x-reload": "restart",
    },
    env_names: {
      type: "array",
      maxItems: 100,
      items: {
        type: "string",
        minLength: 1,
        maxLength: 64,
        description: "Name of an environment variable.",
      },
      description:
        "Variables that a call may set, beside the harmless ones every call may. Those that make programs load other code (LD_PRELOAD, NODE_OPTIONS, …) are refused in any case.",
      examples: [["RAILS_ENV"]],
      "x-reload": "restart",
    },
    memory_mb: {
      type: "integer",
      minimum: 16,
      maximum: 1_048_576,
      default: 1024,
      description:
        "Memory for one command with all it starts; kept where the machine lets goclaw make control groups.",
      "x-reload": "restart",
    },
  },
} as const satisfies SchemaNode;
