// The state machine as DESIGN.md has it, written down a second time and without a look at the code: a task is eight
// states, a count, a fence and a lease, and every verb says in a few lines what it must do to them.

export type State =
  | "QUEUED"
  | "CLAIMED"
  | "RUNNING"
  | "RETRY_WAIT"
  | "SUCCEEDED"
  | "FAILED"
  | "CANCELED"
  | "DEAD_LETTER";

/** DESIGN's table, word for word. */
export const ARROWS: Readonly<Record<State, readonly State[]>> = {
  QUEUED: ["CLAIMED", "CANCELED"],
  CLAIMED: ["RUNNING", "QUEUED", "CANCELED"],
  RUNNING: ["SUCCEEDED", "RETRY_WAIT", "FAILED", "CANCELED", "QUEUED"],
  RETRY_WAIT: ["QUEUED", "FAILED", "CANCELED"],
  FAILED: ["DEAD_LETTER"],
  SUCCEEDED: [],
  CANCELED: [],
  DEAD_LETTER: ["QUEUED"],
};

export const STATES = Object.keys(ARROWS) as State[];
export const STARTS_AT: State = "QUEUED";
const ENDED: readonly State[] = ["SUCCEEDED", "FAILED", "CANCELED", "DEAD_LETTER"];
const POISON_AFTER = 3;

export interface ModelTask {
  readonly id: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly priority: number;
  readonly maxAttempts: number;
  state: State;
  attempt: number;
  fence: number;
  owner: string | null;
  leaseUntil: number | null;
  reason: string | null;
  availableAt: number;
  /** Wall time at which its last backoff began. */
  backoffSince: number;
  failure: string | null;
  failureCount: number;
  /** Acts of class `once` whose intent is written and whose outcome is not. */
  unsettled: number;
  /** Its last attempt died with its daemon; of such tasks one runs at a time. */
  suspect: boolean;
}

export interface Model {
  readonly tasks: ModelTask[];
  /** Arrows taken, for the test's own coverage. */
  readonly taken: Set<string>;
  boot: number;
}

export const ownerOf = (model: Model): string => `boot-${model.boot}`;
export const isEnded = (task: ModelTask): boolean => ENDED.includes(task.state);
export const isLeased = (task: ModelTask): boolean => task.state === "CLAIMED" || task.state === "RUNNING";

/** Whether a write with this fence, at this monotonic time, is the write of the attempt that holds the lease. */
export function holds(task: ModelTask, fence: number, monoMs: number): boolean {
  return task.state === "RUNNING" && task.fence === fence && (task.leaseUntil ?? 0) > monoMs;
}

function move(model: Model, task: ModelTask, to: State, reason: string | null): void {
  if (!ARROWS[task.state].includes(to)) throw new Error(`the model itself moves ${task.state} to ${to}`);
  model.taken.add(`${task.state}→${to}`);
  task.state = to;
  task.reason = reason;
  if (!isLeased(task)) {
    task.owner = null;
    task.leaseUntil = null;
  }
}

export function claimed(model: Model, task: ModelTask, leaseUntil: number): void {
  move(model, task, "CLAIMED", null);
  task.attempt++;
  task.fence++;
  task.owner = ownerOf(model);
  task.leaseUntil = leaseUntil;
}

/** How many tasks a claim for so many lanes must bring. */
export function claimable({ tasks }: Model, slots: number): number {
  const queued = tasks.filter((task) => task.state === "QUEUED");
  const suspects = queued.filter((task) => task.suspect).length;
  const oneRuns = tasks.some((task) => task.suspect && isLeased(task));
  return Math.min(slots, queued.length - suspects + (oneRuns ? 0 : Math.min(1, suspects)));
}

export function started(model: Model, task: ModelTask): void {
  move(model, task, "RUNNING", null);
}

export function finished(model: Model, task: ModelTask): void {
  move(model, task, "SUCCEEDED", null);
}

export function failedForGood(model: Model, task: ModelTask, code: string): void {
  move(model, task, "FAILED", code);
}

/** A retryable failure: another try after a backoff, or the dead-letter queue. */
export function failed(
  model: Model,
  task: ModelTask,
  reason: string,
  failure: string,
  circumstance: boolean,
): "waits" | "dead" {
  task.failureCount = task.failure === failure ? task.failureCount + 1 : 1;
  task.failure = failure;
  const poisoned = !circumstance && task.failureCount >= POISON_AFTER;
  if (!poisoned && task.attempt < task.maxAttempts) {
    move(model, task, "RETRY_WAIT", reason);
    task.suspect = false;
    return "waits";
  }
  move(model, task, "FAILED", reason);
  move(model, task, "DEAD_LETTER", poisoned ? "DEAD_LETTER_POISON_PILL" : "DEAD_LETTER_MAX_ATTEMPTS");
  return "dead";
}

export function suspended(model: Model, task: ModelTask, reason: string, deadlineAt: number): void {
  move(model, task, "RETRY_WAIT", reason);
  task.suspect = false;
  task.attempt--;
  task.availableAt = deadlineAt;
}

export function requeued(model: Model, task: ModelTask, nowMs: number): void {
  move(model, task, "QUEUED", "SHUTDOWN_REQUEUED");
  task.suspect = false;
  task.attempt--;
  task.availableAt = nowMs;
}

export function canceled(model: Model, task: ModelTask): void {
  move(model, task, "CANCELED", "ABORTED");
}

export function isSuspended({ reason }: ModelTask): boolean {
  return reason?.startsWith("AWAITING_") === true || reason === "EFFECT_UNKNOWN";
}

/** A wait that is over: a backoff becomes work again, a wait for somebody has failed. */
export function due(model: Model, task: ModelTask, nowMs: number): void {
  if (isSuspended(task)) {
    move(model, task, "FAILED", "WAIT_EXPIRED");
  } else {
    move(model, task, "QUEUED", "RETRY_DUE");
    task.availableAt = nowMs;
  }
}

export function resolved(model: Model, task: ModelTask, nowMs: number): void {
  move(model, task, "QUEUED", "EFFECT_RESOLVED");
  task.unsettled = 0;
  task.availableAt = nowMs;
}

/** A lease that is over: the attempt counts, and when it was the last allowed one the task is set aside. */
export function takenBack(
  model: Model,
  task: ModelTask,
  reason: string,
  lastReason: string,
  nowMs: number,
): void {
  if (task.state === "RUNNING" && task.attempt >= task.maxAttempts) {
    move(model, task, "FAILED", reason);
    move(model, task, "DEAD_LETTER", lastReason);
    return;
  }
  move(model, task, "QUEUED", reason);
  task.suspect = reason === "OWNER_DIED";
  task.availableAt = nowMs;
}

export function broughtBack(model: Model, task: ModelTask, nowMs: number): void {
  move(model, task, "QUEUED", "OPERATOR_RETRY");
  task.suspect = false;
  task.attempt = 0;
  task.failure = null;
  task.failureCount = 0;
  task.availableAt = nowMs;
}
