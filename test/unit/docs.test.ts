import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { problems } from '../../src/api/problems.js';
import { settings } from '../../src/config.js';
import { access, roles } from '../../src/models/access.js';

function textOf(name: string): string {
  return readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** The rows of the document's table with these headings, however they are padded. */
function tableOf(headings: readonly string[], name = 'README.md'): string[][] {
  const lines = textOf(name).split('\n');
  const head = lines.findIndex((line) => line.startsWith('|') && cellsOf(line).join() === headings.join());
  expect(head).toBeGreaterThan(0);
  const rows = lines.slice(head + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map(cellsOf);
}

describe('the README', () => {
  it('has every error code with its status and meaning', () => {
    expect(tableOf(['code', 'status', 'meaning'])).toEqual(
      Object.entries(problems).map(([code, { status, title }]) => [`\`${code}\``, String(status), title]),
    );
  });

  it('has every setting with its default', () => {
    expect(tableOf(['variable', 'default', 'what'])).toEqual(
      Object.entries(settings).map(([name, { fallback, description }]) => [
        `\`${name}\``,
        fallback,
        description,
      ]),
    );
  });
});

describe('docs/roles.md', () => {
  it('has every action with the roles that may do it', () => {
    expect(tableOf(['action', ...roles], 'docs/roles.md')).toEqual(
      Object.entries(access).map(([action, allowed]: [string, readonly string[]]) => [
        `\`${action}\``,
        ...roles.map((role) => (role === 'ADMIN' || allowed.includes(role) ? 'yes' : '')),
      ]),
    );
  });
});

describe('.env.example', () => {
  const [, ...blocks] = textOf('.env.example').trimEnd().split('\n\n');

  it('has every setting with its description and default, and nothing else', () => {
    expect(blocks.map((block) => block.replace(/=.*$/, '='))).toEqual(
      Object.entries(settings).map(
        ([name, { fallback, description }]) => `# ${description}\n# Default: ${fallback}\n#${name}=`,
      ),
    );
  });

  it('sets nothing, and shows as a value only what is the default', () => {
    for (const line of textOf('.env.example').split('\n')) expect(line).toMatch(/^(#|$)/);
    for (const [index, { fallback }] of Object.values(settings).entries()) {
      const value = blocks[index]?.split('=')[1] ?? '';
      expect(value).toBe(fallback.includes(' ') ? '' : fallback);
    }
  });
});
