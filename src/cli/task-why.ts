// `goclaw task why`: one sentence about what a task waits for: the reason, since when, until when, and what to do.

import { EXIT } from "../domain/error.ts";
import type { WireEvent, WireTask } from "../rpc/wire.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { readEvents } from "./events-of.ts";
import { findTask } from "./find-by-id.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { safeLine } from "./safe-text.ts";
import { whyText } from "./why-text.ts";

interface WhyOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function taskWhy(
  context: Context,
  [id = ""]: readonly string[],
  options: WhyOptions,
): Promise<number> {
  const paths = openHome(context, options);
  const found = await withLink(context, paths, options, {}, async (link) => {
    const task: WireTask = await findTask(link.api, id);
    const events: WireEvent[] = [];
    await readEvents(link, task.id, 0, (event) => events.push(event));
    return { task, events, own: link.own };
  });
  const { task, events, own } = found;
  const why = whyText(task, events, context.clock.nowMs(), !own);
  const sentence = safeLine(why.sentence);
  if (options.json === true) {
    const { reason_code, state } = task;
    writeJson(context.stdout, {
      task_id: task.id,
      state,
      reason_code: reason_code ?? null,
      ...why,
      sentence,
    });
  } else {
    context.stdout.write(`${sentence}\n`);
  }
  return EXIT.ok;
}
