// Slots of a schedule as its own clock shows them.

/** `Mon 2026-11-23 07:30`; `?` for what is no time. */
export function zoneTime(wire: string, zone: string): string {
  const at = new Date(wire);
  if (Number.isNaN(at.getTime())) return "?";
  const two = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
  const options = { timeZone: zone, hourCycle: "h23", weekday: "short", year: "numeric", ...two } as const;
  const part: Record<string, string> = {};
  for (const { type, value } of new Intl.DateTimeFormat("en-US", options).formatToParts(at))
    part[type] = value;
  return `${part.weekday} ${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}`;
}
