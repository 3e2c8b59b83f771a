// The lanes: claim as many tasks as there are free lanes, run each as one attempt, and wake by signal when there is
// something to claim. Nothing polls: a commit that queues a task wakes the claim, a timer stands for the next due row.

import type { Bus } from "../bus/bus.ts";
import type { Agent } from "../domain/agent.ts";
import { codeOf } from "../domain/error.ts";
import { type GoclawEvent, isDurable } from "../domain/event.ts";
import type { ClaimedTask } from "../domain/task.ts";
import type { Clock } from "../domain/time.ts";
import { type ClaimInput, claim } from "../queue/claim.ts";
import { recoverUnheld } from "../queue/recover.ts";
import { type AttemptPorts, runAttempt, type StopReason } from "./attempt.ts";
import { freePlaces, isPassage, PASSAGE, takenLanes } from "./passage-lanes.ts";
import { createWaker, type Waker } from "./waker.ts";

export interface EngineOptions extends AttemptPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly bootId: string;
  readonly lanes: number;
  readonly leaseMs: number;
  /** Of the policy in force now. */
  readonly policyVersion: () => string;
  readonly agents: readonly Agent[];
  readonly reportLoopDefect: (error: unknown) => void;
}

export interface Engine {
  start(): void;
  /** Stops claiming, waits up to `timeoutMs` for running attempts, then puts the rest back into the queue. */
  drain(timeoutMs: number): Promise<void>;
  /** Ends a drain's wait at once. */
  hurry(): void;
  /** A task is on its way into the queue: a free lane claims it in the same commit. */
  expectWork(): void;
  /** Running attempts now. */
  busyLanes(): number;
}

interface Running {
  readonly task: ClaimedTask;
  readonly control: AbortController;
  readonly done: Promise<void>;
  /** Its settlement is on its way to the writer: the lane may be given to what is claimed after it. */
  isSettling: boolean;
}

const PULSES_PER_LEASE = 4;
const SETTLE_MS = 2_000;

export function createEngine(options: EngineOptions): Engine {
  return new Lanes(options);
}

class Lanes implements Engine {
  readonly #options: EngineOptions;
  // By attempt and not by task: one that lost its lease keeps its lane until it has really stopped.
  readonly #running = new Set<Running>();
  readonly #waker: Waker;
  readonly #unsubscribe: () => void;
  #claiming = false;
  #claimed: Promise<void> = Promise.resolve();
  #wanted = false;
  /** Clients' own requests that came or may have, as at a start, and up to which one none is waiting. */
  #passagesSeen = 1;
  #passagesTaken = 0;
  #stopping = true;
  readonly #hasLimits: boolean;
  #pulse: NodeJS.Timeout | undefined;
  #hurried: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#hasLimits = options.agents.some(({ workerCount }) => workerCount !== null);
    this.#waker = createWaker(options.store, options.clock, (error) => this.#reportLoop(error));
    this.#unsubscribe = options.bus.subscribe((event) => this.#observe(event));
  }

  start(): void {
    this.#stopping = false;
    this.#waker.noteDue(0);
    this.#wake();
  }

  busyLanes(): number {
    return takenLanes(this.#busy());
  }

  expectWork(): void {
    if (this.#freeLanes() > 0) this.#wake();
  }

  hurry(): void {
    this.#hurried?.();
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    this.#waker.stop();
    await Promise.race([this.#settled(), this.#patience(timeoutMs)]);
    for (const { control } of this.#running) control.abort("shutdown" satisfies StopReason);
    // A store that cannot write keeps attempts from settling; the next start finds their leases over.
    await Promise.race([this.#settled(), this.#patience(SETTLE_MS)]);
    this.#unsubscribe();
    clearInterval(this.#pulse);
  }

  /** Resolves when the claim under way has brought its tasks and every attempt is settled. */
  async #settled(): Promise<void> {
    await this.#claimed;
    await Promise.all([...this.#running].map(({ done }) => done));
  }

  #patience(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#hurried = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #observe(event: GoclawEvent): void {
    if (!isDurable(event)) return;
    if (event.to === "QUEUED") {
      // Only a task that is new says its kind.
      if ((event.payload.kind ?? PASSAGE) === PASSAGE) this.#passagesSeen++;
      this.#wake();
    }
    if (event.to === "RETRY_WAIT") this.#waker.noteDue(dueAtOf(event.at, event.payload));
    if (event.from !== "RUNNING" || event.to === null) return;
    for (const { task, control } of this.#running) {
      if (task.id !== event.taskId || control.signal.aborted) continue;
      if (event.to === "CANCELED") control.abort("canceled" satisfies StopReason);
      if (event.reasonCode === "LEASE_EXPIRED") control.abort("lease_lost" satisfies StopReason);
    }
  }

  /** At most one claim is under way; a wake-up during it asks for another. */
  #wake(): void {
    this.#wanted = true;
    if (this.#claiming || this.#stopping) return;
    this.#claiming = true;
    this.#claimed = this.#claimWhileWanted();
  }

  async #claimWhileWanted(): Promise<void> {
    try {
      while (this.#wanted && !this.#stopping) {
        this.#wanted = false;
        const slots = this.#freeLanes();
        const seen = this.#passagesSeen;
        // Without a free lane: one that becomes free wakes again.
        const tasks = slots <= 0 ? [] : await this.#claim(this.#claimInput(slots));
        for (const task of tasks) this.#run(task);
        const isFull = tasks.length >= slots;
        // Without limits of agents' own, what a claim leaves free nobody waits for.
        if (!isFull && !this.#hasLimits) this.#passagesTaken = seen;
        this.#wanted ||= isFull && slots > 0;
        if (this.#passagesTaken < this.#passagesSeen) await this.#claimPassages();
      }
    } catch (error) {
      this.#reportLoop(error);
    } finally {
      this.#claiming = false;
    }
  }

  /** What the lanes have left of clients' own requests. */
  async #claimPassages(): Promise<void> {
    const slots = freePlaces(this.#busy());
    if (slots <= 0 || this.#stopping) return;
    const seen = this.#passagesSeen;
    const tasks = await this.#claim({ ...this.#claimInput(slots), only: PASSAGE });
    for (const task of tasks) this.#run(task);
    if (tasks.length < slots) this.#passagesTaken = seen;
  }

  #freeLanes(): number {
    return this.#options.lanes - this.busyLanes();
  }

  /** A claim that met a storage fault may have been made all the same: what it took goes back before the next. */
  async #claim(input: ClaimInput): Promise<ClaimedTask[]> {
    const { store, bootId: owner } = this.#options;
    for (;;) {
      try {
        return await store.run(claim, input);
      } catch (error) {
        if (!["DISK_FULL", "IO_ERROR"].includes(codeOf(error))) throw error;
        await store.healthy();
        const held = [...this.#running].map(({ task }) => task.id);
        await store.insist(recoverUnheld, { owner, held });
      }
    }
  }

  #claimInput(slots: number): ClaimInput {
    const { bootId, leaseMs, policyVersion, agents } = this.#options;
    const agentSlots: Record<string, number> = {};
    for (const { id, workerCount } of agents) {
      if (workerCount !== null) agentSlots[id] = workerCount - this.#busyWith(id);
    }
    return { owner: bootId, leaseMs, slots, agentSlots, policyVersion: policyVersion() };
  }

  #busyWith(agentId: string): number {
    return this.#busy().filter((running) => running.task.agentId === agentId && !isPassage(running)).length;
  }

  #busy(): Running[] {
    return [...this.#running].filter(({ isSettling }) => !isSettling);
  }

  #run(task: ClaimedTask): void {
    const control = new AbortController();
    // Claimed while the drain began: not started, so that it goes back at once.
    if (this.#stopping) control.abort("shutdown" satisfies StopReason);
    const onSettling = (): void => {
      running.isSettling = true;
      this.#wake();
    };
    const done = runAttempt(this.#options, task, control, onSettling).then(() => {
      this.#running.delete(running);
      if (this.#running.size === 0) {
        clearInterval(this.#pulse);
        this.#pulse = undefined;
      }
      this.#wake();
    });
    const running: Running = { task, control, done, isSettling: false };
    this.#running.add(running);
    this.#pulse ??= setInterval(() => this.#options.store.pulse(), this.#options.leaseMs / PULSES_PER_LEASE);
  }

  #reportLoop(error: unknown): void {
    // While stopping the store is closed under a claim's feet; that is no defect.
    if (!this.#stopping) this.#options.reportLoopDefect(error);
  }
}

function dueAtOf(at: number, payload: Readonly<Record<string, unknown>>): number {
  if (typeof payload.deadline_at === "number") return payload.deadline_at;
  return typeof payload.delay_ms === "number" ? at + payload.delay_ms : at;
}
