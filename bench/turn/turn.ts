// The group `turn`: whole durable agent turns over POST /v1/chat/completions, JSON and streamed, with 16 clients that
// keep their connections; and the replay of a long task. The same client loads every system.

import type { Board } from "../board.ts";
import { startChild } from "../kit/child.ts";
import { startDaemon } from "../kit/daemon.ts";
import { makeHome } from "../kit/home.ts";
import { removeDirectory } from "../kit/place.ts";
import { cpuMs } from "../kit/proc.ts";
import type { Options } from "../options.ts";
import { PROMPT } from "../queue/contract.ts";
import { OURS } from "../systems.ts";
import type { LoadInput, LoadResult, LoadStarted } from "./load.ts";
import { measureReplay, prefillReplay } from "./replay.ts";

const CLIENTS = 16;
const LANES = 16;
const WARM_UP_SECONDS = 1;
/** Sixteen words: sixteen chunks when streamed. */
const ANSWER = "The paragraph says in many words what could have been said as well in just one.";

interface Target {
  readonly system: string;
  readonly pid: number;
  readonly port: number;
  readonly token: string;
}

export async function benchTurn(board: Board, { rounds, seconds }: Options): Promise<void> {
  const long = prefillReplay();
  for (let round = 0; round < rounds; round++) {
    await withHttpLimit((target) => measureBoth(board, target, seconds));
    await withDaemon(OURS, undefined, (target) => measureBoth(board, target, seconds));
    await withModel((url) =>
      withDaemon("goclaw-openai", url, (target) => measureBoth(board, target, seconds)),
    );
    const { tookMs, events } = await measureReplay(long);
    if (tookMs === undefined) {
      board.fail("replay", `the stream broke off after ${events.toLocaleString("en-GB")} of 100,000 events`);
    } else board.add("replay", OURS, tookMs);
  }
  removeDirectory(long.directory);
}

async function measureBoth(board: Board, target: Target, seconds: number): Promise<void> {
  await measureOne(board, "turn.json", target, false, seconds);
  await measureOne(board, "turn.sse", target, true, seconds);
}

async function measureOne(
  board: Board,
  row: string,
  target: Target,
  stream: boolean,
  seconds: number,
): Promise<void> {
  const { system, pid, port, token } = target;
  const messages = [{ role: "user", content: PROMPT }];
  const body = JSON.stringify({ model: "goclaw", messages, ...(stream ? { stream: true } : {}) });
  const input: LoadInput = { port, token, body, clients: CLIENTS, warmUpSeconds: WARM_UP_SECONDS, seconds };
  const load = startChild("turn/load.ts", input);
  await load.message<LoadStarted>();
  const beforeMs = cpuMs(pid);
  const { perSecond, requests, p50Ms, p99Ms, bad, firstBad } = await load.message<LoadResult>();
  const usedMs = cpuMs(pid) - beforeMs;
  await load.stop();
  if (bad > 0) throw new Error(`${system}: ${bad} answers were not good ones; the first:\n${firstBad}`);
  board.add(row, system, perSecond);
  board.add(`${row}.p50`, system, p50Ms);
  board.add(`${row}.p99`, system, p99Ms);
  board.add(`${row}.cpu`, system, (usedMs / requests) * 1_000);
}

async function withHttpLimit(use: (target: Target) => Promise<void>): Promise<void> {
  const child = startChild("turn/http-limit.ts", { answer: ANSWER });
  const { port } = await child.message<{ port: number }>();
  await use({ system: "http", pid: child.pid, port, token: "none" });
  await child.stop();
}

async function withModel(use: (url: string) => Promise<void>): Promise<void> {
  const child = startChild("turn/model-child.ts", { answer: ANSWER });
  const { url } = await child.message<{ url: string }>();
  await use(url);
  await child.stop();
}

async function withDaemon(
  system: string,
  modelUrl: string | undefined,
  use: (target: Target) => Promise<void>,
): Promise<void> {
  const home = makeHome({ lanes: LANES, answer: ANSWER, ...(modelUrl === undefined ? {} : { modelUrl }) });
  const { pid, port, token, stop } = await startDaemon(home);
  await use({ system, pid, port, token });
  await stop();
  removeDirectory(home);
}
