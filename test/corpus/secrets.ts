import { alphanumeric, type Chance } from './chance.js';
import type { Maker } from './numbers.js';

const hexSigns = '0123456789abcdef';
const urlSafe = `${alphanumeric}-_`;
const small = 'abcdefghijklmnopqrstuvwxyz0123456789';
const capital = small.toUpperCase();

const hex = (chance: Chance, length: number): string => chance.text(hexSigns, length);
const word = (chance: Chance, length: number): string => chance.text(alphanumeric, length);
const url = (chance: Chance, length: number): string =>
  chance.text(urlSafe, length - 1) + chance.text(alphanumeric, 1);
const base64 = (value: string): string => Buffer.from(value).toString('base64url');

/** Credentials in the shape that each issuer gives them. None was ever issued: chance made them. */
export const issuedSecrets: Readonly<Record<string, Maker>> = {
  'aws-access-key': (chance) =>
    `${chance.one(['AKIA', 'ASIA'])}${chance.text('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
  'github-token': (chance) => `${chance.one(['ghp_', 'gho_', 'ghs_', 'ghu_'])}${word(chance, 36)}`,
  'github-fine-grained': (chance) => `github_pat_${word(chance, 22)}_${word(chance, 59)}`,
  'gitlab-token': (chance) => `${chance.one(['glpat-', 'gldt-', 'glrt-'])}${url(chance, 20)}`,
  'slack-bot': (chance) => `xoxb-${chance.digits(12)}-${chance.digits(13)}-${word(chance, 24)}`,
  'slack-app': (chance) => `xapp-1-A${chance.text(capital, 10)}-${chance.digits(13)}-${hex(chance, 64)}`,
  'slack-hook': (chance) =>
    `https://hooks.slack.com/services/T${chance.text(capital, 10)}/B${chance.text(capital, 10)}/${word(chance, 24)}`,
  'stripe-key': (chance) => `${chance.one(['sk_live_', 'rk_live_', 'sk_test_'])}${word(chance, 24)}`,
  'stripe-hook': (chance) => `whsec_${word(chance, 32)}`,
  'openai-key': (chance) =>
    chance.one([`sk-proj-${url(chance, 74)}`, `sk-${word(chance, 48)}`, `sk-svcacct-${url(chance, 60)}`]),
  'anthropic-key': (chance) => `sk-ant-api03-${url(chance, 93)}AA`,
  'google-key': (chance) => `AIza${url(chance, 35)}`,
  'google-oauth': (chance) => chance.one([`GOCSPX-${url(chance, 28)}`, `ya29.${url(chance, 68)}`]),
  'npm-token': (chance) => `npm_${word(chance, 36)}`,
  'pypi-token': (chance) => `pypi-AgEIcHlwaS5vcmc${url(chance, 120)}`,
  'sendgrid-key': (chance) => `SG.${url(chance, 22)}.${url(chance, 43)}`,
  'twilio-key': (chance) => `SK${hex(chance, 32)}`,
  'telegram-bot': (chance) => `${chance.whole(1, 9)}${chance.digits(9)}:AA${url(chance, 33)}`,
  'digitalocean-token': (chance) => `dop_v1_${hex(chance, 64)}`,
  'mailgun-key': (chance) => `key-${hex(chance, 32)}`,
  'square-token': (chance) => chance.one([`sq0atp-${url(chance, 22)}`, `EAAA${url(chance, 60)}`]),
  'atlassian-token': (chance) => `ATATT3xFfGF0${url(chance, 180)}=${chance.text('0123456789ABCDEF', 8)}`,
  'huggingface-token': (chance) => `hf_${chance.text(alphanumeric.slice(0, 52), 34)}`,
  'replicate-token': (chance) => `r8_${word(chance, 37)}`,
  'groq-key': (chance) => `gsk_${word(chance, 52)}`,
  'shopify-token': (chance) => `${chance.one(['shpat_', 'shpss_', 'shpca_'])}${hex(chance, 32)}`,
  'docker-token': (chance) => `dckr_pat_${url(chance, 27)}`,
  'databricks-token': (chance) => `dapi${hex(chance, 32)}`,
  'vault-token': (chance) => `hvs.${url(chance, 90)}`,
  'linear-key': (chance) => `lin_api_${word(chance, 40)}`,
  'notion-token': (chance) => `ntn_${chance.digits(11)}${word(chance, 35)}`,
  'age-key': (chance) => `AGE-SECRET-KEY-1${chance.text('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)}`,
  'discord-hook': (chance) => `https://discord.com/api/webhooks/${chance.digits(18)}/${url(chance, 68)}`,
  'new-relic-key': (chance) => `NRAK-${chance.text(capital, 27)}`,
  'grafana-token': (chance) => `glsa_${word(chance, 32)}_${hex(chance, 8)}`,
  'sentry-token': (chance) =>
    `sntrys_${base64(`{"iat":${chance.digits(10)},"url":"https://sentry.invalid"}`)}_${word(chance, 43)}`,
  'doppler-token': (chance) => `dp.pt.${word(chance, 43)}`,
  'fly-token': (chance) => `fo1_${url(chance, 43)}`,
  'planetscale-token': (chance) => `pscale_tkn_${url(chance, 43)}`,
  'postman-key': (chance) => `PMAK-${hex(chance, 24)}-${hex(chance, 34)}`,
  'pulumi-token': (chance) => `pul-${hex(chance, 40)}`,
  'terraform-token': (chance) => `${word(chance, 14)}.atlasv1.${url(chance, 64)}`,
  'perplexity-key': (chance) => `pplx-${word(chance, 48)}`,
  'xai-key': (chance) => `xai-${word(chance, 80)}`,
  'airtable-token': (chance) => `pat${word(chance, 14)}.${hex(chance, 64)}`,
  'brevo-key': (chance) => `xkeysib-${hex(chance, 64)}-${word(chance, 16)}`,
  'hubspot-token': (chance) =>
    `pat-na1-${hex(chance, 8)}-${hex(chance, 4)}-${hex(chance, 4)}-${hex(chance, 4)}-${hex(chance, 12)}`,
  'rubygems-key': (chance) => `rubygems_${hex(chance, 48)}`,
};

const written: Readonly<Record<string, readonly Maker[]>> = {
  'private-key': [
    (chance) =>
      `-----BEGIN RSA PRIVATE KEY-----\n${word(chance, 64)}\n${word(chance, 64)}\n-----END RSA PRIVATE KEY-----`,
    (chance) =>
      `-----BEGIN PRIVATE KEY-----\n${word(chance, 64)}\n${word(chance, 40)}==\n-----END PRIVATE KEY-----`,
    (chance) =>
      `here is the key: -----BEGIN OPENSSH PRIVATE KEY-----\n${word(chance, 70)}\n-----END OPENSSH PRIVATE KEY-----`,
    (chance) => `-----BEGIN EC PRIVATE KEY-----\\n${word(chance, 64)}\\n-----END EC PRIVATE KEY-----`,
    (chance) =>
      `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${word(chance, 64)}\n-----END PGP PRIVATE KEY BLOCK-----`,
  ],
  jwt: [
    (chance) => `Authorization: Bearer ${jwt(chance)}`,
    (chance) => `Set-Cookie: session=${jwt(chance)}; HttpOnly`,
    (chance) => `the token was ${jwt(chance)} but it had run out`,
    (chance) => `https://app.kestrel.invalid/login?t=${jwt(chance)}`,
  ],
  'connection-string': [
    (chance) => `postgres://app:${word(chance, 16)}@db.internal:5432/shop`,
    (chance) => `DATABASE_URL=mysql://root:${word(chance, 12)}@db1/orders`,
    (chance) => `mongodb+srv://service:${word(chance, 18)}@cluster0.kq3zd.mongodb.net/main`,
    (chance) => `redis://:${word(chance, 24)}@cache.internal:6379/0`,
    (chance) => `amqps://worker:${word(chance, 14)}@mq.kestrel.invalid/jobs`,
    (chance) => `git clone https://deploy:${word(chance, 20)}@git.kestrel.invalid/shop.git`,
    (chance) => `Server=db1;Database=shop;User Id=sa;Password=${word(chance, 14)}!7;`,
    (chance) =>
      `DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=${word(chance, 86)}==;EndpointSuffix=core.windows.net`,
  ],
  assigned: [
    (chance) => `DB_PASSWORD=${word(chance, 10)}#9x`,
    (chance) => `"client_secret": "${word(chance, 32)}"`,
    (chance) => `export API_TOKEN='${word(chance, 40)}'`,
    (chance) => `secret_key: ${hex(chance, 40)}`,
    (chance) => `The password is ${word(chance, 9)}!4, please change it soon.`,
    (chance) => `aws_secret_access_key = ${chance.text(`${alphanumeric}/+`, 39)}K`,
    (chance) => `api_key=${hex(chance, 32)}`,
    (chance) => `ENCRYPTION_KEY: "${word(chance, 43)}="`,
    (chance) => `const authToken = "${word(chance, 36)}";`,
    (chance) => `curl -u admin:${word(chance, 14)}7 https://router.kestrel.invalid/`,
    (chance) => `curl -H "X-Api-Key: ${hex(chance, 40)}" https://api.kestrel.invalid/v1`,
    (chance) => `Authorization: Basic ${Buffer.from(`admin:${word(chance, 12)}9`).toString('base64')}`,
    (chance) => `Authorization: Bearer ${word(chance, 40)}`,
    (chance) => `--token ${word(chance, 34)}9 was in the log`,
    (chance) => `access token: ${word(chance, 44)}`,
    (chance) => `spring.datasource.password=${word(chance, 11)}$2`,
    (chance) => `Passwort: ${word(chance, 9)}!2`,
    (chance) => `contraseña: ${word(chance, 9)}#3`,
    (chance) => `mot de passe : ${word(chance, 9)}%4`,
  ],
};

function jwt(chance: Chance): string {
  const head = base64('{"alg":"HS256","typ":"JWT"}');
  return `${head}.${base64(`{"sub":"${chance.digits(8)}","iat":${chance.digits(10)}}`)}.${url(chance, 43)}`;
}

export const secretSentences: readonly string[] = [
  'export TOKEN={}',
  'I found {} in the repository.',
  'Use {} to sign in to the staging system.',
  'config.yml: key: {}',
  'Der Schlüssel lautet {}.',
  'curl -H "Authorization: token {}" https://api.kestrel.invalid',
  'La clé {} ne marche plus.',
  'ERROR 401 for credential {} (expired)',
  '```\n{}\n```',
  'please rotate {} today',
];

const uuid = (chance: Chance): string =>
  `${hex(chance, 8)}-${hex(chance, 4)}-4${hex(chance, 3)}-9${hex(chance, 3)}-${hex(chance, 12)}`;

const harmless: readonly Maker[] = [
  (chance) => `commit ${hex(chance, 40)}`,
  (chance) => `Merged ${hex(chance, 7)} into main`,
  (chance) => `sha256:${hex(chance, 64)}`,
  (chance) => `md5 ${hex(chance, 32)}  setup.exe`,
  (chance) => `request-id: ${uuid(chance)}`,
  (chance) => `integrity sha512-${chance.text(`${alphanumeric}+/`, 86)}==`,
  (chance) => `session ${uuid(chance)} ended`,
  (chance) => `ETag: W/"${hex(chance, 16)}"`,
  (chance) => `trace_id=${hex(chance, 32)} span_id=${hex(chance, 16)}`,
  (chance) => `<img src="data:image/png;base64,iVBORw0KGgo${chance.text(`${alphanumeric}+/`, 80)}==">`,
  (chance) => `ssh-rsa AAAAB3NzaC1yc2E${chance.text(`${alphanumeric}+/`, 180)} tom@laptop`,
  (chance) => `-----BEGIN CERTIFICATE-----\nMIID${word(chance, 60)}\n-----END CERTIFICATE-----`,
  (chance) => `-----BEGIN PUBLIC KEY-----\nMIIB${word(chance, 60)}\n-----END PUBLIC KEY-----`,
  (chance) => `https://shop.kestrel.invalid/p/${word(chance, 22)}?ref=mail`,
  (chance) => `order_id: ord_${word(chance, 24)}`,
  (chance) => `pk_live_${word(chance, 24)} is the publishable one`,
  (chance) => `chunk-${chance.text(capital, 8)}.js 182 kB`,
  (chance) => `docker pull registry.invalid/app@sha256:${hex(chance, 64)}`,
  () => 'export API_TOKEN=$API_TOKEN',
  () => 'api_token: ${{ vault.API_TOKEN }}',
  () => 'sk-your-own-goes-here',
  () => 'Replace ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx by your own.',
  () => 'AKIA is how the identifiers begin.',
  () => 'postgres://USER:PASS@localhost/db is the form',
  () => 'postgres://<user>:<pass>@<host>/<db>',
  () => 'token: <your token>',
  () => 'client_secret: REDACTED',
  () => 'client_secret=****************',
  () => 'token = os.environ["TOKEN"]',
  () => 'const token = await login(user);',
  () => 'token: string;',
  () => 'The token expires after 15 minutes.',
  () => 'Your one-time link is valid for an hour.',
  () => 'Press the key in the top left corner.',
  () => 'the secret of a good soup is time',
  () => 'secret: boolean',
  () => 'auth.token.ttl=3600',
  () => 'if (token === undefined) return null;',
  () => 'Basic support is included in every plan.',
  () => 'Bearer bonds were common then.',
  () => 'Keyword: autumn-sale-2025',
  () => 'Use the code WELCOME10 at the checkout.',
  () => 'eyJ is how such a thing begins, but this is none.',
  () => 'npm_config_registry is set',
  () => 'xoxo, see you on Friday',
  () => 'The Turkey key-lime pie has 12 slices.',
  () => 'postgres://localhost:5432/shop',
  () => 'https://kestrel.invalid:8443/status@now',
  () => 'redis://cache.internal:6379/0',
  () => 'sk-learn and sk-image are libraries',
];

/** Credentials that only their surroundings or their armour tell, with the whole text that they stand in. */
export function writtenSecrets(): Readonly<Record<string, readonly Maker[]>> {
  return written;
}

/** What looks like a credential to a careless eye and opens nothing. */
export function harmlessValues(): readonly Maker[] {
  return harmless;
}
