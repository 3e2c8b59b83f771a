// policy.yaml: everything is denied until a line allows it, and a line that does not mean anything makes the file
// invalid, with the place of the mistake.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BASE_CAPABILITIES, covers, isKnownPattern } from "../../../src/domain/capability.ts";
import { GoclawError } from "../../../src/domain/error.ts";
import { decide as decideRequest } from "../../../src/policy/decide.ts";
import type { Policy } from "../../../src/policy/policy.ts";
import { TOOL_CAPABILITIES } from "../../../src/tools/index.ts";
import { PLACE, policyOf } from "../../support/policy.ts";
import { readText } from "../../support/tree.ts";
import { verifies } from "../../support/verifies.ts";

const KNOWN = [
  "acp.read",
  "acp.mutate",
  "admin.approve",
  "tools.now",
  "tools.write_note",
  "tools.send_alert",
];
const parse = (text: string): Policy => policyOf(text, KNOWN);
const decide = (policy: Policy, capability: string) =>
  decideRequest(policy, PLACE, { agentId: "a", capability, touches: [], labels: [], isOutgoing: false });

function complaint(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(GoclawError);
    expect((error as GoclawError).code).toBe("POLICY_INVALID");
    return (error as GoclawError).message;
  }
  throw new Error("nothing was refused");
}

test.each([
  ["allow_capabilites: []", 'unknown key "allow_capabilites"; did you mean allow_capabilities?'],
  ["rules: [{ efect: ask, capability: tools.now }]", 'unknown key "efect"; did you mean effect?'],
  ["allow_capabilities: [tools.nwo]", 'unknown capability "tools.nwo"; did you mean tools.now?'],
  ["zzzzzzzz: 1", "known: allow_capabilities, allow_domains"],
])("%j gets the nearest name", (text, words) => {
  expect(complaint(text)).toContain(words);
});

describe("deciding", () => {
  test.each(["", "{}", "allow_capabilities: []", "allow_capabilities:", "# nothing\n", "---\n"])(
    verifies("SEC-001", "an empty policy (%j) allows nothing"),
    (text) => {
      const policy = parse(text);
      for (const capability of KNOWN) {
        expect(decide(policy, capability)).toMatchObject({ effect: "deny", rule: "default" });
        expect(decide(policy, capability).reason).toContain(capability);
      }
    },
  );

  test("an allow names its rule", () => {
    const policy = parse("allow_capabilities: [tools.now, acp.*]");
    expect(decide(policy, "tools.now")).toMatchObject({
      effect: "allow",
      rule: "allow_capabilities: tools.now",
    });
    expect(decide(policy, "acp.mutate")).toMatchObject({
      effect: "allow",
      rule: "allow_capabilities: acp.*",
    });
    expect(decide(policy, "tools.write_note").effect).toBe("deny");
  });

  test(verifies("SEC-001", "a capability that is spelled differently is another one"), () => {
    const policy = parse("allow_capabilities: [tools.now]");
    for (const other of [
      "Tools.now",
      "tools.now ",
      "tools.now.x",
      "tools",
      "tools.",
      "tools.*",
      "*",
      "",
      "tools.nοw",
    ]) {
      expect(decide(policy, other).effect, JSON.stringify(other)).toBe("deny");
    }
  });
});

describe("patterns", () => {
  test.each([
    ["*", "tools.now", true],
    ["tools.*", "tools.now", true],
    ["tools.*", "tools.a.b", true],
    ["tools.*", "toolsx.now", false],
    ["tools.*", "tools", false],
    ["tools.n*", "tools.now", false],
    ["*.now", "tools.now", false],
    ["tools.now", "tools.now", true],
    ["tools.now", "tools.nowhere", false],
  ])("%s covers %s: %s", (pattern, capability, expected) => {
    expect(covers(pattern, capability)).toBe(expected);
  });

  test("a pattern covers itself, and a prefix of whole segments covers what lies below it, nothing else", () => {
    const segment = fc.stringMatching(/^[a-z_]{1,6}$/);
    const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(covers(one, one)).toBe(true);
        expect(covers(`${one}.*`, `${one}.${other}`)).toBe(true);
        expect(covers(`${one}.*`, other)).toBe(other.startsWith(`${one}.`));
        expect(covers(one, other)).toBe(one === other);
      }),
    );
  });

  test("only what covers something that exists is known", () => {
    const known = (pattern: string): boolean => isKnownPattern(pattern, KNOWN);
    expect(["*", "tools.*", "acp.read"].map(known)).toEqual([true, true, true]);
    expect(["tool.*", "tools.**", "tools.*.*", "t*", "", "tools", "ACP.read"].map(known)).toEqual(
      Array(7).fill(false),
    );
  });
});

describe("the file", () => {
  test.each([
    ["allow_capabilities: [tools.now, tools.shell]", "policy.yaml:1:33", "tools.shell"],
    ["# a comment\nallow_capabilities:\n  - acp.read\n  - tools.nwo\n", "policy.yaml:4:5", "tools.nwo"],
    ["allow_capabilities:\n  - 5\n", "policy.yaml:2:5", "5"],
    ["allow_capabilities:\n  - [acp.read]\n", "policy.yaml:2:5", "acp.read"],
    ["allow_capabilities: acp.read\n", "policy.yaml:1:21", "must be a list"],
    ["allow_capabilities: []\nallow_domain: []\n", "policy.yaml:2:1", "allow_domains"],
    ["allow_domains: [example.com, http://x.org]\n", "policy.yaml:1:30", "not a domain"],
    ["allow_domains: [EXAMPLE.com]\n", "policy.yaml:1:17", "lower case"],
    ["allow_domains: ['exa*mple.com']\n", "policy.yaml:1:17", "*.example.com"],
    ["allow_paths: [~/x]\n", "policy.yaml:1:15", "absolute"],
    ["allow_paths: [a/../../b]\n", "policy.yaml:1:15", '".."'],
    ["allow_paths:\n  - {path: a, mode: wr}\n", "policy.yaml:2:21", "ro or rw"],
    ["allow_loopback: 'yes'\n", "policy.yaml:1:17", "true or false"],
    ["mcp: {default: maybe}\n", "policy.yaml:1:16", "deny, ask, allow"],
    ["mcp:\n  rules:\n    - {tool: x}\n", "policy.yaml:3:8", "tools"],
    ["allow_capabilities: []\nrules:\n  - effect: allow\n", "policy.yaml:3:5", "needs a capability"],
    ["rules:\n  - capability: tools.now\n", "policy.yaml:2:5", "needs an effect"],
    ["rules:\n  - {effect: permit, capability: tools.now}\n", "policy.yaml:2:14", "deny, ask, allow"],
    ["rules:\n  - {effect: ask, capability: acp.read}\n", "policy.yaml:2:31", "acp.read"],
    ["rules:\n  - {effect: ask, capability: '*'}\n", "policy.yaml:2:31", "what an agent does"],
    [
      "rules:\n  - {effect: deny, capability: tools.now, path: /a, domain: b.c}\n",
      "policy.yaml:2:5",
      "path and domain",
    ],
    [
      "rules:\n  - {effect: deny, capability: tools.now, command: 'git * x'}\n",
      "policy.yaml:2:52",
      "last word",
    ],
    ["rules:\n  - {effect: deny, capability: tools.now, mcp: a.b}\n", "policy.yaml:2:48", "server/tool"],
    ["rules:\n  - {effect: deny, capability: tools.now, aegnts: [a]}\n", "policy.yaml:2:43", "agents"],
    ["allow_capabilities: []\nallow_capabilities: [acp.read]\n", "policy.yaml:2:", "unique"],
    ["allow_capabilities: [acp.read\n", "policy.yaml:", ""],
    ["- acp.read\n", "policy.yaml", "mapping"],
    ["just words\n", "policy.yaml", "mapping"],
    ["5\n", "policy.yaml", "mapping"],
  ])("%j is refused at its place", (text, place, what) => {
    const message = complaint(text);
    expect(message).toContain(place);
    expect(message).toContain(what);
  });

  test("a file of aliases does not grow", () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      ..."bcdefgh".split("").map((name, index) => {
        const before = "abcdefg"[index];
        return `${name}: &${name} [${Array(9).fill(`*${before}`).join(",")}]`;
      }),
    ].join("\n");
    expect(() => parse(bomb)).toThrow();
  });

  test(
    verifies("SEC-003", "the version is that of the meaning: comments, order and doubles do not change it"),
    () => {
      const one = parse("allow_capabilities: [acp.read, tools.now]");
      const other = parse(
        "# why\nallow_capabilities:\n  - tools.now # the time\n  - 'acp.read'\n  - tools.now\n",
      );
      expect(other.version).toBe(one.version);
      expect(one.version).toMatch(/^[0-9a-f]{64}$/);
      expect(parse("allow_capabilities: [acp.read]").version).not.toBe(one.version);
      expect(other.text).toContain("# why");
    },
  );

  test("the example is valid", () => {
    const known = [...BASE_CAPABILITIES, ...TOOL_CAPABILITIES];
    expect(() => policyOf(readText("policy.example.yaml"), known)).not.toThrow();
  });

  test("any text is a policy or a refusal with a code, and never allows what it does not name", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.constantFrom("__proto__: {}", "? a", "!!js x", "%YAML 9")),
        (text) => {
          try {
            const policy = parse(text);
            if (!text.includes("*")) expect(decide(policy, "tools.send_alert").effect).toBe("deny");
          } catch (error) {
            expect((error as GoclawError).code).toBe("POLICY_INVALID");
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("a call that touches several things", () => {
  const policy = (rules: string): Policy =>
    policyOf(`allow_paths: [{path: workspace, mode: rw}]\nrules: [${rules}]`, ["tools.exec"]);
  const run = (given: Policy, command: string, cwd: string) =>
    decideRequest(given, PLACE, {
      agentId: "a",
      capability: "tools.exec",
      touches: [{ command: command.split(" "), path: { path: cwd, mode: "rw" } }],
      labels: [],
      isOutgoing: false,
    }).effect;

  test("a rule about the command speaks for its directory, where the lists open that one", () => {
    const allows = policy("{effect: allow, capability: tools.exec, command: git status}");
    expect(run(allows, "git status", ".")).toBe("allow");
    expect(run(allows, "git status -s", ".")).toBe("deny");
    expect(run(allows, "git status", "/srv")).toBe("deny");
    expect(run(policy("{effect: ask, capability: tools.exec, command: git *}"), "git push", ".")).toBe("ask");
  });

  test("a rule about a directory does not speak for the commands in it", () => {
    expect(run(policy("{effect: allow, capability: tools.*, path: workspace}"), "rm -rf x", ".")).toBe(
      "deny",
    );
  });
});
