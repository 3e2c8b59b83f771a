// Schedules of a home whose slots are made due while no daemon runs: nobody waits for a minute of the clock.

import { ask, change } from "./home-sql.ts";
import type { Client } from "./http.ts";

export const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Once for all of a test's slots, or they would move with the clock. */
const LAST = Math.floor(Date.now() / MINUTE_MS - 10) * MINUTE_MS;

/** Every hour, ten minutes ago: its last slot is late, and its next one far off, whatever the time is. */
export function hourly(): { readonly expression: string; readonly slotsBack: (count: number) => number[] } {
  return {
    expression: `${new Date(LAST).getUTCMinutes()} * * * *`,
    slotsBack: (count) => Array.from({ length: count }, (_, index) => LAST - (count - 1 - index) * HOUR_MS),
  };
}

export interface RunRow {
  readonly name: string;
  readonly slot_at: number;
  readonly outcome: string;
  readonly reason_code: string | null;
  readonly reason: string | null;
  readonly task_id: string | null;
}

export function runsOf(home: string, name?: string): RunRow[] {
  const rows = ask<RunRow>(
    home,
    `SELECT schedules.name, runs.* FROM schedule_runs AS runs JOIN schedules ON schedules.id = runs.schedule_id
     ORDER BY schedules.name, slot_at`,
  );
  return name === undefined ? rows : rows.filter((row) => row.name === name);
}

export async function addSchedule(client: Client, name: string, more: object = {}): Promise<string> {
  const body = { name, cron_expr: hourly().expression, prompt: `task ${name}`, ...more };
  const reply = await client.post("/api/v1/schedules", body);
  if (reply.status !== 201) throw new Error(`schedule ${name} got ${reply.status}: ${reply.text}`);
  return reply.json<{ schedule_id: string }>().schedule_id;
}

/** Makes the last `count` slots due, of one schedule or of all. */
export function makeDue(home: string, count: number, name?: string): void {
  const [first] = hourly().slotsBack(count);
  change(
    home,
    `UPDATE schedules SET next_at = ${first} WHERE next_at IS NOT NULL ${name ? `AND name = '${name}'` : ""}`,
  );
}

/** The task of the newest slot that ran. */
export function taskOf(home: string, name: string): string {
  return runsOf(home, name).at(-1)?.task_id as string;
}

export function allEnded(home: string): boolean {
  return ask(home, "SELECT 1 FROM tasks WHERE finished_at IS NULL").length === 0;
}
