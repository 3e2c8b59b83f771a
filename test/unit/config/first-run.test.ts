// A first run makes a whole, closed home; a later one changes nothing; the token is always whole.

import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureHome } from "../../../src/config/first-run.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import { readToken, rotateToken } from "../../../src/config/token.ts";
import { counting, refusal, tempHome } from "./home.ts";

const mode = (path: string): number => statSync(path).mode & 0o777;

test("a first run makes a whole, closed home with a valid config", () => {
  const paths = resolvePaths(join(tempHome().home, "deep", "home"));
  const { created } = ensureHome(paths, counting);
  expect(created).toEqual([paths.config, paths.policy, paths.token, paths.soul, paths.agentsMd]);
  const { home, runDir, logsDir, skills, installed, workspace, backups, cassettes } = paths;
  for (const directory of [home, runDir, logsDir, skills, installed, workspace, backups, cassettes]) {
    expect(mode(directory)).toBe(0o700);
  }
  for (const file of created) expect(mode(file)).toBe(0o600);
  expect(readdirSync(home).filter((name) => name.includes("tmp"))).toEqual([]);
  const config = loadConfig({ paths, env: {} });
  expect(config.fingerprint).toBe(loadConfig({ paths: tempHome(), env: {} }).fingerprint);
});

test("a second run changes nothing", () => {
  const paths = tempHome("worker_count: 9 # mine\n");
  ensureHome(paths, counting);
  const token = readToken(paths);
  rmSync(paths.soul);
  const again = ensureHome(paths, { bytes: (count) => new Uint8Array(count) });
  expect(again.created).toEqual([paths.soul]);
  expect(readToken(paths)).toBe(token);
  expect(readFileSync(paths.config, "utf8")).toBe("worker_count: 9 # mine\n");
});

test("a home and secrets that were open to others are closed", () => {
  const paths = tempHome("");
  writeFileSync(paths.token, "a-token-of-my-own-choosing\n");
  for (const [path, wide] of [
    [paths.home, 0o755],
    [paths.token, 0o644],
    [paths.config, 0o664],
  ] as const)
    chmodSync(path, wide);
  ensureHome(paths, counting);
  expect([mode(paths.home), mode(paths.token), mode(paths.config)]).toEqual([0o700, 0o600, 0o600]);
  expect(readToken(paths)).toBe("a-token-of-my-own-choosing");
});

test("a token is 32 random bytes in base64url, and a rotation replaces it", () => {
  const paths = tempHome();
  ensureHome(paths, counting);
  expect(readToken(paths)).toBe("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
  const next = rotateToken(paths, { bytes: (count) => new Uint8Array(count).fill(255) });
  expect(next).toMatch(/^_{42}[A-Za-z0-9_-]$/);
  expect(readToken(paths)).toBe(next);
  expect(mode(paths.token)).toBe(0o600);
});

test.each(["", "short\n", "two words in a token\n", "x".repeat(5000)])(
  "a token file with %j is refused",
  (text) => {
    const paths = tempHome();
    writeFileSync(paths.token, text);
    expect(refusal(() => readToken(paths)).message).toContain("goclaw token rotate");
  },
);

test("a missing token says how to make one", () => {
  expect(refusal(() => readToken(tempHome())).message).toContain(
    "does not exist — run `goclaw token rotate`",
  );
});

test("a home that cannot be made is IO_ERROR and names the path", () => {
  const paths = tempHome("in the way");
  const error = refusal(() => ensureHome(resolvePaths(paths.config), counting));
  expect(error.code).toBe("IO_ERROR");
  expect(error.message).toContain(paths.config);
});

test("a file that is a symbolic link to nowhere is left alone", () => {
  const paths = tempHome();
  mkdirSync(paths.workspace);
  symlinkSync(join(paths.home, "nowhere"), paths.soul);
  expect(ensureHome(paths, counting).created).not.toContain(paths.soul);
});
