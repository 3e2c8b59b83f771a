// `goclaw approvals list` for people: every id can be typed, and what is left out is said.

import { afterAll, beforeAll, expect, test } from "vitest";
import { approvalOf } from "../support/approvals.ts";
import { type CliResult, runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { submit } from "../support/tasks.ts";
import { runInTerminal } from "../support/terminal.ts";

let rig: Rig;
const ids: string[] = [];

beforeAll(async () => {
  rig = await createRig({
    allow: ["acp.read", "acp.mutate", "admin.*"],
    policy: { rules: [{ effect: "ask", capability: "tools.send_alert" }] },
  });
  const daemon = await rig.start();
  for (const key of ["a", "b", "c"]) {
    const id = await submit(daemon.client, `task ${key} tools=send_alert`);
    ids.unshift((await approvalOf(daemon, id)).id);
  }
});
afterAll(() => rig.close());

const list = (...args: string[]): Promise<CliResult> => runCli(rig.home, ["approvals", "list", ...args]);

test("a list that has a limit says that there is more", async () => {
  const some = await list("--limit", "2");
  expect(some.stdout.match(/^[0-9a-f-]{36}/gm)).toEqual(ids.slice(0, 2));
  expect(some.stderr).toBe("there are more than these 2; --limit shows them\n");
  expect((await list()).stderr).toBe("");
  const json = (await list("--limit", "2", "--json")).json<{ approvals: unknown[]; next_cursor: unknown }>();
  expect([json.approvals.length, json.next_cursor]).toEqual([2, ids[1]]);
});

test.each([60, 80])("ids are whole in a terminal of %d columns", async (columns) => {
  const { text } = await runInTerminal(rig.home, ["approvals", "list", "--all"], { columns });
  for (const id of ids) expect(text).toContain(id);
});
