// Waiting: for a span that is measured itself, or until something holds, with a deadline that says what was missing.

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const POLL_MS = 2;
const DEADLINE_MS = 60_000;

/** Asks until `probe` gives a value; throws after the deadline, naming `what`. */
export async function until<Value>(
  what: string,
  probe: () => Value | undefined | Promise<Value | undefined>,
  deadlineMs: number = DEADLINE_MS,
): Promise<Value> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs / 1000} s for ${what}`);
    await sleep(POLL_MS);
  }
}
