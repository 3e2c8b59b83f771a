// A flood of refusals: the first are in the audit one by one, the rest as a number, and the chain is whole.

import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
afterEach(() => rig.close());

const FLOOD = 4_000;

test(
  row("N-09", "thousands of equal refusals are a hundred records and one that counts the rest"),
  async () => {
    rig = await createRig({ allow: ["acp.read"] });
    const daemon = await rig.start();
    const { client } = daemon;
    const deny = async (): Promise<number> =>
      (await client.post("/api/v1/tasks", { agent: "default", prompt: "x" })).status;
    const statuses: number[] = [];
    for (let batch = 0; batch < FLOOD / 40; batch++)
      statuses.push(...(await Promise.all(Array.from({ length: 40 }, deny))));
    expect(statuses.every((status) => status === 403)).toBe(true);
    // Another refusal than that one is written as before.
    expect((await client.post("/api/v1/tasks/x/cancel")).status).toBe(403);
    await daemon.stop();
    const denials = rig.read((db) => db.audit()).filter(({ decision }) => decision === "deny");
    const codes = denials.map(({ code }) => code);
    expect(codes.filter((code) => code === "CAP_DENIED")).toHaveLength(101);
    expect(codes.filter((code) => code === "LIMIT_RATE")).toHaveLength(1);
    const tail = await runCli(rig.home, ["audit", "tail", "--json", "--limit", "10"]);
    const summary = tail.lines<{ code: string; request: string }>().find(({ code }) => code === "LIMIT_RATE");
    expect(JSON.parse(summary?.request ?? "{}")).toMatchObject({ more_of_the_same: FLOOD - 100 });
    expect(statSync(join(rig.home, "logs/audit.jsonl")).size).toBeLessThan(100_000);
    expect((await runCli(rig.home, ["audit", "verify"])).code).toBe(0);
  },
);
