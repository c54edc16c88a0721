import type { TextSegment } from '../../models/output-text.js';
import { plainText } from '../../models/plain-text.js';
import {
  actionFor,
  allowedFor,
  secretTypes,
  type DataRule,
  type Policy,
  type SecretType,
} from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { withUnclaimed } from './claims.js';
import { lintMarks, secretlintClaims } from './secrets/secretlint-rules.js';
import { hasRun, TokenMarks, type MarkedRun } from './secrets/token-marks.js';
import {
  assignedSecrets,
  awsSecretKeys,
  bearerTokens,
  connectionStrings,
  privateKeys,
  providerMarks,
  providerTokens,
  shortestToken,
  type SecretClaim,
} from './secrets/written-secrets.js';

type SecretFinder = (segment: TextSegment, marked: readonly MarkedRun[]) => Iterable<SecretClaim>;

/** The finders, the surest first: what one has claimed is not looked at by the next. */
const finders: readonly SecretFinder[] = [
  privateKeys,
  connectionStrings,
  providerTokens,
  awsSecretKeys,
  bearerTokens,
  assignedSecrets,
];

/** Nothing but what is given to a secret's name is shorter (`db://:7@h`); many short texts are read faster without looking further. */
const shortestValue = 9;

const tokenMarks = new TokenMarks([...providerMarks, ...lintMarks]);

const labels: Readonly<Record<SecretType, string>> = {
  AWS_ACCESS_KEY: 'An AWS access key',
  AWS_SECRET_KEY: 'An AWS secret access key',
  GITHUB_TOKEN: 'A GitHub token',
  GITLAB_TOKEN: 'A GitLab token',
  SLACK_TOKEN: 'A Slack token',
  STRIPE_KEY: 'A Stripe key',
  OPENAI_KEY: 'An OpenAI key',
  ANTHROPIC_KEY: 'An Anthropic key',
  GOOGLE_API_KEY: 'A Google key',
  NPM_TOKEN: 'An npm token',
  PRIVATE_KEY: 'A private key',
  JWT: 'A JSON Web Token',
  CONNECTION_STRING: 'An address with a password in it',
  BEARER_TOKEN: 'A token of an Authorization header',
  ASSIGNED_SECRET: "A value that is given to something with a secret's name",
  PROVIDER_TOKEN: "A provider's token",
};

/** Finds credentials: by their issuers' marks, by what stands around them, and by Secretlint's rules. */
export class SecretDetector extends SafetyDetectorPort {
  override readonly name = 'SECRET';

  override async detect(
    segments: readonly TextSegment[],
    policy: Policy,
    report: ReportFinding,
  ): Promise<void> {
    const rule = policy.detectors.SECRET;
    if (secretTypes.every((type) => actionFor(rule, type) === 'OFF')) return;
    const allowed = allowedValues(rule);
    const texts = segments.filter(({ reading }) => reading !== 'JOINED');
    const marked = markedRuns(texts);
    const linted = await lintedClaims(texts, marked);
    for (const segment of texts) {
      const claims = claimsOf(segment, marked.get(segment) ?? [], linted.get(segment) ?? []);
      for (const { type, start, end } of claims) {
        const action = actionFor(rule, type);
        if (action === 'OFF' || allowed.get(type)?.has(segment.plain.slice(start, end))) continue;
        report({
          code: 'SECRET',
          detector: `SECRET/${type}`,
          detail: labels[type],
          action,
          segment,
          start,
          end,
        });
      }
    }
  }
}

/** Where the marks of tokens stand; nowhere, when no text is long enough for a token anywhere. */
function markedRuns(texts: readonly TextSegment[]): ReadonlyMap<TextSegment, readonly MarkedRun[]> {
  if (!texts.some(({ plain }) => hasRun(plain, shortestToken))) return new Map();
  return new Map(texts.map((text) => [text, tokenMarks.runsIn(text.plain)]));
}

async function lintedClaims(
  texts: readonly TextSegment[],
  marked: ReadonlyMap<TextSegment, readonly MarkedRun[]>,
): Promise<ReadonlyMap<TextSegment, SecretClaim[]>> {
  const seen = new Set<number>();
  for (const runs of marked.values()) {
    for (const { may } of runs) for (const nth of may) seen.add(nth - providerMarks.length);
  }
  return secretlintClaims(texts, seen);
}

function claimsOf(
  segment: TextSegment,
  marked: readonly MarkedRun[],
  linted: readonly SecretClaim[],
): readonly SecretClaim[] {
  if (segment.plain.length < shortestValue) return withUnclaimed([...assignedSecrets(segment)], linted);
  const written = finders.reduce<readonly SecretClaim[]>(
    (claims, finder) => withUnclaimed(claims, [...finder(segment, marked)]),
    [],
  );
  return withUnclaimed(written, linted);
}

type AllowedValues = ReadonlyMap<SecretType, ReadonlySet<string>>;

const allowLists = new WeakMap<DataRule<SecretType>, AllowedValues>();

function allowedValues(rule: DataRule<SecretType>): AllowedValues {
  const known = allowLists.get(rule);
  if (known !== undefined) return known;
  const made: AllowedValues = new Map(
    secretTypes.map((type) => [type, new Set(allowedFor(rule, type).map((value) => plainText(value).plain))]),
  );
  allowLists.set(rule, made);
  return made;
}
