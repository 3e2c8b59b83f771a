// Opens the way to a server: starts its program, or connects to its address. Of the program's stderr a bounded part
// reaches the log; its environment is what the operator declared and nothing of the daemon's.

import type { Readable } from "node:stream";
import type { Transport } from "@modelcontextprotocol/client";
import { messageOf } from "../domain/error.ts";
import type { McpCage, McpServer } from "../domain/mcp.ts";
import { createServerFetch } from "../policy/egress-server.ts";
import type { Log } from "../telemetry/log.ts";
import { type Connection, openConnection } from "./connection.ts";
import { identify, type Place } from "./identity.ts";
import { MESSAGE_BYTES, NOTIFICATIONS_PER_SECOND, type Pipes, PipeTransport } from "./pipe-transport.ts";

/** A program that was started and can be ended with everything it started. */
export interface ServerProcess extends Pipes {
  readonly exited: Promise<unknown>;
  stop(graceMs: number): Promise<void>;
}

export interface OpenPorts {
  readonly place: Place;
  readonly version: string;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly monoMs: () => number;
  /** The same program in a cage; `own` are files it needs to be itself. */
  readonly cage: (
    program: { readonly argv: readonly [string, ...string[]]; readonly cwd: string },
    rules: McpCage,
    own: readonly string[],
  ) => readonly [string, ...string[]];
  readonly start: (launch: {
    readonly name: string;
    readonly argv: readonly [string, ...string[]];
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
  }) => Promise<ServerProcess>;
}

export interface Opened {
  readonly connection: Connection;
  readonly pid: number | null;
  /** Why it was cut off, when it was. */
  fault(): string | undefined;
  stop(): Promise<void>;
}

interface Way {
  readonly transport: Transport;
  readonly pid: number | null;
  readonly fault: () => string | undefined;
  readonly hasEnded: () => boolean;
  /** What a program complained about last; empty when it did not. */
  readonly lastWords: () => string;
  readonly end: () => Promise<void>;
}

const GRACE_MS = 1_000;
const LAST_WORDS_MS = 100;
const ODDITIES_MAX = 20;

export async function openServer(
  ports: OpenPorts,
  server: McpServer,
  onToolsChanged: () => void,
  onClosed: () => void,
  signal: AbortSignal,
): Promise<Opened> {
  try {
    return await openOnce(ports, server, "auto", onToolsChanged, onClosed, signal);
  } catch (error) {
    // Some older servers end at the first question that they do not know.
    if (!(error instanceof EndedEarly)) throw error;
    return openOnce(ports, server, "legacy", onToolsChanged, onClosed, signal);
  }
}

/** The program ended before the conversation began. */
class EndedEarly extends Error {}

async function openOnce(
  ports: OpenPorts,
  server: McpServer,
  mode: "auto" | "legacy",
  onToolsChanged: () => void,
  onClosed: () => void,
  signal: AbortSignal,
): Promise<Opened> {
  const way = server.transport === "stdio" ? await startProgram(ports, server) : await reach(server, ports);
  const { fault, pid, end } = way;
  let oddities = 0;
  const onOddity = (message: string): void => {
    oddities += 1;
    if (oddities <= ODDITIES_MAX)
      ports.log.warn("mcp", ports.redact(message).slice(0, LINE_CHARS), { server: server.name });
  };
  try {
    const { version } = ports;
    const connection = await openConnection(
      server,
      way.transport,
      { version, mode, onToolsChanged, onOddity, onClosed, fault },
      signal,
    );
    const stop = async (): Promise<void> => {
      await connection.close().catch(() => {});
      await end();
    };
    return { connection, pid, fault, stop };
  } catch (error) {
    const why = fault();
    const ended = mode === "auto" && why === undefined && way.hasEnded();
    await end();
    if (ended) throw new EndedEarly("it ended at the first question", { cause: error });
    throw new Error([why ?? messageOf(error), way.lastWords()].filter(Boolean).join("; it said: "), {
      cause: error,
    });
  }
}

async function startProgram(ports: OpenPorts, server: McpServer): Promise<Way> {
  const { place, log, redact } = ports;
  const cwd = server.cwd ?? place.workspace;
  const env = { PATH: place.path, HOME: cwd, LANG: "C.UTF-8", ...server.env };
  // The very file that was hashed, by the name it was found under.
  const { program, file, files } = await identify(server, place);
  const plain: Argv = [String(program), ...server.argv.slice(1)];
  const own = [String(program), String(file), ...Object.keys(files as object)];
  const argv = server.cage === null ? plain : ports.cage({ argv: plain, cwd }, server.cage, own);
  const child = await ports.start({ name: `mcp ${server.name}`, argv, cwd, env });
  const lastWords = logLines(child.stderr, redact, (line) => log.info("mcp", line, { server: server.name }));
  const transport = new PipeTransport(child, ports.monoMs);
  // What it started may hold its pipes open; what it said before it ended is still read.
  void child.exited.then(() => setTimeout(() => void transport.close(), LAST_WORDS_MS));
  return {
    transport,
    pid: child.pid,
    fault: () => transport.fault,
    hasEnded: () => transport.isClosed,
    lastWords,
    end: () => child.stop(GRACE_MS),
  };
}

type Argv = readonly [string, ...string[]];

const LIMITS = { messageBytes: MESSAGE_BYTES, eventsPerSecond: NOTIFICATIONS_PER_SECOND };

async function reach(server: McpServer, { monoMs }: OpenPorts): Promise<Way> {
  const sdk = await import("@modelcontextprotocol/client");
  let transport: Transport | undefined;
  let fault: string | undefined;
  const onCut = (why: string): void => {
    fault = `LIMIT_SIZE: ${why}`;
    void transport?.close();
  };
  const { url, headers } = server;
  const fetch = createServerFetch({ url, headers, ...LIMITS, monoMs, onCut });
  transport =
    server.transport === "sse"
      ? new sdk.SSEClientTransport(new URL(url), { fetch })
      : new sdk.StreamableHTTPClientTransport(new URL(url), { fetch });
  const way = transport;
  return {
    transport: way,
    pid: null,
    fault: () => fault,
    hasEnded: () => false,
    lastWords: () => "",
    end: () => way.close().catch(() => {}),
  };
}

const LINE_CHARS = 500;
/** Of a line that does not end, so much is looked at: a secret in it is whole when it is redacted. */
const LINE_READ_CHARS = 16_384;
const LINES_PER_RUN = 200;

/**
 * The first lines of a run, each cut; the rest is read and dropped, so that the program never waits for us. Returns what
 * was written last.
 */
function logLines(
  stream: Readable,
  redact: (text: string) => string,
  write: (line: string) => void,
): () => string {
  let last = "";
  let rest = "";
  let lines = 0;
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    if (lines >= LINES_PER_RUN) return;
    const parts = (rest + text).split("\n");
    rest = (parts.pop() ?? "").slice(0, LINE_READ_CHARS);
    for (const part of parts) {
      lines += 1;
      if (lines > LINES_PER_RUN) return;
      if (part.trim() === "") continue;
      last = redact(part).slice(0, LINE_CHARS);
      write(last);
    }
    if (lines === LINES_PER_RUN) write("[more of this run is not logged]");
  });
  return () => last;
}
