// `goclaw policy test FILE`: cases a policy must keep, so that a change of it can be checked before it is in force.

import { EXIT } from "../domain/error.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { paintFor } from "./paint.ts";
import { safeLine } from "./safe-text.ts";

interface TestOptions extends GlobalOptions {
  readonly policy?: string;
  readonly json?: boolean;
}

export async function policyTest(
  context: Context,
  [file = ""]: readonly string[],
  options: TestOptions,
): Promise<number> {
  const { stdout } = context;
  const results = (await context.control()).testPolicy(openHome(context, options), file, options.policy);
  const failed = results.filter(({ ok }) => !ok).length;
  if (options.json === true) writeJson(stdout, { passed: results.length - failed, failed, cases: results });
  else {
    const { good, bad } = paintFor(stdout);
    for (const { name, ok, expected, got } of results) {
      const said = ok ? "" : `: expected ${safeLine(expected)}, got ${got.decision} by ${safeLine(got.rule)}`;
      stdout.write(`${ok ? good("ok  ") : bad("FAIL")} ${safeLine(name)}${said}\n`);
    }
    stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
  }
  return failed === 0 ? EXIT.ok : EXIT.failed;
}
