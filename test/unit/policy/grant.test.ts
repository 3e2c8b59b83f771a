// What an allowed act may reach while it runs: what both the policy in force and the one its attempt began with open, and
// nothing that a rule speaks against.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Grant, Touch } from "../../../src/domain/act.ts";
import { createGuard, type Guard } from "../../../src/policy/guard.ts";
import { judgeUrl } from "../../../src/policy/url-rules.ts";
import { row } from "../../support/catalogue.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { guardOf, PLACE, policyOf } from "../../support/policy.ts";
import { createWeb, saying } from "../../support/web.ts";

const TOOLS = ["tools.exec", "tools.read_url", "tools.search_files"];
let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
afterAll(() => writer.close());

const guard = (text: string): Guard => guardOf(text, TOOLS, storeOf(writer));

function grant(from: Guard, capability: string, touch: Touch, pinnedVersion = from.policy().version): Grant {
  return from.decideAct({
    ...{ principal: "agent:a", capability, resource: null, traceId: "t", taskId: null, agentId: "a" },
    ...{ touches: [touch], labels: [], sources: [], isOutgoing: false, onBehalfOf: [], pinnedVersion },
  }).grant;
}

const DOMAINS = `
allow_capabilities: [tools.read_url]
allow_domains: ["*.example"]
rules:
  - {effect: deny, capability: tools.read_url, domain: denied.example}
  - {effect: ask, capability: tools.read_url, domain: asked.example}
  - {effect: deny, capability: tools.exec, domain: other.example}
  - {effect: deny, capability: tools.read_url, agents: [b], domain: foreign.example}
`;

test.each([
  ["denied.example", false],
  ["asked.example", false],
  ["other.example", true],
  ["foreign.example", true],
])(row(["D-04", "H-09"], "a redirect to %s goes as far as the rules let it: %s"), async (host, isOpen) => {
  const web = await createWeb();
  await web.serve(host, saying(200, {}, "there"));
  await web.serve("first.example", saying(302, { location: `http://${host}/` }, ""));
  const url = "http://first.example/";
  const fetched = await web.fetch(url, { reach: grant(guard(DOMAINS), "tools.read_url", { url }) });
  expect(fetched.type).toBe(isOpen ? "answered" : "refused");
  if (!isOpen) expect(fetched).toMatchObject({ code: "URL_REDIRECT_DENIED" });
  await web.close();
  expect(web.canary).toEqual([]);
});

test("a host that was asked about is open to the act that was approved", () => {
  const url = "http://asked.example/";
  expect(judgeUrl(url, grant(guard(DOMAINS), "tools.read_url", { url })).ok).toBe(true);
});

test(
  row("D-09", "a policy that was loosened opens nothing more to an attempt that runs, a tighter one closes"),
  () => {
    const text = (...lines: string[]): string => `allow_capabilities: [tools.exec]\n${lines.join("\n")}\n`;
    const before = policyOf(
      text("allow_paths: [{path: /srv/a, mode: rw}, /srv/b/in]", 'allow_domains: [x.example, "*.y.example"]'),
      TOOLS,
    );
    const changing = createGuard(before, PLACE, { record: async () => {} });
    changing.adopt(
      policyOf(
        text(
          "allow_paths: [/srv/a, {path: /srv/b, mode: rw}, /srv/c]",
          "allow_domains: [z.example, a.y.example, x.example]",
          "rules: [{effect: deny, capability: tools.exec, path: /srv/b/in/closed}]",
        ),
        TOOLS,
      ),
    );
    const command: Touch = { command: ["ls"], path: { path: "/srv/a", mode: "ro" } };
    const { roots, domains } = grant(changing, "tools.exec", command, before.version);
    expect(roots.filter(({ closed }) => closed !== true)).toEqual([
      { path: "/srv/a", mode: "ro" },
      { path: "/srv/b/in", mode: "ro" },
    ]);
    expect(roots.filter(({ barred }) => barred === true).map(({ path }) => path)).toEqual([
      "/srv/b/in/closed",
    ]);
    expect([...new Set(domains)].sort()).toEqual(["a.y.example", "x.example"]);
    expect(grant(changing, "tools.exec", command).roots).toContainEqual({ path: "/srv/c", mode: "ro" });
  },
);
