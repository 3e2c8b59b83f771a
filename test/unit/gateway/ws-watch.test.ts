// The look at connections: who does not answer a ping is gone by the next one, and whose credential is over is expelled.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { GoclawError } from "../../../src/domain/error.ts";
import type { Peer } from "../../../src/gateway/peer.ts";
import { startWatch } from "../../../src/gateway/ws-watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function createPeer(identify: () => unknown = () => ({ principal: "token" })) {
  const told: string[] = [];
  const socket = { ping: () => told.push("ping"), terminate: () => told.push("terminate") };
  const peer = {
    ...{ socket, identify, isAlive: true, noise: 7, closed: new AbortController().signal },
    expel: (code: string) => told.push(code),
  };
  return { told, peer: peer as unknown as Peer };
}

test("a ping every 20 s; silence until the next one ends the connection", () => {
  const quiet = createPeer();
  const lively = createPeer();
  const stop = startWatch(new Set([quiet.peer, lively.peer]));
  vi.advanceTimersByTime(19_999);
  expect([quiet.told, quiet.peer.noise]).toEqual([[], 0]);
  vi.advanceTimersByTime(1);
  expect(quiet.told).toEqual(["ping"]);
  lively.peer.isAlive = true;
  vi.advanceTimersByTime(20_000);
  expect([quiet.told, lively.told]).toEqual([
    ["ping", "terminate"],
    ["ping", "ping"],
  ]);
  stop();
  vi.advanceTimersByTime(60_000);
  expect(lively.told).toHaveLength(2);
});

test("a credential that is over ends the connection within a second", () => {
  let isOver = false;
  const { told, peer } = createPeer(() => {
    if (isOver) throw new GoclawError("AUTH_INVALID", "over");
  });
  const stop = startWatch(new Set([peer]));
  vi.advanceTimersByTime(3_000);
  expect(told).toEqual([]);
  isOver = true;
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual(["AUTH_INVALID"]);
  stop();
});
