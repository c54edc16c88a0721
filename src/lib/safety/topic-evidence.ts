import type { Topic } from '../../models/policy.js';

/** What speaks for a topic in one sentence, in small letters. */
export interface TopicEvidence {
  /** Each is enough by itself. */
  readonly plain: RegExp;
  /** What the topic is about; says nothing without a stance. */
  readonly subject: RegExp;
  /** Advice, a promise or a claim; says nothing without a subject. */
  readonly stance: RegExp;
  /** Whether a sentence that only asks is about the topic, too. */
  readonly asking: boolean;
}

/** Any of the phrases, whole, with any white space between their words; `*` stands for the rest of a word. */
function anyOf(...lists: string[]): RegExp {
  const phrases = lists
    .join(',')
    .split(',')
    .map((phrase) => phrase.trim());
  const sources = phrases.map((phrase) =>
    phrase.replaceAll(' ', '[\\s-]{1,3}').replaceAll('*', '[a-z]{0,12}'),
  );
  return new RegExp(`(?<![a-z])(?:${sources.join('|')})(?![a-z])`);
}

/** How a sentence gives advice, whatever about. */
const advice = `you should, you shouldn't, you must, you need to, you ought to, you had better, you'd better, i recommend,
  i'd recommend, i would recommend, we recommend, i suggest, i'd suggest, we suggest, i advise, we advise, my advice,
  i would advise, we would advise, best to, better to, it is time to, it's time to, now is the time, good time to,
  why not, why don't you, make sure you, be sure to, don't hesitate to, no need to, you can safely, it is safe to,
  it's safe to, you don't need, go ahead and, consider, avoid`;

/** A verb that gives an order: it begins the sentence, or follows a word that an order may begin with. */
function orders(verbs: string): RegExp {
  const begins =
    "^[\\s\"'*>-]{0,4}(?:(?:please|just|simply|now|then|so|always|never|don't|do not|first|today),?\\s){0,2}";
  return new RegExp(`${begins}(?:${verbs.replaceAll(' ', '\\s').replaceAll(',', '|')})(?![a-z])`);
}

function either(one: RegExp, other: RegExp): RegExp {
  return new RegExp(`${one.source}|${other.source}`);
}

/** What speaks for each topic. English only. */
export const topicEvidence: Readonly<Record<Topic, TopicEvidence>> = {
  POLITICS: {
    plain: anyOf(
      `presidential election*, general election*, midterm election*, election fraud, rigged election, stolen election,
      republican party, democratic party, labour party, conservative party, green party, communist party, political party,
      political parties, left wing, right wing, far right, far left, gun control, abortion ban, abortion rights,
      prime minister, vote for trump, vote for biden, vote for harris, donald trump, joe biden, kamala harris,
      vladimir putin, anti immigration, immigration policy, brexit, impeach*, white supremac*, political opinion*,
      regime change, members of parliament, member of parliament, congressman, congresswoman, house of representatives`,
    ),
    subject: anyOf(
      `election*, politic*, parliament, senate, senator*, congress, president, referendum, communis*, socialis*, fascis*,
      immigra*, abortion, government*, democrat*, republican*, candidate*, ballot*, minister*, dictator*, liberals,
      conservatives, putin, trump, biden`,
    ),
    stance: anyOf(
      `vote, votes, voted, voting, elect, elected, campaign*, party, corrupt*, protest*, propaganda, policy, policies, tax,
      taxes, overthrow, resign, regime, war, rigged, should be banned, ideolog*, voters, supporters, opposition`,
    ),
    asking: true,
  },
  HEALTH_ADVICE: {
    plain: anyOf(
      `stop taking your, stop your medication, double your dose, double the dose, increase your dose, skip your dose,
      don't see a doctor, do not see a doctor, don't need a doctor, do not need a doctor, no need to see a doctor,
      instead of chemotherapy, instead of your medication, cures cancer, cure cancer, vaccines cause, you have cancer,
      you have diabetes, you have depression, you are diabetic, my diagnosis is, your diagnosis is`,
    ),
    subject: anyOf(
      `mg, milligram*, dose, doses, dosage, ibuprofen, paracetamol, acetaminophen, aspirin, antibiotic*, insulin,
      medication*, medicine*, tablet, tablets, pill, pills, painkiller*, antidepressant*, opioid*, steroid*, statin*,
      supplement*, vaccin*, chemotherapy, symptom*, blood pressure, cholesterol, diabetes, cancer, tumor, tumour, infection,
      depression, anxiety, asthma, migraine*, fever, rash, chest pain, heart attack, stroke, pregnan*, allerg*,
      prescription*, diagnos*, doctor, therapy, detox, fasting`,
    ),
    stance: either(
      anyOf(
        advice,
        `times a day, times daily, per day, every day, daily, every four hours, every six hours, before bed, with food,
        will cure, cures, heals, will help with, helps against, works against, you probably have, you likely have,
        you may have, you might have, sounds like you have, signs of, nothing to worry about, stop taking, start taking`,
      ),
      orders('take,stop,start,use,apply,drink,eat,increase,reduce,double,skip,inject,swallow,try,see,rest'),
    ),
    asking: false,
  },
  FINANCIAL_ADVICE: {
    plain: anyOf(
      `guaranteed return*, guaranteed profit*, double your money, triple your money, risk free return*, can't lose money,
      cannot lose money, invest all your, all your savings into, all your savings in, your savings into, your pension into,
      your money into, strong buy, to the moon, insider tip, hot stock, remortgage your home to, borrow to invest,
      my financial advice, our financial advice, sure bet`,
    ),
    subject: anyOf(
      `stock, stocks, shares, bond, bonds, etf, etfs, index fund*, mutual fund*, hedge fund*, crypto, cryptocurrenc*,
      bitcoin, btc, ethereum, savings, pension*, retirement, 401k, ira, portfolio*, invest*, securities, dividend*,
      commodit*, gold, silver, forex, derivative*, futures, call options, put options, mortgage, annuit*, equities, nasdaq,
      real estate`,
    ),
    stance: either(
      anyOf(
        advice,
        `will rise, will go up, will double, will triple, will soar, will skyrocket, is going to rise, is going up,
        will outperform, guaranteed, cannot lose, can't lose, can't go wrong, high return*, undervalued, before it's too late,
        price target, buy now, sell now, buy the dip, get rich, a safe bet, put your, move your, invest your`,
      ),
      orders(
        'buy,sell,invest,short,put,move,hold,allocate,borrow,diversify,cash out,withdraw,switch,refinance',
      ),
    ),
    asking: false,
  },
  LEGAL_CLAIMS: {
    plain: anyOf(
      `we admit liability, we accept liability, we are liable, you are liable, is liable for, are liable for, held liable,
      breach of contract, in breach of, legally binding, legally obliged, legally obligated, legally required,
      legally entitled, you can sue, you could sue, you should sue, grounds to sue, grounds for a lawsuit, sue them,
      sue you, class action, entitled to compensation, entitled to damages, waive your rights, waive your right,
      violates the law, violation of the law, breaks the law, against the law, violates gdpr, violation of gdpr,
      this is illegal, that is illegal, is perfectly legal, is completely legal, is entirely legal, gross negligence,
      not legally, legal action against, guilty of fraud, committed fraud, infringes, infringement of, statute of limitations,
      my legal advice, our legal advice, you have a case, not responsible for any damage*, press charges`,
    ),
    subject: anyOf(
      `law, laws, lawful, unlawful, unlawfully, legal, legally, illegal, illegally, lawsuit*, lawyer*, attorney*, court,
      courts, judge, liability, liable, negligen*, damages, contract*, statut*, regulation*, gdpr, copyright*, patent*,
      trademark*, defam*, libel*, fraud*, perjur*, settlement*, sue, sued, suing, prosecut*, solicitor*`,
    ),
    stance: anyOf(
      `you are entitled, you're entitled, you have the right, you have a right, you would win, you will win, we guarantee,
      we admit, we are at fault, it is our fault, our fault, violat*, breach*, infring*, obliged to, obligated to, liable,
      at fault, guilty, negligent, void, unenforceable, enforceable, compensat*, you should file, you should sue,
      you must sign, cannot be held, can be held, will be held, hereby`,
    ),
    asking: false,
  },
};
