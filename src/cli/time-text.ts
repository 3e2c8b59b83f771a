// Times and durations in words, for people. JSON output carries the RFC 3339 strings of the wire instead.

/** `850 ms`, `12 s`, `4 min 5 s`, `3 h 20 min`, `2 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1).replace(".0", "")} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? pair(hours, "h", minutes % 60, "min")
    : pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** An RFC 3339 time as local `2026-01-31 09:05:07`. */
export function localTime(wire: string): string {
  const at = new Date(wire);
  if (Number.isNaN(at.getTime())) return "?";
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** How long before `nowMs` that was: `12 s ago`. A time ahead, by a skewed clock, is `now`. */
export function agoText(wire: string, nowMs: number): string {
  const ms = nowMs - Date.parse(wire);
  return ms < 1_000 ? "now" : `${durationText(Math.floor(ms / 1_000) * 1_000)} ago`;
}
