// Ties a test to the rows of the security catalogue (reference/safety.md, section 4) that it automates.

/** A test title that starts with the ids of its rows: `test(row("H-03", "…"), …)`. */
export function row(ids: string | readonly string[], title: string): string {
  return `${[ids]
    .flat()
    .map((id) => `[${id}]`)
    .join("")} ${title}`;
}
