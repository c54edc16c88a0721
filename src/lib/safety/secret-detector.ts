import type { TextSegment } from '../../models/output-text.js';
import { plainText } from '../../models/plain-text.js';
import { actionFor, allowedFor, secretTypes, type Policy, type SecretType } from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { withUnclaimed } from './claims.js';
import { secretlintClaims } from './secrets/secretlint-rules.js';
import {
  assignedSecrets,
  awsSecretKeys,
  bearerTokens,
  connectionStrings,
  privateKeys,
  providerTokens,
  type SecretClaim,
} from './secrets/written-secrets.js';

/** The finders, the surest first: what one has claimed is not looked at by the next. */
const finders: readonly ((segment: TextSegment) => Iterable<SecretClaim>)[] = [
  privateKeys,
  connectionStrings,
  providerTokens,
  awsSecretKeys,
  bearerTokens,
  assignedSecrets,
];

/** No token of a provider is shorter; many short texts are read much faster without looking for one. */
const shortestToken = 12;

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
    const allowed = new Map(
      secretTypes.map((type) => [
        type,
        new Set(allowedFor(rule, type).map((value) => plainText(value).plain)),
      ]),
    );
    const texts = segments.filter(({ reading }) => reading !== 'JOINED');
    const linted = await secretlintClaims(texts);
    for (const segment of texts) {
      for (const { type, start, end } of claimsOf(segment, linted.get(segment) ?? [])) {
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

function claimsOf(segment: TextSegment, linted: readonly SecretClaim[]): readonly SecretClaim[] {
  if (segment.plain.length < shortestToken) return withUnclaimed([...assignedSecrets(segment)], linted);
  const written = finders.reduce<readonly SecretClaim[]>(
    (claims, finder) => withUnclaimed(claims, [...finder(segment)]),
    [],
  );
  return withUnclaimed(written, linted);
}
