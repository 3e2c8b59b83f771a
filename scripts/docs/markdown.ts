// The little Markdown the reference pages need: a marked first line, tables, code spans. Cells are escaped, so a sentence
// with a bar in it cannot break a row.

/** A page that says it is generated, and from which table. */
export function page(title: string, source: string, blocks: readonly string[]): string {
  const note = `Generated from \`${source}\` by \`npm run docs\`. Edit the table there, not this page.`;
  return `${[`# ${title}`, note, ...blocks].join("\n\n")}\n`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}
