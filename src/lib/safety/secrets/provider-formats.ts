import type { SecretType } from '../../../models/policy.js';

/** What a kind of credential looks like. */
type ProviderFormat = readonly [type: SecretType, marks: string, format: RegExp];

/**
 * What credentials look like where their issuer gave them a mark of their own. Every expression is anchored to the
 * beginning of a token and bounded, so that the time is linear whatever the text. One of the marks stands in whatever an
 * expression matches (in small or capital letters where it has the flag `i`): a text without them need not be searched.
 */
export const providerFormats: readonly ProviderFormat[] = [
  [
    'AWS_ACCESS_KEY',
    'A3T AKIA ASIA ABIA ACCA',
    /(?<![A-Za-z\d])(?:A3T[A-Z\d]|AKIA|ASIA|ABIA|ACCA)[A-Z\d]{16}(?![A-Za-z\d])/g,
  ],
  [
    'GITHUB_TOKEN',
    'ghp_ gho_ ghu_ ghs_ ghr_ github_pat_',
    /(?<![A-Za-z\d])(?:gh[pousr]_[A-Za-z\d]{36,251}|github_pat_\w{22,244})/g,
  ],
  [
    'GITLAB_TOKEN',
    'glpat- gldt- glrt- glptt- glft- glsoat- glcbt- glimt- glagent- gloas-',
    /(?<![A-Za-z\d])gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent|oas)-[\w-]{20,255}/g,
  ],
  [
    'SLACK_TOKEN',
    'xoxa- xoxb- xoxc- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-',
    /(?<![A-Za-z\d])(?:xox[abceoprs]|xapp)-[A-Za-z\d][A-Za-z\d-]{9,255}/g,
  ],
  ['SLACK_TOKEN', 'hooks.slack.com/', /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z\d/]{16,120}/g],
  [
    'STRIPE_KEY',
    'sk_live_ sk_test_ rk_live_ rk_test_ whsec_',
    /(?<![A-Za-z\d])(?:(?:sk|rk)_(?:live|test)_[A-Za-z\d]{10,247}|whsec_[A-Za-z\d+/]{24,64})/g,
  ],
  ['ANTHROPIC_KEY', 'sk-ant-', /(?<![A-Za-z\d])sk-ant-[\w-]{20,200}/g],
  [
    'OPENAI_KEY',
    'sk-',
    /(?<![A-Za-z\d])sk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,250}|[A-Za-z\d]{32,64})(?![\w-])/g,
  ],
  [
    'GOOGLE_API_KEY',
    'AIza GOCSPX- ya29.',
    /(?<![A-Za-z\d])(?:AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,250})(?![\w-])/g,
  ],
  // Our own keys, as they are made now and as they were made before they had a checksum.
  ['PROVIDER_TOKEN', 'chimera_', /(?<![A-Za-z\d])chimera_(?:[A-Za-z\d]{49}|[\w-]{43})(?![\w-])/g],
  ['NPM_TOKEN', 'npm_', /(?<![A-Za-z\d])npm_[A-Za-z\d]{36}(?![A-Za-z\d])/g],
  ['JWT', 'eyJ', /(?<![\w-])eyJ[\w-]{10,4096}\.eyJ[\w-]{10,8192}\.[\w-]{8,2048}/g],
  ['PROVIDER_TOKEN', 'SG.', /(?<![A-Za-z\d])SG\.[\w-]{16,32}\.[\w-]{32,64}(?![\w-])/g],
  ['PROVIDER_TOKEN', 'SK', /(?<![A-Za-z\d])SK[\da-f]{32}(?![A-Za-z\d])/g],
  ['PROVIDER_TOKEN', ':AA', /(?<![\w-])\d{8,10}:AA[\w-]{33}(?![\w-])/g],
  ['PROVIDER_TOKEN', 'doo_v1_ dop_v1_ dor_v1_', /(?<![A-Za-z\d])do[opr]_v1_[\da-f]{64}(?![A-Za-z\d])/g],
  ['PROVIDER_TOKEN', 'pypi-AgE', /(?<![A-Za-z\d])pypi-AgE[\w-]{50,250}/g],
  ['PROVIDER_TOKEN', 'key-', /(?<![A-Za-z\d])key-[\da-z]{32}(?![A-Za-z\d])/g],
  [
    'PROVIDER_TOKEN',
    'sq0atp- sq0csp- EAAA',
    /(?<![A-Za-z\d])(?:sq0atp-[\w-]{22}|sq0csp-[\w-]{43}|EAAA[\w-]{60})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', 'ATATT3', /(?<![A-Za-z\d])ATATT3[\w=-]{32,250}/g],
  [
    'PROVIDER_TOKEN',
    'hf_ r8_ gsk_',
    /(?<![A-Za-z\d])(?:hf_[A-Za-z]{34}|r8_[A-Za-z\d]{37}|gsk_[A-Za-z\d]{52})(?![A-Za-z\d])/g,
  ],
  [
    'PROVIDER_TOKEN',
    'shpat_ shpca_ shppa_ shpss_ dckr_pat_ dapi',
    /(?<![A-Za-z\d])(?:shp(?:at|ca|pa|ss)_[\da-fA-F]{32}|dckr_pat_[\w-]{27}|dapi[\da-f]{32})(?![\w-])/g,
  ],
  [
    'PROVIDER_TOKEN',
    'hvb. hvs. hvr. lin_api_ ntn_',
    /(?<![A-Za-z\d])(?:hv[bsr]\.[\w-]{24,300}|lin_api_[A-Za-z\d]{32,64}|ntn_[A-Za-z\d]{40,60})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', 'AGE-SECRET-KEY-1', /(?<![A-Za-z\d])AGE-SECRET-KEY-1[A-Z\d]{58}(?![A-Za-z\d])/g],
  ['PROVIDER_TOKEN', '/api/webhooks/', /discord(?:app)?\.com\/api\/webhooks\/\d{16,20}\/[\w-]{60,80}/g],
  ['PROVIDER_TOKEN', 'webhook.office.com/webhookb2/', /webhook\.office\.com\/webhookb2\/[\w@/-]{60,250}/g],
  ['PROVIDER_TOKEN', 'NRAK- NRJS- NRII-', /(?<![A-Za-z\d])(?:NRAK|NRJS|NRII)-[A-Za-z\d_-]{19,40}(?![\w-])/g],
  [
    'PROVIDER_TOKEN',
    'sntrys_eyJ sntryu_',
    /(?<![A-Za-z\d])(?:sntrys_eyJ[\w=+/-]{40,400}|sntryu_[\da-f]{64})/g,
  ],
  [
    'PROVIDER_TOKEN',
    'dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.',
    /(?<![A-Za-z\d])dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{2,35}\.)?[A-Za-z\d]{40,44}(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', 'fo1_ fm1 fm2', /(?<![A-Za-z\d])(?:fo1_[\w-]{43}|fm[12][ar]?_[\w+/=-]{100,600})/g],
  [
    'PROVIDER_TOKEN',
    'pscale_tkn_ pscale_pw_ pscale_oauth_',
    /(?<![A-Za-z\d])pscale_(?:tkn|pw|oauth)_[\w=.-]{32,64}(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', 'PMAK-', /(?<![A-Za-z\d])PMAK-[\da-fA-F]{24}-[\da-fA-F]{34}(?![\w-])/g],
  [
    'PROVIDER_TOKEN',
    'pul- rubygems_ sk-or-v1- tskey-',
    /(?<![A-Za-z\d])(?:pul-[\da-f]{40}|rubygems_[\da-f]{48}|sk-or-v1-[\da-f]{64}|tskey-[a-z]{3,8}-[\w-]{16,60})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', '.atlasv1.', /(?<![A-Za-z\d])[A-Za-z\d]{14}\.atlasv1\.[\w=-]{60,70}(?![\w-])/g],
  [
    'PROVIDER_TOKEN',
    'pplx- xai- nvapi- tvly- fw_ csk-',
    /(?<![A-Za-z\d])(?:pplx-[A-Za-z\d]{40,64}|xai-[A-Za-z\d]{70,90}|nvapi-[\w-]{60,70}|tvly-[\w-]{30,60}|fw_[A-Za-z\d]{24}|csk-[a-z\d]{40,60})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', 'pat', /(?<![A-Za-z\d])pat[A-Za-z\d]{14}\.[\da-f]{64}(?![\w-])/g],
  [
    'PROVIDER_TOKEN',
    'xkeysib- xsmtpsib-',
    /(?<![A-Za-z\d])(?:xkeysib|xsmtpsib)-[\da-f]{64}-[A-Za-z\d]{16}(?![\w-])/g,
  ],
  [
    'PROVIDER_TOKEN',
    'pat- HRKU-',
    /(?<![A-Za-z\d])(?:pat-(?:na|eu|ap)\d-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|HRKU-[\w-]{36,64})(?![\w-])/gi,
  ],
  [
    'PROVIDER_TOKEN',
    'glsa_ glsc_ glc_ figd_ tfp_ nfp_ CFPAT-',
    /(?<![A-Za-z\d])(?:gls[ac]_[\w=+/-]{32,400}|glc_[\w=+/-]{32,400}|figd_[\w-]{36,60}|tfp_[\w.=-]{40,70}|nfp_[A-Za-z\d]{36,50}|CFPAT-[\w-]{43})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', 'dt0', /(?<![A-Za-z\d])dt0[a-z]\d\d\.[A-Z\d]{24}\.[A-Z\d]{64}(?![\w-])/g],
  ['PROVIDER_TOKEN', 'ATCTT3xFfG ATBB', /(?<![A-Za-z\d])(?:ATCTT3xFfG|ATBB)[\w=-]{24,250}/g],
  [
    'PROVIDER_TOKEN',
    'LTAI AKID EAA',
    /(?<![A-Za-z\d])(?:LTAI[A-Za-z\d]{12,20}|AKID[A-Za-z\d]{32}|EAACEdEose0cBA[A-Za-z\d]{20,250}|EAA[A-Za-z\d]{80,250})(?![\w-])/g,
  ],
  [
    'PROVIDER_TOKEN',
    'sbp_ sb_secret_ re_ secret_ lsv2_',
    /(?<![A-Za-z\d])(?:sbp_[\da-f]{40}|sb_secret_[\w-]{24,60}|re_[A-Za-z\d]{8}_[A-Za-z\d]{20,30}|secret_[A-Za-z\d]{43}|lsv2_(?:pt|sk)_[\da-f]{32}_[\da-f]{10})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', 'pk.eyJ sk.eyJ', /(?<![A-Za-z\d])[ps]k\.eyJ[\w-]{20,400}\.[\w-]{20,60}(?![\w-])/g],
  [
    'PROVIDER_TOKEN',
    'CCIPAT_ bkua_ CLOJARS_ sqp_ sqa_ squ_ AKCp oy2 cio',
    /(?<![A-Za-z\d])(?:CCIPAT_[\w-]{20,80}|bkua_[\da-f]{40}|CLOJARS_[\da-f]{60}|sq[pau]_[\da-f]{40}|AKCp[A-Za-z\d]{60,80}|oy2[a-z\d]{43}|cio[A-Za-z\d]{32})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', '7Q~ 8Q~', /(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}(?![\w~-])/g],
  [
    'PROVIDER_TOKEN',
    'AccountKey= SharedAccessKey=',
    /(?<![A-Za-z\d])(?:AccountKey|SharedAccessKey)=[A-Za-z\d+/]{40,90}={0,2}/g,
  ],
  ['PROVIDER_TOKEN', '?sig= &sig=', /[?&]sig=[A-Za-z\d%+/]{40,120}/g],
  [
    'PROVIDER_TOKEN',
    'rzp_live_ rzp_test_ FLWSECK live_ shippo_ access-production- access-sandbox- access-development- access_token$',
    /(?<![A-Za-z\d])(?:rzp_(?:live|test)_[A-Za-z\d]{14}|FLWSECK(?:_TEST)?-[A-Za-z\d]{12,64}|live_[A-Za-z\d]{30,45}|shippo_(?:live|test)_[\da-f]{40}|access-(?:production|sandbox|development)-[\da-f-]{36}|access_token\$(?:production|sandbox)\$[a-z\d]{16}\$[\da-f]{32})(?![\w-])/g,
  ],
  [
    'PROVIDER_TOKEN',
    'ops_eyJ A3-',
    /(?<![A-Za-z\d])(?:ops_eyJ[\w-]{100,600}|A3-[A-Z\d]{6}-(?:[A-Z\d]{11}|[A-Z\d]{6}-[A-Z\d]{5})(?:-[A-Z\d]{5}){3})(?![\w-])/g,
  ],
  ['PROVIDER_TOKEN', '1/', /(?<![A-Za-z\d])1\/\d{16}:[\da-f]{32}(?![\w-])/g],
  ['GOOGLE_API_KEY', '1//0', /(?<![A-Za-z\d])1\/\/0[\w-]{40,250}/g],
];
