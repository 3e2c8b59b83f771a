// Ties a test to the rows of the catalogue of bad inputs that it plays. The ids end up in the test's title.

/** A test title that starts with the ids of its rows: `test(row("I-05", "…"), …)`. */
export function row(ids: string | readonly string[], title: string): string {
  const tags = typeof ids === "string" ? [ids] : ids;
  return `${tags.map((id) => `[${id}]`).join("")} ${title}`;
}
