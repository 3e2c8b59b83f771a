// How a policy names MCP servers and tools: it may name what no server has listed yet, but never by a wrong spelling.

import { expect, test } from "vitest";
import { covers, isKnownPattern } from "../../../src/domain/capability.ts";
import { mcpCapability, offeredName } from "../../../src/domain/mcp.ts";

test("a policy may name all servers, one server or one tool", () => {
  for (const pattern of ["mcp.*", "mcp.fs.*", "mcp.my-server.read_file", "mcp.fs.Get-Sum", "mcp.fs.a.b/c"])
    expect(isKnownPattern(pattern, []), pattern).toBe(true);
  for (const pattern of [
    "mcp",
    "mcp.",
    "mcp.fs",
    "mcp.FS.*",
    "mcp.f_s.*",
    "mcp.*.read",
    "mcp.fs.re*",
    "mcp.fs.a b",
    "mcp..x",
  ])
    expect(isKnownPattern(pattern, []), pattern).toBe(false);
});

test("a pattern covers a server whole, and no server whose name begins like it", () => {
  expect(covers("mcp.fs.*", mcpCapability("fs", "read_file"))).toBe(true);
  expect(covers("mcp.fs.*", mcpCapability("fs-two", "read_file"))).toBe(false);
  expect(covers("mcp.*", mcpCapability("fs-two", "read_file"))).toBe(true);
  expect(covers("tools.*", mcpCapability("fs", "read_file"))).toBe(false);
  expect(covers("mcp.fs.read_file", mcpCapability("fs", "read_files"))).toBe(false);
});

test("the offered name of a tool says its server, and dots and slashes are spelled as vendors take them", () => {
  expect(offeredName("my-server", "a.b/c")).toBe("mcp__my-server__a_b_c");
});
