// News that nobody asked for goes to those who may hear it at that moment: tools that moved to the home's own token, and
// nothing at all once the policy no longer lets the connection read.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { runCli } from "../support/cli.ts";
import { createClient } from "../support/http.ts";
import { openOdd, tool } from "../support/odd-rig.ts";
import { createRig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";
import { connectWs, noted } from "../support/ws.ts";

test("tools of an MCP server that moved are told to the token, and to no key", async () => {
  const odd = await openOdd(["echo", "announce"], { allow: ["acp.*", "admin.*", "mcp.odd.*"] });
  try {
    const added = await runCli(odd.home, ["key", "add", "k", "--agents", "*"]);
    expect(added.code).toBe(0);
    const http = createClient(odd.daemon.client.url, added.stdout.trim());
    const guest = await connectWs(http);
    const admin = await connectWs(odd.daemon.client);
    odd.list(tool("announce"), tool("echo", { description: "does something else" }));
    await odd.told("announce");
    const news = await admin.first("the news", ({ method }) => method === "tools.updated");
    expect(news.params).toEqual({ server: "odd", tools: expect.arrayContaining(["echo"]) });
    await guest.call("agent.list");
    expect(noted(guest, "tools.updated")).toEqual([]);
    http.close();
  } finally {
    await odd.rig.close();
  }
});

test("a policy that no longer lets anybody read ends what is told, not only what is asked", async () => {
  const rig = await createRig();
  try {
    const { client: http } = await rig.start();
    const client = await connectWs(http);
    const id = await submit(http, "task before");
    const { session_id } = await ended(http, id);
    await client.call("session.events.subscribe", { session_id });
    const heard = noted(client, "session.event").length;
    expect(heard).toBeGreaterThan(0);
    writeFileSync(join(rig.home, "policy.yaml"), stringify({ allow_capabilities: ["acp.mutate"] }));
    await until(
      "the policy is in force",
      async () => (await client.ask("task.list")).error?.data.code === "CAP_DENIED",
    );
    const { task_id } = await client.call<{ task_id: string }>("agent.chat", {
      content: "task after",
      session_id,
    });
    await until("the task to end", () =>
      rig.read((db) => db.tasks()).some((task) => task.id === task_id && task.state === "SUCCEEDED"),
    );
    expect((await client.ask("system.status")).error?.data.code).toBe("CAP_DENIED");
    expect(noted(client, "session.event")).toHaveLength(heard);
  } finally {
    await rig.close();
  }
});
