// `goclaw session list|show|compact`: conversations.

import { EXIT } from "../domain/error.ts";
import type { SessionHistory, WireSession } from "../rpc/methods/session.ts";
import type { WireTask } from "../rpc/wire.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { findSessionId } from "./find-by-id.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { moreText, readPages } from "./pages.ts";
import { paintFor } from "./paint.ts";
import { safeLine, safeText } from "./safe-text.ts";
import { writeTable } from "./table.ts";
import { agoText } from "./time-text.ts";
import { createWait, waitForEnd } from "./wait-for-end.ts";

interface SessionOptions extends GlobalOptions {
  readonly limit?: number;
  readonly agent?: string;
  readonly timeout?: number;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

const LIMIT = 20;

export async function sessionList(
  context: Context,
  _args: readonly string[],
  options: SessionOptions,
): Promise<number> {
  const { stdout, stderr, clock } = context;
  const { items: sessions, nextCursor } = await withLink(
    context,
    openHome(context, options),
    options,
    {},
    ({ api }) => readPages<WireSession>(api, "sessions", options.limit ?? LIMIT),
  );
  if (options.json === true) writeJson(stdout, { sessions, next_cursor: nextCursor });
  else if (sessions.length === 0) stderr.write("there are no sessions yet\n");
  else {
    const { dim } = paintFor(stdout);
    const nowMs = clock.nowMs();
    const rows = sessions.map((session) => [
      { text: safeLine(session.id) },
      { text: String(session.messages) },
      { text: agoText(session.created_at, nowMs), paint: dim },
      { text: agoText(session.updated_at, nowMs), paint: dim },
      { text: safeLine(session.agent_id) },
    ]);
    const head = ["ID", "MESSAGES", "CREATED", "LAST", "AGENT"];
    writeTable(stdout, head, rows, ["CREATED", "MESSAGES"]);
    if (nextCursor !== null) stderr.write(moreText(rows.length));
  }
  return EXIT.ok;
}

export async function sessionShow(
  context: Context,
  [id = ""]: readonly string[],
  options: SessionOptions,
): Promise<number> {
  const { stdout } = context;
  const history = await withLink(context, openHome(context, options), options, {}, async ({ api }) => {
    const path = `/api/v1/sessions/${await findSessionId(api, id)}?limit=500`;
    let page = await api.get<SessionHistory>(path);
    const messages = [...page.messages];
    while (page.next_cursor !== null) {
      page = await api.get<SessionHistory>(`${path}&cursor=${page.next_cursor}`);
      messages.push(...page.messages);
    }
    return { session: page.session, summary: page.summary, messages };
  });
  if (options.json === true) writeJson(stdout, history);
  else {
    const { bold, dim } = paintFor(stdout);
    const { session, summary, messages } = history;
    stdout.write(`${dim(`session ${safeLine(session.id)}, agent ${safeLine(session.agent_id)}`)}\n`);
    for (const { role, text } of messages) stdout.write(`\n${bold(role)}\n${safeText(text).trimEnd()}\n`);
    if (summary !== null) {
      const title = "summary that the model is shown in place of the older messages";
      stdout.write(`\n${bold(title)}\n${safeText(summary).trimEnd()}\n`);
    }
  }
  return EXIT.ok;
}

interface Accepted {
  readonly task_id: string;
  readonly task: WireTask;
}

export async function sessionCompact(
  context: Context,
  [id = ""]: readonly string[],
  options: SessionOptions,
): Promise<number> {
  const wait = createWait(options);
  const use = { onSignal: wait.onSignal, takesWork: true };
  const body = options.agent === undefined ? {} : { agent: options.agent };
  try {
    return await withLink(context, openHome(context, options), options, use, async (link) => {
      const sessionId = await findSessionId(link.api, id);
      const accepted = await link.api.post<Accepted>(`/api/v1/sessions/${sessionId}/compact`, body);
      return waitForEnd(context, link, accepted.task_id, wait, options);
    });
  } finally {
    wait.close();
  }
}
