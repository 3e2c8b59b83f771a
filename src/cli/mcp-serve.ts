// `goclaw mcp serve`: an MCP server on standard input and output, for clients that start their servers. A client of the
// daemon like every command: the tasks are the daemon's, and outlive whoever asked.

import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { EXIT } from "../domain/error.ts";
import { SUSPENSIONS } from "../domain/task.ts";
import { createServerFactory, type ServedFace } from "../rpc/mcp-server.ts";
import type { WireServed } from "../rpc/methods/mcp-served.ts";
import type { WireEvent } from "../rpc/wire.ts";
import type { Context, GlobalOptions } from "./context.ts";
import { findTask } from "./find-by-id.ts";
import { followTask } from "./follow.ts";
import { openHome } from "./home.ts";
import { type Link, withLink } from "./link.ts";

export async function mcpServe(
  context: Context,
  _args: readonly string[],
  options: GlobalOptions,
): Promise<number> {
  const paths = openHome(context, options);
  return withLink(context, paths, options, { takesWork: true, keepsTime: true }, async (link) => {
    const factory = await createServerFactory(context.version(), () => faceOf(context, link));
    const ended = Promise.withResolvers<void>();
    const transport = new EndingTransport(ended.resolve);
    serveStdio(factory, { transport });
    await ended.promise;
    return EXIT.ok;
  });
}

/** Closes when the client closes our standard input. */
class EndingTransport extends StdioServerTransport {
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    super();
    this.#onEnd = onEnd;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#onEnd();
  }
}

function faceOf(context: Context, link: Link): ServedFace {
  return {
    list: async () => (await link.api.get<{ tools: readonly WireServed[] }>("/api/v1/mcp/served")).tools,
    call: async (name, args, signal) => {
      const path = `/api/v1/mcp/served/${encodeURIComponent(name)}/calls`;
      const key = `mcp-${Buffer.from(context.random.bytes(16)).toString("hex")}`;
      const headers = { "idempotency-key": key };
      const { task_id: id } = await link.api.post<{ task_id: string }>(path, { arguments: args }, headers);
      const ignore = (): void => {};
      const waiting = new AbortController();
      const onEvent = ({ state_to: to, reason_code: reason = "" }: WireEvent): void => {
        if (to === "RETRY_WAIT" && (SUSPENSIONS as readonly string[]).includes(reason)) waiting.abort();
      };
      const stop = AbortSignal.any([signal, waiting.signal]);
      const task = await followTask(link, id, { onEvent, onPiece: ignore, onBreak: ignore }, stop);
      if (task !== undefined || signal.aborted) return task;
      return findTask(link.api, id);
    },
  };
}
