import { personalDataTypes, secretTypes, topics } from '../../src/models/policy.js';

type Detector =
  | `PII/${(typeof personalDataTypes)[number]}`
  | `SECRET/${(typeof secretTypes)[number]}`
  | `TOPIC/${(typeof topics)[number]}`
  | 'KEYWORD'
  | 'PATTERN';

/**
 * For each detector, what is repeated to make a text on which a search like its own takes quadratic time or worse: the
 * beginning of what it finds, over and over, without the end.
 */
export const hostileToDetectors: Readonly<Record<Detector, readonly string[]>> = {
  KEYWORD: ['p ', 'password ', 'p4', 'p@ ', 'pass-', 'delete-', 'secret '],
  PATTERN: ['ORD-1234567', 'ORD-1'],
  'PII/PAYMENT_CARD': ['4', '4 1 1 1 ', '4111 1111 1111 111 ', '4   '],
  'PII/IBAN': ['GB82 ', 'GB82WEST', 'AA1'],
  'PII/US_SSN': ['123-45-', '123-45-678 ', 'ssn 123 '],
  'PII/EMAIL': ['@', 'a@', 'a.a@a.', 'a@b.c', '(at)', 'at dot ', 'a at a dot ', '%40'],
  'PII/PHONE': ['+1', '+1 ', '(0', '1-', 'call 1 ', 'call 030 90182', '+'],
  'PII/IP_ADDRESS': ['1.', '1::', '1.2.3.', ':', 'a:', 'f:1'],
  'PII/MAC_ADDRESS': ['aa:', 'aa-', 'aa:aa:aa:aa:aa:', '0123.'],
  'PII/AU_MEDICARE': ['medicare ', 'medicare 2123 45670 '],
  'PII/AU_TFN': ['tfn ', 'tfn 123 456 78 '],
  'PII/BE_NATIONAL_NUMBER': ['85.07.', '85.07.30-033.6 '],
  'PII/BR_CPF': ['cpf 529.982.', '529.982.247-2 '],
  'PII/CA_SIN': ['sin 046 454 28', 'sin 046 '],
  'PII/CH_AHV': ['756.', '756.9217.0769.8 '],
  'PII/CN_RESIDENT_ID': ['11010519491231002', '110105 19491231 002 '],
  'PII/DE_TAX_ID': ['86 095 742 71 ', 'idnr 86'],
  'PII/DK_CPR': ['cpr 070761-', 'cpr 0707614 '],
  'PII/ES_DNI': ['12345678', 'X-1234567 ', 'dni 12.345.'],
  'PII/FI_HETU': ['131052-', '131052-308 '],
  'PII/FR_NIR': ['2 55 08 14 ', '2 55 08 14 168 025 3 '],
  'PII/GB_NHS': ['nhs 943 476 ', '999 '],
  'PII/GB_NINO': ['AB 12 ', 'AB 12 34 5 '],
  'PII/IE_PPS': ['pps 1234567', 'pps 1234567 '],
  'PII/IN_AADHAAR': ['2341 2341 ', '2341-2341-234 '],
  'PII/IT_FISCAL_CODE': ['RSS MRA ', 'RSSMRA85M01H501 '],
  'PII/JP_MY_NUMBER': ['my number 1234 ', '個人番号 1234'],
  'PII/KR_RRN': ['850730-', '850730-123456 '],
  'PII/NL_BSN': ['bsn 111 222 ', 'bsn 1112223 '],
  'PII/NO_BIRTH_NUMBER': ['010203 ', '010203 4567 '],
  'PII/PL_PESEL': ['pesel 4405140135 ', 'pesel '],
  'PII/PT_NIF': ['nif 123 456 ', 'nif 12345678 '],
  'PII/SE_PERSONAL_NUMBER': ['811218-', '811218-987 ', '19811218-'],
  'PII/TR_ID': ['tckn 1000000014 ', 'tc '],
  'PII/DATE_OF_BIRTH': ['born ', 'born 1/1/', 'born 12 March ', '1/1/'],
  'PII/PASSPORT': ['passport ', 'passport A1', 'passport 12345 '],
  'PII/DRIVING_LICENCE': ['driving licence A1', 'driving licence ', 'A 1'],
  'PII/STREET_ADDRESS': ['1 Main ', 'Main Main ', 'Street', '1 Main of the ', 'Am Am 1 '],
  'PII/CRYPTO_WALLET': [
    '0x',
    '0x52908400098527886E0F7030069857D2E4169EE7 ',
    '1BoatSLRHtKNngkdXEeobR76b53LETtpy ',
    'bc1',
  ],
  'SECRET/AWS_ACCESS_KEY': ['AKIA', 'AKIA '],
  'SECRET/AWS_SECRET_KEY': ['aws', 'aws_secret_access_key=', 'account=1234'],
  'SECRET/GITHUB_TOKEN': ['ghp_', 'ghs_1_', 'github_pat_'],
  'SECRET/GITLAB_TOKEN': ['glpat-', 'glagent-'],
  'SECRET/SLACK_TOKEN': ['xoxb-1-', 'hooks.slack.com/', 'https://hooks.slack.com/services/T'],
  'SECRET/STRIPE_KEY': ['sk_live_', 'whsec_'],
  'SECRET/OPENAI_KEY': ['sk-', 'sk-proj-'],
  'SECRET/ANTHROPIC_KEY': ['sk-ant-', 'sk-ant-api0'],
  'SECRET/GOOGLE_API_KEY': ['AIza', 'ya29.', '1//0'],
  'SECRET/NPM_TOKEN': ['npm_', '_authToken=', ':x-oauth-basic@'],
  'SECRET/PRIVATE_KEY': ['-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----A-', '-----BEGIN '],
  'SECRET/JWT': ['eyJ', 'eyJaaaaaaaaaa.'],
  'SECRET/CONNECTION_STRING': ['a://b:', 'https://a', '://', 'a+'],
  'SECRET/BEARER_TOKEN': ['bearer:', 'basic ', 'bearer aaaaaaaaaaaa'],
  'SECRET/ASSIGNED_SECRET': ['password=', 'password:aaaaaa', 'key', '--', '--password ', '-u a:'],
  'SECRET/PROVIDER_TOKEN': ['dp.pt.', 'pat', '8Q~', '?sig=', 'fm1_', 'SG.a.', 'A3-', 'live_'],
  'TOPIC/POLITICS': ['vote for ', 'the government should ', 'election '],
  'TOPIC/HEALTH_ADVICE': ['take ', 'you should take ', 'if i were you '],
  'TOPIC/FINANCIAL_ADVICE': ['you should ', 'buy shares ', 'stock '],
  'TOPIC/LEGAL_CLAIMS': ['you are liable ', 'sue. ', 'legally '],
};

/** What is hostile to how texts are read, before any detector looks at them. */
export const hostileToReading: readonly string[] = [
  'a',
  'A',
  'aA',
  '0',
  '1',
  ' ',
  '\n',
  '.',
  '-',
  '?',
  'a ',
  '\u0301',
  '\u200b',
  '\ud800',
  '\ufdfa',
  '😀',
  'й',
  '한',
  '密',
  'الا',
  '&#',
  '&#112',
  '&amp;',
  '%',
  '%41',
  '\\u0041',
  'QUJD',
  'QUJDREVGR0hJSktM/',
  '70 61 ',
];

/** A policy's own patterns, as costly as the gate takes them. */
export const costlyPatterns = [
  { name: 'order', pattern: '\\bORD-[0-9]{8}\\b', action: 'HITL' },
  { name: 'words', pattern: '\\w{3}-7\\w', action: 'HITL' },
  { name: 'nested', pattern: '(?:(?:[a-z]+[0-9]*)+-)+X', action: 'HITL' },
] as const;

/** A text of a length that says the same over and over. */
export function repeated(unit: string, length: number): string {
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}
