// The commands about MCP: servers whose tools agents use, and being one.

import { type CommandSpec, JSON_OPTION } from "./command-spec.ts";

const SERVER = { name: "<server>", description: "a name from mcp.servers in config.yaml" };

export const MCP: readonly CommandSpec[] = [
  {
    name: "mcp",
    group: "Tools:",
    summary: "approve the tools of MCP servers, or serve agents to MCP clients",
    commands: [
      {
        name: "list",
        summary: "list the configured servers and where their tools stand",
        details: "Starts nothing.",
        options: [JSON_OPTION],
      },
      {
        name: "tools",
        summary: "list the tools of a server",
        details: "As last seen; --fresh starts the server if need be and asks it.",
        arguments: [SERVER],
        options: [{ flags: "--fresh", description: "ask the server now" }, JSON_OPTION],
      },
      {
        name: "approve",
        summary: "show a server and its tools in full, and approve them with --yes",
        details:
          "What is approved is pinned by hash: the program, its arguments, every tool's definition. Whatever changes later is refused until it is approved again. With --json and without --yes it prints what would be approved.",
        arguments: [SERVER],
        options: [
          { flags: "--yes", description: "approve; without it nothing changes" },
          {
            flags: "--digest <hex>",
            description: "approve only if it still is what was shown under this digest",
          },
          JSON_OPTION,
        ],
      },
      {
        name: "serve",
        summary: "be an MCP server on standard input and output",
        details:
          "Offers what mcp.serve in config.yaml names, as durable tasks of the daemon; the daemon's own address serves the same at /mcp.",
      },
    ],
  },
];
