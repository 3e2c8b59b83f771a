// Rows of the security catalogue (reference/safety.md section 4) that a test automates: their ids stand in its title, so
// that they can be counted.

export function row(ids: string | readonly string[], title: string): string {
  const all = typeof ids === "string" ? [ids] : ids;
  return `${all.map((id) => `[${id}]`).join("")} ${title}`;
}
