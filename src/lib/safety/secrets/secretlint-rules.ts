import { lintSource } from '@secretlint/core';
import { secretLintProfiler } from '@secretlint/profiler';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { TextSegment } from '../../../models/output-text.js';
import type { SecretType } from '../../../models/policy.js';
import { isFiller } from './randomness.js';
import type { SecretClaim } from './written-secrets.js';

const prefix = '@secretlint/secretlint-rule-';

/**
 * Rules that are left out: `filter-comments` lets a comment in the text switch the other rules off, `gcp` reads files by
 * their names, and those for addresses with passwords take placeholders for passwords and know fewer schemes than we do.
 */
const leftOut = new Set(['filter-comments', 'gcp', 'basicauth', 'database-connection-string']);

const types: Readonly<Record<string, SecretType>> = {
  aws: 'AWS_SECRET_KEY',
  anthropic: 'ANTHROPIC_KEY',
  github: 'GITHUB_TOKEN',
  gitlab: 'GITLAB_TOKEN',
  npm: 'NPM_TOKEN',
  openai: 'OPENAI_KEY',
  privatekey: 'PRIVATE_KEY',
  slack: 'SLACK_TOKEN',
  stripe: 'STRIPE_KEY',
};

const chosen = rules
  .filter((rule) => !leftOut.has(rule.meta.id.slice(prefix.length)))
  .map((rule) => ({ id: rule.meta.id, rule }));

// It would keep an entry of every rule's run for the life of the process.
secretLintProfiler.setEnabled(false);

/** The rules' tokens are longer than most words: a text without a run like this holds none of them. */
const longRun = /(?<!\S)\S{16}/;

/**
 * What Secretlint's recommended rules find in an output. They read all segments as one text, in which a member's name
 * stands before its value, as in a file.
 */
export async function secretlintClaims(
  segments: readonly TextSegment[],
): Promise<ReadonlyMap<TextSegment, SecretClaim[]>> {
  if (!segments.some(({ plain }) => longRun.test(plain))) return new Map();
  const starts: number[] = [];
  let content = '';
  for (const { plain, place } of segments) {
    starts.push(content.length);
    content += place === 'NAME' ? `${plain}: ` : `${plain}\n`;
  }
  const source = { content, filePath: 'output.txt', ext: '.txt', contentType: 'text' } as const;
  const result = await lintSource({ source, options: { config: { rules: chosen }, noPhysicFilePath: true } });
  const claims = new Map<TextSegment, SecretClaim[]>();
  for (const { ruleId, range } of result.messages) {
    const index = segmentAt(starts, range[1] - 1);
    const segment = segments[index];
    if (segment === undefined) continue;
    const offset = starts[index] ?? 0;
    const start = Math.max(0, range[0] - offset);
    const end = Math.min(segment.plain.length, range[1] - offset);
    if (isFiller(segment.plain.slice(start, end))) continue;
    const type = types[ruleId.slice(prefix.length)] ?? 'PROVIDER_TOKEN';
    const known = claims.get(segment);
    if (known === undefined) claims.set(segment, [{ type, start, end }]);
    else known.push({ type, start, end });
  }
  return claims;
}

/** The last segment that begins at or before the place. */
function segmentAt(starts: readonly number[], place: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle;
  }
  return low;
}
