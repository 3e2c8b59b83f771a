// The one place that asks cron-parser, and the only thing it is asked: which wall time of an expression comes after
// another. It is asked in UTC, so that its own idea of clocks that are set forward and back plays no part.

import { CronExpressionParser } from "cron-parser";

/** Wall times after `wall`, ascending and without end; both are epoch ms read as UTC. Throws when there is none. */
export function* wallsAfter(expression: string, wall: number): Generator<number, never> {
  const walls = CronExpressionParser.parse(expression, { currentDate: new Date(wall), tz: "UTC" });
  for (;;) yield walls.next().getTime();
}
