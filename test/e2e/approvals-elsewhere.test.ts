// One approval on every surface that is no TUI: listed the same by command line, REST and WebSocket, and answered by each.

import { afterEach, beforeEach, expect, test } from "vitest";
import { approvalOf, type WireApproval } from "../support/approvals.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";
import { connectWs } from "../support/ws.ts";

let rig: Rig;
let daemon: Daemon;
beforeEach(async () => {
  rig = await createRig({ policy: { rules: [{ effect: "ask", capability: "tools.send_alert" }] } });
  daemon = await rig.start();
});
afterEach(() => rig.close());

const overCli = (id: string, decision: string) => runCli(rig.home, ["approvals", decision, id, "--json"]);
const overRest = (id: string, decision: string) =>
  daemon.client.post(`/api/v1/approvals/${id}`, { decision });
async function overWs(approval_id: string, decision: string): Promise<void> {
  const client = await connectWs(daemon.client);
  await client.call("approval.respond", { approval_id, decision });
}

test(verifies("TUI-004", "what waits is listed with one act and one digest on all three"), async () => {
  const asked = await approvalOf(daemon, await submit(daemon.client, "task a tools=send_alert"));
  const cli = (await runCli(rig.home, ["approvals", "list", "--json"])).json<{ approvals: WireApproval[] }>();
  const client = await connectWs(daemon.client);
  const ws = await client.call<{ approvals: WireApproval[] }>("approval.list", { status: "PENDING" });
  for (const { approvals } of [cli, ws]) {
    expect(approvals).toHaveLength(1);
    expect(approvals[0]).toMatchObject({
      id: asked.id,
      act: asked.act,
      digest: asked.digest,
      rule: asked.rule,
    });
  }
  const shown = await runCli(rig.home, ["approvals", "show", asked.id]);
  expect(shown.stdout).toContain(asked.digest.slice(0, 12));
});

test.each([
  ["the command line", overCli],
  ["REST", overRest],
  ["WebSocket", overWs],
] as const)(verifies("TUI-004", "%s answers it, yes and no"), async (_name, answer) => {
  for (const [decision, alerts] of [
    ["deny", 0],
    ["approve", 1],
  ] as const) {
    const id = await submit(daemon.client, `task ${decision} tools=send_alert`);
    await answer((await approvalOf(daemon, id)).id, decision);
    expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
    expect(rig.sink.callsOf(`task-${decision}`)).toHaveLength(alerts);
  }
});

test("a completion that was told of the wait is asked for again with its key, and waits for the answer", async () => {
  const args = { severity: "info", title: "up", body: "it is up" };
  rig.stub.use((_body, { turn }) =>
    turn === 0 ? { toolCalls: [{ name: "send_alert", args }] } : { text: "sent", gate: "end" },
  );
  const ask = () => {
    const body = { model: "agent:default", messages: [{ role: "user", content: "go" }] };
    return daemon.client.post("/v1/chat/completions", body, { "idempotency-key": "again" });
  };
  const audited = () => rig.read((db) => db.audit().length);
  const first = await ask();
  expect([first.status, first.json<{ error: { code: string } }>().error.code]).toEqual([
    409,
    "AWAITING_APPROVAL",
  ]);
  const taskId = first.headers["x-goclaw-task"] as string;
  await overRest((await approvalOf(daemon, taskId)).id, "approve");
  await rig.stub.reached("end");
  const before = audited();
  const again = ask();
  await until("it is asked again", () => audited() > before);
  rig.stub.open("end");
  expect((await again).status).toBe(200);
});
