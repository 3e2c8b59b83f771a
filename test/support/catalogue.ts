// Ties a test to rows of the catalogue of attacks: the ids end up in its title.

/** `row("F-03", "…")` is `[F-03] …`. */
export function row(ids: string | readonly string[], title: string): string {
  const list = typeof ids === "string" ? [ids] : ids;
  return `${list.map((id) => `[${id}]`).join("")} ${title}`;
}
