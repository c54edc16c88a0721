/**
 * The rows of the table under the first heading with this word, each by the table's columns. Code marks are left out.
 *
 * @throws Error when there is no such table with just these columns
 */
export function tableUnder(
  markdown: string,
  heading: string,
  columns: readonly string[],
): readonly Readonly<Record<string, string>>[] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => /^#{1,6} /.test(line) && line.includes(heading));
  const section = lines.slice(start + 1);
  const end = section.findIndex((line) => /^#{1,6} /.test(line));
  const rows = (end < 0 ? section : section.slice(0, end))
    .filter((line) => line.startsWith('|'))
    .map(cellsOf);
  const [header, rule, ...body] = rows;
  if (start < 0 || header?.join() !== columns.join() || !rule?.every((cell) => /^:?-+:?$/.test(cell)))
    throw new Error(`There is no table of ${columns.join(', ')} under a heading with "${heading}".`);
  return body.map((cells) =>
    Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ''])),
  );
}

function cellsOf(line: string): readonly string[] {
  const inner = line.trim().replace(/^\||\|$/g, '');
  return inner.split(/(?<!\\)\|/).map((cell) =>
    cell
      .trim()
      .replaceAll('\\|', '|')
      .replace(/^`(.*)`$/, '$1'),
  );
}
