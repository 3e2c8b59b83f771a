// What one agent hands to another is still its own wish: a child may do what its agent and everybody above it may, and no
// argument of a model says otherwise.

import { afterEach, expect, test } from "vitest";
import { approvalOf } from "../support/approvals.ts";
import { row } from "../support/catalogue.ts";
import type { Daemon } from "../support/daemon.ts";
import { type Reply, replyByDirective } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;
afterEach(() => rig.close());

type Calls = NonNullable<Reply["toolCalls"]>;
const spawn = (prompt: string, more: object = {}): Calls[number] => ({
  name: "spawn_task",
  args: { prompt, ...more },
});
const ALERT: Calls[number] = { name: "send_alert", args: { severity: "info", title: "t", body: "b" } };

/** Agents writer and coder; the model makes the calls of a task in its first turn. */
async function begin(
  plan: Readonly<Record<string, Calls>>,
  rules: readonly object[],
  more = {},
): Promise<void> {
  rig = await createRig({
    allow: ["acp.*", "admin.*", "tools.spawn_task", "tools.now"],
    policy: { rules },
    config: { agents: [{ agent_id: "writer" }, { agent_id: "coder" }], ...more },
  });
  rig.stub.use((body, place) => {
    const toolCalls = place.turn === 0 ? plan[place.key] : undefined;
    return toolCalls === undefined ? replyByDirective(body, place) : { toolCalls };
  });
  daemon = await rig.start();
}

const told = (key: string): string[] =>
  (rig.stub.calls.findLast((call) => call.key === key && call.turn === 1)?.body.messages ?? [])
    .filter(({ role }) => role === "tool")
    .map(({ content }) => String(content));

const only = (effect: string, ...agents: string[]) => ({ effect, agents, capability: "tools.send_alert" });

test(
  row(
    "M-01",
    "an agent does not get by handing on what it may not do itself, at any depth, and the audit has the chain",
  ),
  async () => {
    const plan = {
      "task-w": [spawn("task c", { agent: "coder", wait: true })],
      "task-c": [ALERT, spawn("task g", { wait: true })],
      "task-g": [ALERT],
      "task-own": [ALERT],
    };
    await begin(plan, [only("allow", "coder")]);
    const id = await submit(daemon.client, "task w", { agent: "writer" });
    expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
    for (const key of ["task-c", "task-g"])
      expect(told(key)[0]).toMatch(/^DELEGATE_ESCALATION: agent writer, which this work comes from, may not/);
    expect(rig.sink.calls).toEqual([]);
    const denied = rig.read((db) => db.audit().filter(({ decision }) => decision === "deny"));
    expect(denied).toMatchObject([
      { principal: "agent:coder", capability: "tools.send_alert", code: "DELEGATE_ESCALATION" },
      { principal: "agent:coder", capability: "tools.send_alert", code: "DELEGATE_ESCALATION" },
    ]);
    expect(
      (await ended(daemon.client, await submit(daemon.client, "task own", { agent: "coder" }))).state,
    ).toBe("SUCCEEDED");
    expect(rig.sink.calls).toHaveLength(1);
  },
);

test(
  row("M-01", "what the one above would be asked for is asked for below, and what both may is done"),
  async () => {
    const plan = { "task-w": [spawn("task c", { agent: "coder" })], "task-c": [ALERT] };
    await begin(plan, [only("allow", "coder"), only("ask", "writer")]);
    await ended(daemon.client, await submit(daemon.client, "task w", { agent: "writer" }));
    const [child] = rig.read((db) => db.tasks()).filter(({ agent_id }) => agent_id === "coder");
    const { reason } = await approvalOf(daemon, child!.id);
    expect(reason).toContain("agent writer, which this work comes from");
    expect(rig.sink.calls).toEqual([]);
  },
);

test(
  row("M-02", "whose session and whose child it is, and how it is kept in, no argument says"),
  async () => {
    const strangers = {
      session_id: "x",
      parent_id: "x",
      parent_task_id: "x",
      sandbox: "off",
      policy: {},
      key_id: "x",
    };
    const calls = Object.entries(strangers).map(([name, value]) => spawn("task c", { [name]: value }));
    await begin({ "task-w": calls }, []);
    await ended(daemon.client, await submit(daemon.client, "task w", { agent: "writer" }));
    expect(told("task-w")).toHaveLength(calls.length);
    for (const answer of told("task-w")) expect(answer).toMatch(/^TOOL_ARGUMENTS: .*additional properties/);
    expect(rig.read((db) => db.tasks())).toHaveLength(1);
  },
);

test(
  row("M-04", "agents that hand the same work round and round end, and all of it counts for the one family"),
  async () => {
    rig = await createRig({
      allow: ["acp.*", "admin.*", "tools.*"],
      config: { agents: [{ agent_id: "writer" }, { agent_id: "coder" }] },
    });
    // Whoever is asked hands it to the other, four times over.
    rig.stub.use((body, { turn, key }) => {
      const agent = key.startsWith("task-a") ? "coder" : "writer";
      const prompt = `task ${agent === "coder" ? "b" : "a"}`;
      return turn === 0
        ? { toolCalls: [0, 1, 2, 3].map((each) => spawn(`${prompt}${each}`, { agent, wait: each === 3 })) }
        : replyByDirective(body, { key, turn, nth: 0 });
    });
    daemon = await rig.start();
    const id = await submit(daemon.client, "task a", { agent: "writer" });
    expect((await ended(daemon.client, id, 60_000)).state).toBe("SUCCEEDED");
    const tasks = rig.read((db) => db.tasks());
    expect(tasks.length).toBeLessThanOrEqual(100);
    const refusals = rig.read((db) => db.effects()).filter(({ status }) => status === "FAILED");
    expect(refusals.length).toBeGreaterThan(0);
  },
);
