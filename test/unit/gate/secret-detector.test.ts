import { describe, expect, it } from '@jest/globals';
import { SecretDetector } from '../../../src/lib/safety/secret-detector.js';
import { newApiKeyText } from '../../../src/models/api-key-text.js';
import type { DataRule, SecretType } from '../../../src/models/policy.js';
import { aPolicy, detect, namesOf } from './detection.js';

const detector = new SecretDetector();

/** Letters and digits without a pattern. */
function noise(length: number): string {
  return 'q7Zr2Kx9Lm4Tb8Wn3Vc6Yp1Hd5Jf0GsAeUiOoRtXyKzPwMvBnQ'.repeat(20).slice(0, length);
}

const pem = (kind: string): string =>
  `-----BEGIN ${kind}PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'.repeat(6)}-----END ${kind}PRIVATE KEY-----`;

function withRule(rule: Partial<DataRule<SecretType>>): ReturnType<typeof aPolicy> {
  const { detectors } = aPolicy();
  return aPolicy({ detectors: { ...detectors, SECRET: { ...detectors.SECRET, ...rule } } });
}

describe('credentials', () => {
  const marked: [SecretType, string][] = [
    ['AWS_ACCESS_KEY', `AKIAIOSFODNN7EXAMPLE`],
    ['AWS_ACCESS_KEY', `ASIAQ7ZR2KX9LM4TB8WN`],
    ['GITHUB_TOKEN', `ghp_${noise(36)}`],
    ['GITHUB_TOKEN', `github_pat_${noise(82)}`],
    ['GITLAB_TOKEN', `glpat-${noise(20)}`],
    ['SLACK_TOKEN', `xoxb-123456789012-${noise(24)}`],
    ['SLACK_TOKEN', `hooks.slack.com/services/T0000000A/B0000000B/${noise(24)}`],
    ['STRIPE_KEY', `sk_live_${noise(24)}`],
    ['OPENAI_KEY', `sk-proj-${noise(60)}`],
    ['OPENAI_KEY', `sk-${noise(48)}`],
    ['ANTHROPIC_KEY', `sk-ant-api03-${noise(93)}AA`],
    ['GOOGLE_API_KEY', `AIza${noise(35)}`],
    ['NPM_TOKEN', `npm_${noise(36)}`],
    ['PRIVATE_KEY', pem('')],
    ['PRIVATE_KEY', pem('RSA ')],
    ['PRIVATE_KEY', pem('OPENSSH ')],
    ['JWT', `eyJ${noise(20)}.eyJ${noise(40)}.${noise(43)}`],
    ['CONNECTION_STRING', 'postgres://app:s3cr3t@db.internal:5432/main'],
    ['CONNECTION_STRING', 'https://bot:hunter22@example.org/x'],
    ['PROVIDER_TOKEN', `SG.${noise(22)}.${noise(43)}`],
    ['PROVIDER_TOKEN', `dop_v1_${'0123456789abcdef'.repeat(4)}`],
    ['PROVIDER_TOKEN', `123456789:AA${noise(33)}`],
    ['PROVIDER_TOKEN', newApiKeyText()],
    ['PROVIDER_TOKEN', `chimera_${noise(20)}-_${noise(21)}`],
    ['PROVIDER_TOKEN', `glsa_${noise(32)}_0a1b2c3d`],
  ];

  it.each(marked)('with a mark of their own are found: %s', async (type, token) => {
    expect(await detect(detector, `use ${token} here`)).toEqual([
      { detector: `SECRET/${type}`, pointer: '', text: token, action: 'HITL' },
    ]);
  });

  it.each<[SecretType, string, string]>([
    ['BEARER_TOKEN', `Authorization: Bearer ${noise(40)}`, noise(40)],
    ['BEARER_TOKEN', `Basic YWxhZGRpbjpvcGVuc2VzYW1lMTIz`, 'YWxhZGRpbjpvcGVuc2VzYW1lMTIz'],
    ['AWS_SECRET_KEY', `aws_secret_access_key = ${noise(40)}`, noise(40)],
    ['ASSIGNED_SECRET', `API_KEY="${noise(32)}"`, noise(32)],
    ['ASSIGNED_SECRET', `client-secret: ${noise(24)}`, noise(24)],
    ['ASSIGNED_SECRET', 'the password is Tr0ub4dor&3', 'Tr0ub4dor&3'],
    ['ASSIGNED_SECRET', 'Server=db;Password=hunter22;', 'hunter22'],
    ['ASSIGNED_SECRET', `token => '${noise(20)}'`, noise(20)],
  ])('that are introduced are found: %s in %j', async (type, output, secret) => {
    expect(await detect(detector, output)).toMatchObject([{ detector: `SECRET/${type}`, text: secret }]);
  });

  it('are found as the value of a member with a secret’s name', async () => {
    const output = { config: { dbPassword: 'hunter22!', 'api-key': noise(32), note: noise(32) } };
    expect((await detect(detector, output)).map(({ detector: name, pointer }) => [name, pointer])).toEqual([
      ['SECRET/ASSIGNED_SECRET', '/config/api-key'],
      ['SECRET/ASSIGNED_SECRET', '/config/dbPassword'],
    ]);
    expect(await namesOf(detector, { pwd: 'a1b2c3' })).toEqual(['SECRET/ASSIGNED_SECRET']);
    expect(await namesOf(detector, { awsSecretAccessKey: noise(40) })).toEqual(['SECRET/AWS_SECRET_KEY']);
  });

  it('are found in keys and beside others, each where it stands', async () => {
    const output = { [`ghp_${noise(36)}`]: ['x', `two: AKIAIOSFODNN7EXAMPLE npm_${noise(36)}`] };
    expect(await detect(detector, output)).toEqual([
      {
        detector: 'SECRET/GITHUB_TOKEN',
        pointer: `/ghp_${noise(36)}`,
        text: `ghp_${noise(36)}`,
        action: 'HITL',
      },
      {
        detector: 'SECRET/AWS_ACCESS_KEY',
        pointer: `/ghp_${noise(36)}/1`,
        text: 'AKIAIOSFODNN7EXAMPLE',
        action: 'HITL',
      },
      {
        detector: 'SECRET/NPM_TOKEN',
        pointer: `/ghp_${noise(36)}/1`,
        text: `npm_${noise(36)}`,
        action: 'HITL',
      },
    ]);
  });

  it('are found although invisible or look-alike characters stand in them', async () => {
    expect(await namesOf(detector, `AKІA\u200bIOSFODNN7EXAMPLE`)).toEqual(['SECRET/AWS_ACCESS_KEY']);
    expect(await namesOf(detector, `ｇｈｐ＿${noise(36)}`)).toEqual(['SECRET/GITHUB_TOKEN']);
  });

  it('are found although the text asks not to look', async () => {
    expect(
      await namesOf(detector, `secretlint-disable\nghp_${noise(36)} glsa_${noise(32)}_0a1b2c3d`),
    ).toEqual(['SECRET/GITHUB_TOKEN', 'SECRET/PROVIDER_TOKEN']);
  });

  it('without their end are found by their beginning', async () => {
    expect(await detect(detector, '-----BEGIN RSA PRIVATE KEY-----\nMIIE')).toMatchObject([
      { text: '-----BEGIN RSA PRIVATE KEY-----' },
    ]);
  });

  it('spread over lines of an array are found', async () => {
    expect(await namesOf(detector, pem('').split('\n'))).toEqual(['SECRET/PRIVATE_KEY']);
  });

  it.each([
    'my password is wrong',
    'I forgot my password: what now?',
    'password: <password>',
    'password=${DB_PASSWORD}',
    'api_key: your-api-key-here',
    'token: ****************',
    'secret: [REDACTED-1234567890]',
    'postgres://app:<password>@db/main',
    'postgres://db.internal:5432/main',
    'Bearer authentication is used',
    'The basic authentication method',
    'AKIA is a prefix',
    '550e8400-e29b-41d4-a716-446655440000',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'sk-learn is a library; task-force-of-the-year',
    '-----BEGIN CERTIFICATE-----',
    'It is a secret to everybody',
    'token: cancellation-of-a-standing-order',
  ])('are not seen in %j', async (output) => {
    expect(await namesOf(detector, output)).toEqual([]);
  });
});

describe('the policy on credentials', () => {
  const token = `ghp_${noise(36)}`;

  it('can switch them off, deny them, or exempt one', async () => {
    expect(await detect(detector, token, withRule({ action: 'OFF' }))).toEqual([]);
    expect(await detect(detector, token, withRule({ action: 'DENY' }))).toMatchObject([{ action: 'DENY' }]);
    expect(await detect(detector, token, withRule({ allow: [token] }))).toEqual([]);
    expect(await detect(detector, token, withRule({ types: { GITHUB_TOKEN: { action: 'OFF' } } }))).toEqual(
      [],
    );
    expect(await detect(detector, token, withRule({ types: { JWT: { action: 'OFF' } } }))).toHaveLength(1);
  });
});
