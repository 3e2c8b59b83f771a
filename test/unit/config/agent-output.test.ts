// structured_output of an agent: where the schema may come from, and what is said when it cannot be taken from there.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkSchemas } from "../../../src/config/agent-output.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { complaint, load, refusal, tempHome } from "./home.ts";

const agent = (structured: string): string => `agents: [{ agent_id: a, structured_output: ${structured} }]`;
const outputOf = (structured: string) => load(agent(structured)).agents.find(({ id }) => id === "a");

test("a schema in the file is taken as it is, whatever its keywords are called", () => {
  const schema = {
    $defs: { proto: { const: "${" } },
    properties: { schema: { enum: [null, 1, "x"] }, agent_id: false, none: { default: null } },
    "x-mine": [{}],
  };
  const { output, outputRetries } = outputOf(
    `{ schema: ${JSON.stringify(schema).replace("${", () => "$${")} }`,
  )!;
  expect(output).toEqual({ name: "answer", schema, maxRetries: 2 });
  expect(outputRetries).toBe(2);
});

test("without a schema any text is an answer, and max_retries holds for the schemas of tasks", () => {
  expect(outputOf("{ max_retries: 5 }")).toMatchObject({ output: null, outputRetries: 5 });
  expect(load("agents: [{ agent_id: a }]").agents[1]).toMatchObject({ output: null, outputRetries: 2 });
  expect(outputOf("{ schema: {} }")?.output?.schema).toEqual({});
});

test("schema_file is read from the home and from nowhere else", () => {
  const paths = tempHome(agent("{ schema_file: schemas/s.json, max_retries: 0 }"));
  mkdirSync(join(paths.home, "schemas"));
  const file = join(paths.home, "schemas/s.json");
  writeFileSync(file, '{"type":"array"}');
  const read = () => loadConfig({ paths, env: {} }).agents[1]?.output;
  expect(read()).toEqual({ name: "answer", schema: { type: "array" }, maxRetries: 0 });
  writeFileSync(file, "[]");
  expect(refusal(read).message).toContain("schemas/s.json is not a JSON object");
  symlinkSync("/etc/hostname", join(paths.home, "link.json"));
  writeFileSync(paths.config, agent("{ schema_file: link.json }"));
  expect(refusal(read).message).toContain("is outside the home");
});

test.each([
  ["{ schema: {}, schema_file: x.json }", "schema and schema_file are both set"],
  ["{ schema: text }", "agents.0.structured_output.schema: must be a set of"],
  ["{ schema_file: none.json }", "none.json cannot be read"],
  ["{ max_retries: 21 }", "agents.0.structured_output.max_retries: 21 is out of range"],
  ["{ retries: 1 }", "unknown key"],
])("%s is refused", (structured, words) => {
  expect(complaint(agent(structured))).toContain(words);
});

test("a schema that cannot be used is CONFIG_INVALID and names the file, the agent and why", async () => {
  const { agents } = load(agent("{ schema: { type: odd } }"));
  const check = (fault: string | undefined) => checkSchemas(agents, "config.yaml", async () => fault);
  await expect(check("type is odd")).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/^config\.yaml: agent a, structured_output: .*type is odd/),
  });
  await expect(check(undefined)).resolves.toBeUndefined();
});
