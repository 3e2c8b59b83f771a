// From the words of a command line to an exit code: finds the command, loads its code, runs it, and says what went wrong
// in one line. Everything that fails anywhere in the command line ends here.

import { CommanderError } from "commander";
import { EXIT, exitCodeOf, GoclawError, messageOf } from "../domain/error.ts";
import { redactShapes } from "../telemetry/redact.ts";
import { findSpec } from "./command-tree.ts";
import { buildCommander } from "./commander-tree.ts";
import type { Context } from "./context.ts";
import { Interrupted } from "./interrupted.ts";
import { LOADERS } from "./loaders.ts";
import { safeText } from "./safe-text.ts";
import { UsageError } from "./usage-error.ts";

/** Runs `goclaw ARGV`; never throws. */
export async function runProgram(argv: readonly string[], context: Context): Promise<number> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    return report(error, argv, context);
  }
}

async function dispatch(argv: readonly string[], context: Context): Promise<number> {
  let code: number = EXIT.ok;
  const program = buildCommander(async (words, args, options) => {
    if (words.length === 0 && options.version === true) {
      context.stdout.write(`${context.version()}\n`);
      return;
    }
    const daemon = words.length === 0 && (options.daemon === true || !context.stdout.isTerminal);
    const load = LOADERS[daemon ? "daemon run" : words.join(" ")];
    if (load === undefined) throw new Error(`no code for the command ${words.join(" ")}`);
    const command = await load();
    code = await command(context, args, options as never);
  }, context.stdout);
  await program.parseAsync(argv, { from: "user" });
  return code;
}

function report(error: unknown, argv: readonly string[], context: Context): number {
  const stderr = { write: (text: string) => context.stderr.write(redactShapes(text)) };
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    stderr.write(`goclaw: ${usageText(error)}\n${tryText(findSpec(argv).found)}`);
    return EXIT.usage;
  }
  if (error instanceof UsageError) {
    stderr.write(`goclaw: ${safeText(error.message)}
${tryText(error.words)}`);
    return EXIT.usage;
  }
  if (error instanceof Interrupted) return error.signal === "EPIPE" ? EXIT.ok : EXIT.failed;
  if (error instanceof GoclawError) {
    const [first = "", ...rest] = safeText(error.message).split("\n");
    stderr.write(`${[`goclaw: ${first} (${error.code})`, ...rest].join("\n")}\n`);
    return exitCodeOf(error.code);
  }
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
  stderr.write(
    `goclaw: a defect in goclaw; please report it with these lines (INTERNAL)\n${safeText(stack)}\n`,
  );
  return EXIT.internal;
}

function tryText(words: readonly string[]): string {
  return `Try \`${["goclaw help", ...words].join(" ")}\`.\n`;
}

/** Commander's message in our words: no prefix, one line. */
function usageText(error: CommanderError): string {
  const text = safeText(error.message)
    .replace(/^error: /, "")
    .replace(/^(unknown option '[^'=]*)=[\s\S]*'/, "$1'")
    .replace(
      /^command-argument value ('[\s\S]*') is invalid for argument '(.*?)'\./,
      "argument $1 for <$2> is invalid.",
    )
    .replace(/ Allowed choices are (.*)\.$/, " It must be one of $1.")
    .replace(/\n\(Did you mean (one of )?(.*?)\?\)$/, "; did you mean $2?");
  if (/^unknown option '-*[^']*(key|token|secret|password)/i.test(text))
    return `${text}; an argument is seen by every process here: put keys in .env of the home, or in the environment`;
  return error.code === "commander.excessArguments"
    ? `${text} Put a prompt or a value that has spaces in quotes.`
    : text;
}
