// The next slot of any expression in any zone, held against a reference that looks at every minute of the clock on the
// wall, one after the other.

import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCron } from "../../src/domain/cron.ts";
import { dueSlots, openPlan } from "../../src/engine/cron/slots.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WINDOW_MS = 3 * DAY_MS;
const YEARS = { from: Date.UTC(2024, 0, 1), to: Date.UTC(2034, 0, 1) };

/** Half an hour, two hours, at midnight, twice a year by the moon, east of the date line, none at all. */
const ZONES = [
  ...["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana"],
  ...["Asia/Beirut", "Antarctica/Troll", "Africa/Casablanca", "America/St_Johns", "Pacific/Chatham"],
  ...["Asia/Kathmandu", "America/Asuncion", "UTC"],
];

interface Range {
  readonly min: number;
  readonly max: number;
  readonly words: readonly string[];
}

/** One part of a field, as it is written and what it matches. */
interface Part {
  readonly text: string;
  readonly has: (value: number) => boolean;
}

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");
const FIELDS: readonly Range[] = [
  { min: 0, max: 59, words: [] },
  { min: 0, max: 23, words: [] },
  { min: 1, max: 31, words: [] },
  { min: 1, max: 12, words: MONTHS },
  { min: 0, max: 6, words: DAYS },
];

const star: Part = { text: "*", has: () => true };

function partOf({ min, max, words }: Range): fc.Arbitrary<Part> {
  const value = fc.integer({ min, max });
  const name = fc.boolean();
  const one = fc.tuple(value, name).map(([number, named]): Part => {
    return { text: named ? (words[number - min] ?? `${number}`) : `${number}`, has: (at) => at === number };
  });
  const range = fc.tuple(value, value, fc.integer({ min: 1, max: 4 })).map(([a, b, by]): Part => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const has = (at: number): boolean => at >= low && at <= high && (at - low) % by === 0;
    return { text: `${low}-${high}${by === 1 ? "" : `/${by}`}`, has };
  });
  const step = fc
    .integer({ min: 1, max: Math.min(20, max - min) })
    .map((by): Part => ({ text: `*/${by}`, has: (at) => (at - min) % by === 0 }));
  return fc.oneof(one, range, step);
}

function fieldOf(range: Range): fc.Arbitrary<Part> {
  const list = fc.array(partOf(range), { minLength: 1, maxLength: 3 }).map(
    (parts): Part => ({
      text: parts.map(({ text }) => text).join(","),
      has: (at) => parts.some((part) => part.has(at)),
    }),
  );
  return fc.oneof({ weight: 1, arbitrary: fc.constant(star) }, { weight: 1, arbitrary: list });
}

/** The clock on the wall, `YYYY-MM-DD HH:MM`, read by another way than the product's. */
function clockOf(zone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    ...{ timeZone: zone, dateStyle: "short", timeStyle: "short" },
  });
  return (at) => format.format(at);
}

function matches(fields: readonly Part[], wall: string): boolean {
  const at = new Date(`${wall.replace(" ", "T")}Z`);
  const [minute, hour, day, month, weekday] = fields as [Part, Part, Part, Part, Part];
  if (!minute.has(at.getUTCMinutes()) || !hour.has(at.getUTCHours()) || !month.has(at.getUTCMonth() + 1))
    return false;
  const [byDay, byWeekday] = [day.has(at.getUTCDate()), weekday.has(at.getUTCDay())];
  if (day.text === "*") return byWeekday;
  return weekday.text === "*" ? byDay : byDay || byWeekday;
}

/** Every minute from `from` to `to`: does its wall time match, was it there before, which ones were left out before it? */
function slowSlots(fields: readonly Part[], zone: string, from: number, to: number): number[] {
  const clock = clockOf(zone);
  const everyHour = Array.from({ length: 24 }, (_, hour) => hour).every((hour) => fields[1]!.has(hour));
  const seen = new Set<string>();
  const slots: number[] = [];
  const start = Math.floor(from / MINUTE_MS) * MINUTE_MS - DAY_MS;
  let before = Number.NaN;
  for (let at = start; at <= to; at += MINUTE_MS) {
    const wall = clock(at);
    const now = Date.parse(`${wall.replace(" ", "T")}Z`);
    const leftOut: string[] = [];
    for (let gone = before + MINUTE_MS; gone < now; gone += MINUTE_MS)
      leftOut.push(new Date(gone).toISOString().slice(0, 16).replace("T", " "));
    const own = matches(fields, wall) && (everyHour || !seen.has(wall));
    const made = !everyHour && leftOut.some((gone) => matches(fields, gone));
    seen.add(wall);
    before = now;
    if (at > from && (own || made)) slots.push(at);
  }
  return slots;
}

/** Days at whose end the clocks show another time than a day later they would. */
const changes = new Map<string, number[]>();
function changesOf(zone: string): number[] {
  let found = changes.get(zone);
  if (found === undefined) {
    const clock = clockOf(zone);
    found = [];
    for (let at = YEARS.from; at < YEARS.to; at += DAY_MS)
      if (clock(at).slice(11) !== clock(at + DAY_MS).slice(11)) found.push(at);
    changes.set(zone, found);
  }
  return found;
}

const startIn = (zone: string): fc.Arbitrary<number> => {
  const anywhere = fc.integer({ min: YEARS.from, max: YEARS.to });
  const days = changesOf(zone);
  if (days.length === 0) return anywhere;
  const near = fc
    .tuple(fc.constantFrom(...days), fc.integer({ min: -DAY_MS, max: 2 * DAY_MS }))
    .map(([day, by]) => day + by);
  return fc.oneof({ weight: 1, arbitrary: anywhere }, { weight: 4, arbitrary: near });
};

const place = fc.constantFrom(...ZONES).chain((zone) => fc.tuple(fc.constant(zone), startIn(zone)));
const expression = fc.tuple(...FIELDS.map(fieldOf)) as fc.Arbitrary<Part[]>;

test("the slots after any instant are those that a look at every minute finds", async () => {
  await fc.assert(
    fc.asyncProperty(expression, place, async (fields, [zone, from]) => {
      const text = fields.map((field) => field.text).join(" ");
      if (typeof parseCron(text) === "string") return; // a day that no month has
      const plan = await openPlan(text, zone);
      const found: number[] = [];
      for (const slot of plan.after(from)) {
        if (slot > from + WINDOW_MS) break;
        found.push(slot);
      }
      expect(found, `${text} in ${zone} after ${new Date(from).toISOString()}`).toEqual(
        slowSlots(fields, zone, from, from + WINDOW_MS),
      );
    }),
    { numRuns: 120 },
  );
}, 60_000);

test("what is due after an outage are the newest slots of it", async () => {
  await fc.assert(
    fc.asyncProperty(
      expression,
      place,
      fc.integer({ min: 1, max: 40 }),
      async (fields, [zone, from], max) => {
        const text = fields.map((field) => field.text).join(" ");
        if (typeof parseCron(text) === "string") return;
        const plan = await openPlan(text, zone);
        const all = slowSlots(fields, zone, from - 1, from + WINDOW_MS);
        const due = dueSlots(plan, from, from + WINDOW_MS, max);
        expect(due.slots).toEqual(all.slice(-max));
        expect(due.hasEarlier).toBe(all.length > max);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
