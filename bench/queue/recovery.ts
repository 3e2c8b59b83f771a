// Restart after kill -9, with the executable: four lanes wait for a silent model, the daemon is killed, and the clock
// runs from the spawn of the next one until a reclaimed task runs again.

import { type Daemon, startDaemon } from "../kit/daemon.ts";
import { makeHome } from "../kit/home.ts";
import { startModel } from "../kit/model.ts";
import { removeDirectory } from "../kit/place.ts";
import { until } from "../kit/wait.ts";

const LANES = 4;
const TASKS = 20;

export interface Recovery {
  /** Until the event that a reclaimed task runs was committed. */
  readonly runsMs: number;
  /** Until its model call arrived at the model. */
  readonly calledMs: number;
}

export async function measureRecovery(): Promise<Recovery> {
  let calls = 0;
  let calledAtMs = 0;
  const onCall = (): void => {
    calls++;
    calledAtMs ||= performance.now();
  };
  const model = await startModel({ answer: "ok", silent: true, onCall });
  const home = makeHome({ lanes: LANES, modelUrl: model.url });
  const first = await startDaemon(home);
  const ids = await Promise.all(Array.from({ length: TASKS }, () => submit(first)));
  await until("all lanes to wait for the model", () => calls >= LANES || undefined);
  await first.kill();
  calledAtMs = 0;
  const second = await startDaemon(home);
  await until("a reclaimed task at the model", () => calledAtMs > 0 || undefined);
  const spawnedAt = performance.timeOrigin + second.spawnedAtMs;
  const runsMs = (await firstReclaimAt(second, ids)) - spawnedAt;
  await second.kill();
  model.close();
  removeDirectory(home);
  return { runsMs, calledMs: calledAtMs - second.spawnedAtMs };
}

async function submit(daemon: Daemon): Promise<string> {
  const body = await call<{ task_id: string }>(daemon, "/api/v1/tasks", { prompt: "wait" });
  return body.task_id;
}

interface WireEvent {
  readonly type: string;
  readonly reason_code?: string | null;
  readonly at: string;
}

/** When the first task that was taken from the dead owner was running again, epoch ms. */
async function firstReclaimAt(daemon: Daemon, ids: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (const id of ids) {
    const { events } = await call<{ events: WireEvent[] }>(daemon, `/api/v1/tasks/${id}/events`);
    const taken = events.findIndex(({ reason_code }) => reason_code === "OWNER_DIED");
    const running = taken < 0 ? undefined : events.slice(taken).find(({ type }) => type === "task.running");
    if (running !== undefined) times.push(Date.parse(running.at));
  }
  return Math.min(...times);
}

async function call<Body>({ port, token }: Daemon, path: string, body?: object): Promise<Body> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}
