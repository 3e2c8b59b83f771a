// The grammar of cron expressions: five fields or a name such as @hourly, and nothing that fires more often than once a
// minute or never. It says what is wrong in words; when an expression fires next is for engine/cron.

/** What each field matches; a field that was written as `*` restricts nothing. */
export interface CronFields {
  readonly minutes: CronField;
  readonly hours: CronField;
  readonly days: CronField;
  readonly months: CronField;
  /** 0 is Sunday. */
  readonly weekdays: CronField;
}

export interface CronField {
  readonly isAny: boolean;
  /** Ascending, each once. */
  readonly values: readonly number[];
}

export const CRON_BYTES_MAX = 256;

/** Names for whole expressions. */
export const CRON_NAMES: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
  "@minutely": "* * * * *",
  "@weekdays": "0 0 * * 1-5",
  "@weekends": "0 0 * * 0,6",
};

interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const MINUTE: FieldRule = { name: "minute", min: 0, max: 59, words: [] };
const HOUR: FieldRule = { name: "hour", min: 0, max: 23, words: [] };
const DAY: FieldRule = { name: "day of the month", min: 1, max: 31, words: [] };
const MONTH: FieldRule = { name: "month", min: 1, max: 12, words: MONTHS };
/** 7 is Sunday as well, so that a range can end with it. */
const WEEKDAY: FieldRule = { name: "day of the week", min: 0, max: 7, words: WEEKDAYS };

const FIVE = "write five fields: minute hour day month weekday, such as 30 7 * * 1-5";

/** The fields of an expression, or what is wrong with it and what to do. */
export function parseCron(text: string): CronFields | string {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > CRON_BYTES_MAX) return `it has ${bytes} bytes and may have ${CRON_BYTES_MAX}; ${FIVE}`;
  const words = text.trim().split(/\s+/);
  if (words.length === 1 && text.trim().startsWith("@")) return parseName(text.trim().toLowerCase());
  if (words.length === 6) {
    return "it has six fields: seconds and years are not to be had, the shortest interval is one minute; leave one out";
  }
  if (words.length !== 5) return `it has ${text.trim() === "" ? 0 : words.length} fields; ${FIVE}`;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = words;
  const parsed = [
    parseField(minute, MINUTE),
    parseField(hour, HOUR),
    parseField(day, DAY),
    parseField(month, MONTH),
    parseField(weekday, WEEKDAY),
  ];
  const fields: CronField[] = [];
  for (const field of parsed) {
    if (typeof field === "string") return field;
    fields.push(field);
  }
  const [minutes, hours, days, months, weekdays] = fields as [
    CronField,
    CronField,
    CronField,
    CronField,
    CronField,
  ];
  const sundays = [...new Set(weekdays.values.map((value) => value % 7))].sort((a, b) => a - b);
  const whole = { minutes, hours, days, months, weekdays: { ...weekdays, values: sundays } };
  return neverFires(whole) ?? whole;
}

function parseName(name: string): CronFields | string {
  const expression = CRON_NAMES[name];
  if (expression !== undefined) return parseCron(expression);
  const known = `there are ${Object.keys(CRON_NAMES).join(", ")}`;
  if (name === "@reboot") return `@reboot names no time; ${known}`;
  if (name === "@secondly") return `the shortest interval is one minute; ${known}`;
  return `there is no ${JSON.stringify(name)}; ${known}`;
}

const PART = /^(\*|[a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?(?:\/(\d{1,4}))?$/;

function parseField(text: string, rule: FieldRule): CronField | string {
  const values = new Set<number>();
  for (const part of text.toLowerCase().split(",")) {
    const found = parsePart(part, rule);
    if (typeof found === "string") return found;
    for (const value of found) values.add(value);
  }
  return { isAny: text === "*", values: [...values].sort((a, b) => a - b) };
}

function parsePart(part: string, rule: FieldRule): number[] | string {
  const { name, min, max, words } = rule;
  const say = (why: string): string => `${name} ${JSON.stringify(part)}: ${why}`;
  const [whole, first = "", last, step] = PART.exec(part) ?? [];
  if (whole === undefined || (first === "*" && last !== undefined))
    return say("is neither a value, a range (1-5), a list (1,5) nor a step (*/5)");
  const from = first === "*" ? min : numberOf(first, rule);
  // A range may end with Sunday, which is the day after Saturday then.
  const to = last === undefined ? from : numberOf(last, rule, from);
  if (from === undefined || to === undefined) {
    const also = words.length === 0 ? "" : ` or ${words[0]} to ${words.at(-1)}`;
    return say(`must be from ${min} to ${max}${also}`);
  }
  if (to < from) return say("the range ends before it begins; write two ranges");
  const by = step === undefined ? 1 : Number(step);
  if (by < 1) return say("a step is at least 1");
  const end = first === "*" || (last === undefined && step !== undefined) ? lastOf(rule) : to;
  if (step !== undefined && by > lastOf(rule) - min)
    return say(`a step of ${by} leaves the ${name} where it begins; write that value`);
  const values: number[] = [];
  for (let value = from; value <= end; value += by) values.push(value);
  return values;
}

function numberOf(text: string, { min, max, words }: FieldRule, from = min): number | undefined {
  const named = words.indexOf(text);
  if (named >= 0) {
    const value = named + min;
    return words === WEEKDAYS && value === 0 && from > 0 ? 7 : value;
  }
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

/** Of the days of the week, seven are there once. */
function lastOf({ max, words }: FieldRule): number {
  return words === WEEKDAYS ? 6 : max;
}

const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function neverFires({ days, months, weekdays }: CronFields): string | undefined {
  if (days.isAny || !weekdays.isAny) return undefined;
  const first = days.values[0] ?? 1;
  if (months.values.some((month) => first <= (LONGEST[month - 1] ?? 0))) return undefined;
  return `it never fires: no month it names has a day ${first}`;
}

/** `30 7 * * 1-5` with every value written out, so that all readers of cron expressions agree on it. */
export function canonicalCron({ minutes, hours, days, months, weekdays }: CronFields): string {
  return [minutes, hours, days, months, weekdays]
    .map(({ isAny, values }) => (isAny ? "*" : values.join(",")))
    .join(" ");
}

/** Whether there is such a time zone; a fixed offset such as +02:00 is none. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
