// `cron.runs`: what became of the slots of a schedule, the newest first.

import { GoclawError } from "../../domain/error.ts";
import { scheduleRuns } from "../../store/schedules.ts";
import { defineMethod, paramsOf } from "../method.ts";
import {
  type BySchedule,
  readableByKey,
  requireSchedule,
  SCHEDULE_REF_PARAM,
  toWireRun,
  type WireRun,
} from "../schedules.ts";

export interface RunsParams extends BySchedule {
  readonly limit?: number;
  /** The slot of the last run that is known: older ones follow. */
  readonly cursor?: string;
}

export const cronRuns = defineMethod<RunsParams, { runs: readonly WireRun[]; next_cursor: string | null }>({
  name: "cron.runs",
  capability: "acp.read",
  params: paramsOf(
    {
      ...SCHEDULE_REF_PARAM,
      limit: { type: "integer", minimum: 1, maximum: 500 },
      cursor: { type: "string", maxLength: 40 },
    },
    ["schedule_id"],
  ),
  forKey: readableByKey,
  run: async (ports, { schedule_id, limit = 50, cursor }) => {
    const { id } = requireSchedule(ports, schedule_id);
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(cursor);
    if (Number.isNaN(before))
      throw new GoclawError("BAD_REQUEST", `cron.runs: cursor ${JSON.stringify(cursor)} is no next_cursor`);
    const runs = scheduleRuns(ports.store.reader, id, before, limit + 1).map(toWireRun);
    const page = runs.slice(0, limit);
    return { runs: page, next_cursor: runs.length > limit ? (page.at(-1)?.slot_at ?? null) : null };
  },
});
