import { lintSource } from '@secretlint/core';
import { secretLintProfiler } from '@secretlint/profiler';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { TextSegment } from '../../../models/output-text.js';
import type { SecretType } from '../../../models/policy.js';
import { isFiller } from './randomness.js';
import { hasRun, type Marked } from './token-marks.js';
import type { SecretClaim } from './written-secrets.js';

const prefix = '@secretlint/secretlint-rule-';
/** The rules' tokens are longer than most words: a text without a run like this holds none of them. */
const shortestToken = 16;

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

/** What stands in whatever a rule finds, and what it looks like where that says too little. */
interface RuleMarks {
  readonly rule: string;
  readonly marks: string;
  readonly inAnyCase?: boolean;
  readonly form?: RegExp;
}

/** As the rules are in the version that we use. A rule that is not among these is asked about every text. */
const ruleMarks: readonly RuleMarks[] = [
  { rule: '1password', marks: 'ops_ey' },
  { rule: 'anthropic', marks: 'sk-ant-api0' },
  { rule: 'aws', marks: 'A3T AKIA AGPA AIDA AROA AIPA ANPA ANVA ASIA' },
  { rule: 'aws', marks: 'SECRET secret Secret', form: /secret_?access_?key/i },
  { rule: 'cloudflare', marks: 'cfk_ cfut_ cfat_' },
  { rule: 'databricks', marks: 'dapi' },
  { rule: 'docker', marks: 'dckr_pat_' },
  { rule: 'figma', marks: 'figd_' },
  { rule: 'github', marks: 'ghp_ gho_ ghu_ ghs_ ghr_ github_pat_' },
  { rule: 'gitlab', marks: 'glpat-' },
  { rule: 'grafana', marks: 'glc_ glsa_' },
  { rule: 'groq', marks: 'gsk_' },
  { rule: 'hashicorp-vault', marks: 'hvs. hvb. hvr.' },
  { rule: 'huggingface', marks: 'hf_' },
  { rule: 'linear', marks: 'lin_api_' },
  { rule: 'notion', marks: 'ntn_' },
  { rule: 'npm', marks: ':x-oauth-basic@ _authToken= npm_' },
  { rule: 'openai', marks: 'T3BlbkFJ' },
  { rule: 'privatekey', marks: '-----BEGIN' },
  { rule: 'sendgrid', marks: 'SG.' },
  { rule: 'shopify', marks: 'shppa_ shpca_ shpat_ shpss_' },
  { rule: 'slack', marks: 'xoxb- xoxp- xapp- xoxa- xoxo- xoxr-' },
  { rule: 'slack', marks: 'slack', inAnyCase: true },
  { rule: 'stripe', marks: 'sk_live_ sk_test_ rk_live_ rk_test_' },
  { rule: 'tailscale', marks: 'tskey-' },
  { rule: 'vercel', marks: 'vcp_ vci_ vca_ vcr_ vck_' },
];

/** What says which rules are to be asked, in the order of the numbers that {@link secretlintClaims} takes. */
export const lintMarks: readonly Marked[] = ruleMarks.map(({ marks, inAnyCase = false }) => ({
  marks: marks.split(' '),
  inAnyCase,
}));

const marked = new Set(ruleMarks.map(({ rule }) => rule));
const chosen = rules
  .map((rule) => ({ id: rule.meta.id, name: rule.meta.id.slice(prefix.length), rule }))
  .filter(({ name }) => !leftOut.has(name));

// It would keep an entry of every rule's run for the life of the process.
secretLintProfiler.setEnabled(false);

/**
 * What Secretlint's recommended rules find in an output. They read all segments as one text, in which a member's name
 * stands before its value, as in a file.
 *
 * @param seen which of the {@link lintMarks} stand in the segments.
 */
export async function secretlintClaims(
  segments: readonly TextSegment[],
  seen: ReadonlySet<number>,
): Promise<ReadonlyMap<TextSegment, SecretClaim[]>> {
  if (!segments.some(({ plain }) => hasRun(plain, shortestToken))) return new Map();
  const starts: number[] = [];
  let content = '';
  for (const { plain, place } of segments) {
    starts.push(content.length);
    content += place === 'NAME' ? `${plain}: ` : `${plain}\n`;
  }
  const asked = new Set(
    ruleMarks
      .filter(({ form }, nth) => seen.has(nth) && form?.test(content) !== false)
      .map(({ rule }) => rule),
  );
  const config = { rules: chosen.filter(({ name }) => asked.has(name) || !marked.has(name)) };
  if (config.rules.length === 0) return new Map();
  const source = { content, filePath: 'output.txt', ext: '.txt', contentType: 'text' } as const;
  const result = await lintSource({ source, options: { config, noPhysicFilePath: true } });
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
