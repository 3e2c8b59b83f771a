// Random histories of the real verbs over a real file, held against the model after every step. PROPERTY_RUNS makes the
// run longer; a failure prints the shortest history and the seed and path that repeat it.

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type InlineWriter, openInlineWriter } from "../support/inline-writer.ts";
import { LEASE_MS } from "../support/inputs.ts";
import { verifies } from "../support/verifies.ts";
import {
  answerTask,
  failTask,
  finishTask,
  intendTask,
  requeueTask,
  suspendTask,
  type TaskAct,
} from "./attempt-acts.ts";
import { check, type World } from "./check.ts";
import * as daemon from "./daemon-acts.ts";
import { ARROWS, type Model, STATES } from "./model.ts";
import { HALVES } from "./two-step-claim.ts";

const RUNS = Number(process.env.PROPERTY_RUNS ?? 3_000);
const MAX_COMMANDS = 40;

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter({ verbs: HALVES });
});
afterAll(() => writer.close());

const taken = new Set<string>();
/** Which verb met a task in which state. */
const met = new Map<string, Set<string>>();

class Step implements fc.Command<Model, World> {
  readonly #name: string;
  readonly #act: daemon.Act;

  constructor(name: string, act: daemon.Act) {
    this.#name = name;
    this.#act = act;
  }

  check = (): boolean => true;

  run(model: Model, world: World): void {
    this.#act(model, world);
    check(model, world);
  }

  toString = (): string => this.#name;
}

const step = (name: string, act: daemon.Act): fc.Arbitrary<Step> => fc.constant(new Step(name, act));

/** The same act on one of the tasks, now and then with a fence that is not its own. */
function onTask(name: string, act: TaskAct): fc.Arbitrary<Step> {
  const fences = fc.constantFrom(0, 0, 0, 0, -1, 1);
  return fc.tuple(fc.nat({ max: 11 }), fences).map(([index, offset]) => {
    const perform: daemon.Act = (model, world) => {
      const task = model.tasks[index % Math.max(1, model.tasks.length)];
      if (task === undefined) return;
      met.set(name, (met.get(name) ?? new Set()).add(task.state));
      act(model, world, task, task.fence + offset);
    };
    return new Step(`${name}(${index}, fence ${offset})`, perform);
  });
}

const enqueue = fc
  .tuple(fc.nat({ max: 2 }), fc.constantFrom(1, 2, 3, 5), fc.constantFrom(0, 0, 5))
  .map((args) => new Step(`enqueue(${args.join(", ")})`, daemon.enqueueTask(...args)));

const failures = ["RETRY_PROVIDER_OVERLOADED", "RETRY_PROVIDER_MALFORMED", "RETRY_PROCESSOR_ERROR"];

const commands = [
  ...[enqueue, enqueue],
  ...[1, 1, 2, 4].map((slots) => step(`claim(${slots})`, daemon.claimTasks(slots))),
  onTask("claimHalf", daemon.claimHalfOf),
  onTask("claimHalf", daemon.claimHalfOf),
  onTask("startHalf", daemon.startHalfOf),
  onTask("finish", finishTask),
  onTask("answer", answerTask),
  onTask("intend", intendTask),
  onTask("requeue", requeueTask),
  onTask("fail", failTask(null, "bad key")),
  ...failures.map((reason) => onTask("fail", failTask(reason, "attempt 17 broke"))),
  onTask("fail", failTask("RETRY_PROVIDER_MALFORMED", "attempt 18 broke")),
  onTask("suspend", suspendTask("AWAITING_APPROVAL", 10_000)),
  onTask("suspend", suspendTask("EFFECT_UNKNOWN", 60_000)),
  onTask("suspend", suspendTask("EFFECT_UNKNOWN", 60_000)),
  onTask("cancel", daemon.cancelTask),
  onTask("retry", daemon.retryTask),
  onTask("retry", daemon.retryTask),
  onTask("resolve", daemon.resolveTask("happened")),
  onTask("resolve", daemon.resolveTask("did_not")),
  step("wakeDue", daemon.wakeTasks),
  step("wakeDue", daemon.wakeTasks),
  step("reboot", daemon.reboot(1)),
  step("reboot, recovery twice", daemon.reboot(2)),
  step("beat", daemon.beat(0)),
  step("beat of a stopped loop", daemon.beat(LEASE_MS)),
  ...[1_000, 20_000, LEASE_MS + 1].map((ms) => step(`pass(${ms})`, daemon.passTime(ms))),
  ...[-3_600_000, 3_600_000].map((ms) => step(`jump(${ms})`, daemon.jumpClock(ms))),
];

function setup(): { model: Model; real: World } {
  writer.clear();
  const model: Model = { tasks: [], taken, boot: 1 };
  const real: World = { writer, chains: new Map(), lastSeq: 0, serial: 0 };
  // Work is under way when a history begins, because most of the table lies behind a claim.
  for (const act of [daemon.enqueueTask(0, 3, 0), daemon.enqueueTask(1, 1, 0), daemon.claimTasks(2)])
    act(model, real);
  daemon.enqueueTask(2, 2, 5)(model, real);
  return { model, real };
}

test(verifies(
  ["STM-001", "STM-002", "STM-003", "STM-004", "QUE-001", "QUE-002", "QUE-004", "QUE-005", "REL-003"],
  "whatever happens in whatever order, tasks move as DESIGN says and stale writers write nothing",
), { timeout: 600_000 }, () => {
  const histories = fc.commands(commands, { maxCommands: MAX_COMMANDS, size: "max" });
  fc.assert(
    fc.property(histories, (history) => fc.modelRun(setup, history)),
    { numRuns: RUNS },
  );
  const arrows = STATES.flatMap((from) => ARROWS[from].map((to) => `${from}→${to}`));
  expect(
    arrows.filter((arrow) => !taken.has(arrow)),
    "arrows that no history took",
  ).toEqual([]);
  for (const [verb, states] of met) {
    expect(
      STATES.filter((state) => !states.has(state)),
      `states in which ${verb} was not tried`,
    ).toEqual([]);
  }
});
