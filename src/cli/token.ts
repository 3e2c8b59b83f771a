// `goclaw token show|rotate`: the bearer token of the home.

import { readToken, rotateToken } from "../config/token.ts";
import { EXIT } from "../domain/error.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";

interface TokenOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function tokenShow(
  context: Context,
  _args: readonly string[],
  options: TokenOptions,
): Promise<number> {
  const token = readToken(openHome(context, options));
  if (options.json === true) writeJson(context.stdout, { token });
  else context.stdout.write(`${token}\n`);
  return EXIT.ok;
}

export async function tokenRotate(
  context: Context,
  _args: readonly string[],
  options: GlobalOptions,
): Promise<number> {
  const paths = openHome(context, options);
  rotateToken(paths, context.random);
  context.stdout.write(`wrote a new token to ${paths.token}; \`goclaw token show\` prints it\n`);
  return EXIT.ok;
}
