// The commands about the home itself: config, token, db, codes, completion, version, help, and how mistakes are met.

import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { CODES } from "../../src/domain/error.ts";
import { type CliResult, runCli } from "../support/cli.ts";
import { REPOSITORY } from "../support/program.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.close());

const goclaw = (...args: string[]): Promise<CliResult> => runCli(rig.home, args);
const configFile = (): string => join(rig.home, "config.yaml");

test("--version prints the version and nothing else", async () => {
  const { version } = JSON.parse(readFileSync(`${REPOSITORY}package.json`, "utf8")) as { version: string };
  const { code, stdout } = await goclaw("--version");
  expect([code, stdout]).toEqual([0, `${version}\n`]);
});

test("help names every command that exists", async () => {
  const { code, stdout } = await goclaw("help");
  expect(code).toBe(0);
  for (const word of [
    "run",
    "demo",
    "task",
    "daemon",
    "status",
    "codes",
    "config",
    "token",
    "db",
    "completion",
  ]) {
    expect(stdout).toMatch(new RegExp(`^\\s+${word}\\b`, "m"));
  }
});

test("an unknown word, an unknown option or a missing one is a usage error with the nearest command", async () => {
  for (const [args, nearest] of [
    [["demmo"], "demo"],
    [["task", "lst"], "list"],
    [["statsu"], "status"],
    [["task", "list", "--sate", "FAILED"], "--state"],
  ] as const) {
    const { code, stdout, stderr } = await goclaw(...args);
    expect([args, code, stdout]).toEqual([args, 2, ""]);
    expect(stderr).toContain(nearest);
  }
});

test("[REL-007] codes is the closed list", async () => {
  const listed = (await goclaw("codes", "--json")).json<
    | { code: string; meaning: string; http: number; jsonrpc: number; retryable: boolean }[]
    | { codes: object[] }
  >();
  const rows = (Array.isArray(listed) ? listed : listed.codes) as { code: string; retryable: boolean }[];
  expect(rows.map((row) => row.code).sort()).toEqual(Object.keys(CODES).sort());
  expect(rows.every((row) => typeof row.retryable === "boolean")).toBe(true);
  expect((await goclaw("codes")).stdout).toContain("EFFECT_UNKNOWN");
});

test("config get and set keep comments, order and the rest of the file", async () => {
  writeFileSync(configFile(), "# mine\nworker_count: 3 # three lanes\n\nretry:\n  base_ms: 20\n");
  expect((await goclaw("config", "get", "worker_count")).stdout.trim()).toBe("3");
  expect((await goclaw("config", "get", "max_attempts")).stdout.trim()).toBe("3");
  expect((await goclaw("config", "set", "worker_count", "5")).code).toBe(0);
  expect((await goclaw("config", "set", "retry.max_ms", "900")).code).toBe(0);
  const text = readFileSync(configFile(), "utf8");
  expect(text).toContain("# mine");
  expect(text).toContain("# three lanes");
  expect(parse(text)).toMatchObject({ worker_count: 5, retry: { base_ms: 20, max_ms: 900 } });
  expect((statSync(configFile()).mode & 0o777).toString(8)).toBe("600");
});

test("config set refuses what would not load, and leaves the file as it was", async () => {
  writeFileSync(configFile(), "worker_count: 3\n");
  for (const [key, value, says] of [
    ["worker_cuont", "2", "worker_count"],
    ["worker_count", "many", "worker_count"],
    ["worker_count", "0", "worker_count"],
  ] as const) {
    const { code, stderr } = await goclaw("config", "set", key, value);
    expect([key, value, code]).toEqual([key, value, 77]);
    expect(stderr).toContain(says);
    expect(readFileSync(configFile(), "utf8")).toBe("worker_count: 3\n");
  }
});

test("config validate says ok, or the file, the line and the nearest key", async () => {
  writeFileSync(configFile(), "worker_count: 3\n");
  expect((await goclaw("config", "validate")).code).toBe(0);
  appendFileSync(configFile(), "max_atempts: 2\n");
  const { code, stderr } = await goclaw("config", "validate");
  expect(code).toBe(77);
  for (const words of ["config.yaml:2", "max_attempts"]) expect(stderr).toContain(words);
});

test("config validate warns of a key that is too short to be one, without showing it", async () => {
  writeFileSync(configFile(), "providers: { openai: { api_key: zq } }\n");
  const { code, stdout, stderr } = await goclaw("config", "validate");
  expect([code, stdout]).toEqual([0, expect.stringContaining("is valid")]);
  expect(stderr).toContain("providers.openai.api_key has only 2 characters");
  expect(stderr).toContain("OPENAI_API_KEY");
  expect(stderr).not.toContain("zq");
  const { warnings } = (await goclaw("config", "validate", "--json")).json();
  expect(warnings).toHaveLength(1);
  writeFileSync(configFile(), "providers: { openai: { api_key: zq-zq-zq } }\n");
  expect((await goclaw("config", "validate")).stderr).toBe("");
});

test("config schema is a JSON Schema that accepts the example and refuses an unknown key", async () => {
  const schema = (await goclaw("config", "schema")).json();
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const example = parse(readFileSync(`${REPOSITORY}config.example.yaml`, "utf8")) ?? {};
  expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ frobnicate: 1 })).toBe(false);
});

test("token show prints the token, rotate makes another that counts from then on", async () => {
  const made = await createRig();
  try {
    const daemon = await made.start();
    const before = (await runCli(made.home, ["token", "show"])).stdout.trim();
    expect(before).toBe(daemon.client.token);
    expect((await runCli(made.home, ["token", "rotate"])).code).toBe(0);
    const after = (await runCli(made.home, ["token", "show"])).stdout.trim();
    expect(after).not.toBe(before);
    expect((statSync(join(made.home, "auth.token")).mode & 0o777).toString(8)).toBe("600");
    await daemon.stop();
    const next = await made.start();
    expect(next.client.token).toBe(after);
  } finally {
    await made.close();
  }
});

test("db check says that a sound database is sound and that a damaged one is not", async () => {
  const made = await createRig();
  try {
    expect((await runCli(made.home, ["run", "task c"])).code).toBe(0);
    expect((await runCli(made.home, ["db", "check"])).code).toBe(0);
    const file = join(made.home, "goclaw.db");
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096 * 4, 4096 * 9);
    writeFileSync(file, bytes);
    const { code, stderr } = await runCli(made.home, ["db", "check"]);
    expect(code).toBe(74);
    expect(stderr).toContain("goclaw.db");
  } finally {
    await made.close();
  }
});

test("db check counts what stands in the WAL of a running daemon", async () => {
  const made = await createRig();
  try {
    await made.start();
    const { bytes, wal_bytes: walBytes } = (await runCli(made.home, ["db", "check", "--json"])).json<{
      bytes: number;
      wal_bytes: number;
    }>();
    expect(walBytes).toBe(statSync(join(made.home, "goclaw.db-wal")).size);
    const mib = (count: number): string => (count / 1_048_576).toFixed(1);
    const { stdout } = await runCli(made.home, ["db", "check"]);
    expect(stdout).toContain(`${mib(bytes + walBytes)} MiB, of which ${mib(walBytes)} MiB in the WAL`);
  } finally {
    await made.close();
  }
});

test("completion scripts load in their shells and know the commands", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout } = await goclaw("completion", shell);
    expect([shell, code]).toEqual([shell, 0]);
    for (const word of ["task", "daemon", "completion"]) expect(stdout).toContain(word);
    if (shell === "bash") execFileSync("bash", ["-n"], { input: stdout });
  }
  expect((await goclaw("completion", "tcsh")).code).toBe(2);
});
