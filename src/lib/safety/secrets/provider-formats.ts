import type { SecretType } from '../../../models/policy.js';

/**
 * What credentials look like where their issuer gave them a mark of their own. Every expression is anchored to the
 * beginning of a token and bounded, so that the time is linear whatever the text.
 */
export const providerFormats: readonly (readonly [type: SecretType, format: RegExp])[] = [
  ['AWS_ACCESS_KEY', /(?<![A-Za-z\d])(?:A3T[A-Z\d]|AKIA|ASIA|ABIA|ACCA)[A-Z\d]{16}(?![A-Za-z\d])/g],
  ['GITHUB_TOKEN', /(?<![A-Za-z\d])(?:gh[pousr]_[A-Za-z\d]{36,251}|github_pat_\w{22,244})/g],
  ['GITLAB_TOKEN', /(?<![A-Za-z\d])gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent|oas)-[\w-]{20,255}/g],
  ['SLACK_TOKEN', /(?<![A-Za-z\d])(?:xox[abceoprs]|xapp)-[A-Za-z\d][A-Za-z\d-]{9,255}/g],
  ['SLACK_TOKEN', /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z\d/]{16,120}/g],
  ['STRIPE_KEY', /(?<![A-Za-z\d])(?:(?:sk|rk)_(?:live|test)_[A-Za-z\d]{10,247}|whsec_[A-Za-z\d+/]{24,64})/g],
  ['ANTHROPIC_KEY', /(?<![A-Za-z\d])sk-ant-[\w-]{20,200}/g],
  [
    'OPENAI_KEY',
    /(?<![A-Za-z\d])sk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,250}|[A-Za-z\d]{32,64})(?![\w-])/g,
  ],
  ['GOOGLE_API_KEY', /(?<![A-Za-z\d])(?:AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,250})(?![\w-])/g],
  ['NPM_TOKEN', /(?<![A-Za-z\d])npm_[A-Za-z\d]{36}(?![A-Za-z\d])/g],
  ['JWT', /(?<![\w-])eyJ[\w-]{10,4096}\.eyJ[\w-]{10,8192}\.[\w-]{8,2048}/g],
  ['PROVIDER_TOKEN', /(?<![A-Za-z\d])SG\.[\w-]{16,32}\.[\w-]{32,64}(?![\w-])/g],
  ['PROVIDER_TOKEN', /(?<![A-Za-z\d])SK[\da-f]{32}(?![A-Za-z\d])/g],
  ['PROVIDER_TOKEN', /(?<![\w-])\d{8,10}:AA[\w-]{33}(?![\w-])/g],
  ['PROVIDER_TOKEN', /(?<![A-Za-z\d])do[opr]_v1_[\da-f]{64}(?![A-Za-z\d])/g],
  ['PROVIDER_TOKEN', /(?<![A-Za-z\d])pypi-AgE[\w-]{50,250}/g],
  ['PROVIDER_TOKEN', /(?<![A-Za-z\d])key-[\da-z]{32}(?![A-Za-z\d])/g],
  ['PROVIDER_TOKEN', /(?<![A-Za-z\d])(?:sq0atp-[\w-]{22}|sq0csp-[\w-]{43}|EAAA[\w-]{60})(?![\w-])/g],
  ['PROVIDER_TOKEN', /(?<![A-Za-z\d])ATATT3[\w=-]{32,250}/g],
  [
    'PROVIDER_TOKEN',
    /(?<![A-Za-z\d])(?:hf_[A-Za-z]{34}|r8_[A-Za-z\d]{37}|gsk_[A-Za-z\d]{52})(?![A-Za-z\d])/g,
  ],
  [
    'PROVIDER_TOKEN',
    /(?<![A-Za-z\d])(?:shp(?:at|ca|pa|ss)_[\da-fA-F]{32}|dckr_pat_[\w-]{27}|dapi[\da-f]{32})(?![\w-])/g,
  ],
  [
    'PROVIDER_TOKEN',
    /(?<![A-Za-z\d])(?:hv[bsr]\.[\w-]{24,300}|lin_api_[A-Za-z\d]{32,64}|ntn_[A-Za-z\d]{40,60})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', /(?<![A-Za-z\d])AGE-SECRET-KEY-1[A-Z\d]{58}(?![A-Za-z\d])/g],
];
