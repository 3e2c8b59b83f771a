// Ties a test to the rows of the security test catalogue that it runs. The ids end up in the test's title, so that the
// rows that are automated can be counted.

/** A test title that starts with its rows: `test(row("G-03", "a link is not followed"), …)`. */
export function row(ids: string | readonly string[], title: string): string {
  const tags = typeof ids === "string" ? [ids] : ids;
  return `${tags.map((id) => `[${id}]`).join("")} ${title}`;
}
