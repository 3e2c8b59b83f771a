// Reads the values of options. What does not fit throws commander's InvalidArgumentError, which becomes a usage error
// that names the option.

import { InvalidArgumentError } from "commander";
import { nearest } from "../config/problem.ts";

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

/** One of the words; upper and lower case are the same. */
export function choice(words: readonly string[]): (text: string) => string {
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
