// Wall time and instants of a time zone, to the minute. Both are epoch ms; a wall time is one read as if it were UTC.

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface Zone {
  /** The wall time at an instant. */
  wallAt(instant: number): number;
  /**
   * The instants at which the clocks show `wall`: one; two, where they are set back; or none, where they are set
   * forward over it. Then `jump` is the instant they are set.
   */
  instantsOf(wall: number): { readonly instants: readonly number[]; readonly jump: number };
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(name: string): Intl.DateTimeFormat {
  let format = formats.get(name);
  if (format === undefined) {
    const two = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
    format = new Intl.DateTimeFormat("en-US", {
      ...{ timeZone: name, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23" },
      ...{ year: "numeric", second: "2-digit", ...two },
    });
    formats.set(name, format);
  }
  return format;
}

/** Throws RangeError when there is no such zone. */
export function openZone(name: string): Zone {
  const format = formatOf(name);
  const wallAt = (instant: number): number => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instant)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  const offsetAt = (instant: number): number => wallAt(instant) - Math.floor(instant / 1_000) * 1_000;
  // Clocks are never set twice within two days.
  const instantsOf = (wall: number): { instants: number[]; jump: number } => {
    const [before, after] = [offsetAt(wall - DAY_MS), offsetAt(wall + DAY_MS)];
    const candidates = [...new Set([wall - before, wall - after])].sort((a, b) => a - b);
    const instants = candidates.filter((instant) => wallAt(instant) === wall);
    if (instants.length > 0) return { instants, jump: Number.NaN };
    let [low = 0, high = 0] = candidates;
    while (high - low > MINUTE_MS) {
      const middle = Math.floor((low + high) / 2 / MINUTE_MS) * MINUTE_MS;
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    return { instants, jump: high };
  };
  return { wallAt, instantsOf };
}
