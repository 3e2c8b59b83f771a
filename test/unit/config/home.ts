// A home in a temporary directory for one test, removed when the test is over.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import type { Env } from "../../../src/config/env.ts";
import { type LoadInput, loadConfig } from "../../../src/config/load.ts";
import { type Paths, resolvePaths } from "../../../src/config/paths.ts";
import { GoclawError } from "../../../src/domain/error.ts";

export function tempHome(configText?: string): Paths {
  const home = mkdtempSync(join(tmpdir(), "goclaw-config-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const paths = resolvePaths(home);
  if (configText !== undefined) writeFileSync(paths.config, configText);
  return paths;
}

/** Loads a config with this text from a fresh home. */
export function load(configText: string, env: Env = {}, more: Partial<LoadInput> = {}): Config {
  return loadConfig({ paths: tempHome(configText), env, ...more });
}

/** The GoclawError that `act` throws; anything else fails the test. */
export function refusal(act: () => unknown): GoclawError {
  try {
    act();
  } catch (error) {
    if (error instanceof GoclawError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** The message for a config text that is refused, without the directory in front of file names. */
export function complaint(configText: string, env: Env = {}, more: Partial<LoadInput> = {}): string {
  const paths = tempHome(configText);
  const error = refusal(() => loadConfig({ paths, env, ...more }));
  return error.message.replaceAll(`${paths.home}/`, "");
}

/** Random bytes that are not random: 0, 1, 2, … */
export const counting = { bytes: (count: number) => Uint8Array.from({ length: count }, (_, index) => index) };
