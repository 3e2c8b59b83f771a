// Messages of a session are written once: neither a crash, nor recovery, nor a retry changes or removes one.

import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readTask, submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";

let rig: Rig;
afterEach(() => rig.close());

/** Every row of the tables that hold what was said, as text. */
function said(): { messages: string[]; events: string[] } {
  const db = new Database(join(rig.home, "goclaw.db"), { readonly: true });
  const rows = (sql: string): string[] =>
    db
      .prepare(sql)
      .all()
      .map((row) => JSON.stringify(row));
  const found = {
    messages: rows("SELECT * FROM messages ORDER BY session_id, anchor, part"),
    events: rows("SELECT * FROM task_events ORDER BY seq"),
  };
  db.close();
  return found;
}

test(
  verifies(
    "REL-004",
    "a crash in the middle of a turn, recovery and a retry only add to what a session says",
  ),
  async () => {
    rig = await createRig();
    let daemon = await rig.start();
    const first = await submit(daemon.client, "task one tools=now words=5");
    await ended(daemon.client, first);
    const { session_id } = await readTask(daemon.client, first);
    const looks = [said()];
    const body = { session_id };
    const second = await submit(daemon.client, "task two tools=now,write_note;now gate=mid@1", body);
    await rig.stub.reached("mid");
    looks.push(said());
    await daemon.kill();
    rig.stub.open("mid");
    daemon = await rig.start();
    expect(await ended(daemon.client, second)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    looks.push(said());
    const third = await submit(daemon.client, "task three fault=400:1", body);
    expect((await ended(daemon.client, third)).state).not.toBe("SUCCEEDED");
    looks.push(said());
    await daemon.client.post(`/api/v1/tasks/${third}/retry`);
    await ended(daemon.client, third);
    looks.push(said());
    for (const [index, later] of looks.entries()) {
      const before = looks[index - 1];
      if (before === undefined) continue;
      expect(later.messages.slice(0, before.messages.length)).toEqual(before.messages);
      expect(later.events.slice(0, before.events.length)).toEqual(before.events);
    }
    const grew = looks.map(({ messages }) => messages.length);
    expect(grew).toEqual([...grew].sort((a, b) => a - b));
    expect(grew.at(-1)).toBeGreaterThan(grew[0]!);
  },
);
