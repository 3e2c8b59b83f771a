// `goclaw config …`: reading, changing and checking config.yaml. A change that the daemon would refuse is not written.

import { checkSchemas } from "../config/agent-output.ts";
import { getValue, setValue, unset } from "../config/edit.ts";
import { loadConfig } from "../config/load.ts";
import { CONFIG_SCHEMA } from "../config/schema.ts";
import { warningsOf } from "../config/warnings.ts";
import { EXIT } from "../domain/error.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { homePaths, openHome } from "./home.ts";
import { findDaemon } from "./running.ts";
import { safeLine, safeText } from "./safe-text.ts";

interface ConfigOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function configGet(
  context: Context,
  [key = ""]: readonly string[],
  options: ConfigOptions,
): Promise<number> {
  const { value, origin } = getValue(openHome(context, options), key, context.env);
  if (options.json === true) writeJson(context.stdout, { key, value: value ?? null, origin });
  else if (typeof value === "object" && value !== null) {
    context.stdout.write(`${safeText(JSON.stringify(value, undefined, 2))}\n`);
  } else if (value !== undefined) context.stdout.write(`${safeText(String(value))}\n`);
  else context.stderr.write(`${safeLine(key)} is not set and has no default\n`);
  return EXIT.ok;
}

export async function configSet(
  context: Context,
  [key = "", value = ""]: readonly string[],
  options: GlobalOptions,
): Promise<number> {
  const isNew = setValue(openHome(context, options), key, value, context.env);
  return isNew ? await changed(context, options) : EXIT.ok;
}

export async function configUnset(
  context: Context,
  [key = ""]: readonly string[],
  options: GlobalOptions,
): Promise<number> {
  if (unset(openHome(context, options), key, context.env)) return await changed(context, options);
  context.stderr.write(`config.yaml does not set ${safeLine(key)}\n`);
  return EXIT.ok;
}

/** A running daemon has read the file already. */
async function changed(context: Context, options: GlobalOptions): Promise<number> {
  if ((await findDaemon(homePaths(context, options))) !== undefined) {
    context.stderr.write("goclaw: the running daemon takes the change when it starts again\n");
  }
  return EXIT.ok;
}

export async function configValidate(
  context: Context,
  _args: readonly string[],
  options: ConfigOptions,
): Promise<number> {
  const { env, stdout, stderr } = context;
  const paths = homePaths(context, options);
  const config = loadConfig({
    paths,
    env,
    flags: { bind_addr: options.bind },
    toolNames: await context.toolNames(),
  });
  await checkSchemas(config.agents, paths.config, context.schemaFault);
  const { llm, agents } = config;
  const warnings = warningsOf(config);
  if (options.json === true) {
    writeJson(stdout, {
      valid: true,
      file: paths.config,
      provider: llm.provider,
      model: llm.model,
      agents: agents.map((agent) => agent.id),
      warnings,
    });
  } else {
    for (const warning of warnings) stderr.write(`goclaw: warning: ${safeLine(warning)}\n`);
    stdout.write(`${safeLine(paths.config)} is valid\n`);
  }
  return EXIT.ok;
}

export async function configSchema({ stdout }: Context): Promise<number> {
  stdout.write(`${JSON.stringify(CONFIG_SCHEMA, undefined, 2)}\n`);
  return EXIT.ok;
}

export async function configPath(
  context: Context,
  _args: readonly string[],
  options: GlobalOptions,
): Promise<number> {
  context.stdout.write(`${safeLine(homePaths(context, options).config)}\n`);
  return EXIT.ok;
}
