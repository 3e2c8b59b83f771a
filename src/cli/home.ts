// Which home a command works on, and making it on the first run.

import { ensureHome } from "../config/first-run.ts";
import { type Paths, resolveHome, resolvePaths } from "../config/paths.ts";
import type { Context, GlobalOptions } from "./context.ts";

/** The home's layout; nothing is made. */
export function homePaths({ env }: Context, options: GlobalOptions): Paths {
  return resolvePaths(resolveHome(env, options.home));
}

/** The home's layout, after the first run has made what was missing. */
export function openHome(context: Context, options: GlobalOptions): Paths {
  const paths = homePaths(context, options);
  const { created } = ensureHome(paths, context.random);
  if (created.includes(paths.config) && context.stderr.isTerminal) {
    context.stderr.write(`made a home in ${paths.home}\n`);
  }
  return paths;
}
