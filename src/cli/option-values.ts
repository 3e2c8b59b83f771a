// Reads the values of options. What does not fit throws commander's InvalidArgumentError, which becomes a usage error
// that names the option.

import { InvalidArgumentError } from "commander";
import { nearest } from "../domain/nearest.ts";
import type { OptionSpec } from "./command-spec.ts";

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Seconds, fractions allowed. */
export function nonNegativeSeconds(text: string): number {
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number of seconds, such as 30 or 0.5.");
}

/** The same, where no time at all makes no sense. */
export function positiveSeconds(text: string): number {
  const seconds = nonNegativeSeconds(text);
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError("It must be above 0 seconds; --detach does not wait.");
}

/** Words between commas. */
export function wordList(text: string): string[] {
  const words = text.split(",").map((word) => word.trim());
  if (words.every((word) => word !== "")) return words;
  throw new InvalidArgumentError("It must be words with commas between them, such as a,b.");
}

/** US dollars. */
export function dollars(text: string): number {
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be an amount of US dollars, such as 5 or 0.50.");
}

/** NAME=VALUE, joined to those that were given before. */
export function namedValue(text: string, before: unknown): Record<string, string> {
  const cut = text.indexOf("=");
  if (cut < 1) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return { ...(before as Record<string, string> | undefined), [text.slice(0, cut)]: text.slice(cut + 1) };
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A day (its beginning, UTC) as a Date, or a duration such as `30d` in ms. */
export function expiry(text: string): Date | number {
  const [, count = "", unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs !== undefined) return Number(count) * unitMs;
  return new Date(`${calendarDay(text)}T00:00:00.000Z`);
}

export function calendarDay(text: string): string {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00.000Z`) : new Date(Number.NaN);
  // A day that the calendar does not have rolls over into the next month.
  if (!Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError("It must be a day such as 2026-01-31.");
}

/** An option that takes one of these words. */
export function oneOf(flags: string, description: string, words: readonly string[]): OptionSpec {
  return { flags, description, choices: words, parse: choice(words) };
}

/** One of the words; upper and lower case are the same. */
function choice(words: readonly string[]): (text: string) => string {
  return (text) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (found !== undefined) return found;
    const near = words.find((word) => word.toLowerCase() === nearestLower(text, words));
    const hint = near === undefined ? "" : ` Did you mean ${near}?`;
    throw new InvalidArgumentError(`It must be one of ${words.join(", ")}.${hint}`);
  };
}

function nearestLower(text: string, words: readonly string[]): string | undefined {
  return nearest(
    text,
    words.map((word) => word.toLowerCase()),
  );
}
