// `goclaw task tail`: a task's events as they happen, from the first to the last, then its answer.

import { EXIT, GoclawError } from "../domain/error.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { eventText } from "./event-text.ts";
import { createPump } from "./events-of.ts";
import { findTask } from "./find-by-id.ts";
import { followTask } from "./follow.ts";
import { openHome } from "./home.ts";
import { type Link, withLink } from "./link.ts";
import { paintFor } from "./paint.ts";
import { safeLine, safeText } from "./safe-text.ts";
import { localTime } from "./time-text.ts";

interface TailOptions extends GlobalOptions {
  readonly json?: boolean;
}

export function taskTail(
  context: Context,
  [id = ""]: readonly string[],
  options: TailOptions,
): Promise<number> {
  const paths = openHome(context, options);
  return withLink(context, paths, options, { takesWork: true }, (link) => tail(context, link, id, options));
}

async function tail(
  { stdout, stderr }: Context,
  link: Link,
  given: string,
  options: TailOptions,
): Promise<number> {
  const { id } = await findTask(link.api, given);
  const { dim } = paintFor(stdout);
  const pump = createPump(link, id, (event) => {
    if (options.json === true) writeJson(stdout, event);
    else stdout.write(`${dim(localTime(event.at))} ${safeLine(event.type)}: ${eventText(event)}\n`);
  });
  const task = await followTask(
    link,
    id,
    {
      onEvent: () => pump.wake(),
      onPiece: () => pump.wake(),
      onBreak: (error) => stderr.write(`goclaw: ${safeText(error.message)}; trying again\n`),
    },
    new AbortController().signal,
  );
  if (task === undefined) throw new GoclawError("INTERNAL", "the stream ended without its task");
  await pump.drain();
  if (options.json === true) writeJson(stdout, { task });
  else if (task.result !== undefined) stdout.write(`\n${safeText(task.result.text).trimEnd()}\n`);
  return EXIT.ok;
}
