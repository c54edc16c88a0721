import { getCountryCallingCode, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';
import { broken, cryptoWallet, iban, nationalIds, paymentCard, usSsn, type Maker } from './numbers.js';

/** What a datum is, how it is made, and sentences that it stands in at `{}`. */
export interface Material {
  readonly label: string;
  readonly family: string;
  readonly make: Maker;
  readonly sentences: readonly string[];
  readonly count: number;
}

const given = [
  'Ana',
  'Tom',
  'Lena',
  'Piotr',
  'Marta',
  'Ola',
  'Erik',
  'Noor',
  'Sofia',
  'Deniz',
  'Jean',
  'Wei',
  'Ines',
  'Hugo',
];
const last = [
  'Berg',
  'Kowal',
  'Moreau',
  'Silva',
  'Rossi',
  'Visser',
  'Lind',
  'Demir',
  'Walsh',
  'Okafor',
  'Pereira',
  'Novak',
];
const hosts = [
  'nordpost.se',
  'kestrel-mail.net',
  'posteo.de',
  'mail.harbourside.co.uk',
  'laposte.net',
  'orchidee.fr',
  'wp.pl',
  'sapo.pt',
  'libero.it',
  'correo.mx',
  'uni-lund.se',
  'quietriver.io',
  'firma.com.tr',
];

const email: Maker = (chance) => {
  const [first, family] = [chance.one(given).toLowerCase(), chance.one(last).toLowerCase()];
  const name = chance.one([
    `${first}.${family}`,
    `${first}${chance.whole(60, 99)}`,
    `${first[0] ?? 'x'}.${family}`,
    `${family}_${first}`,
    `${first}+shop`,
    `${first}-${family}`,
  ]);
  return `${name}@${chance.one(hosts)}`;
};

/** Masks of numbers as people of a country write them. */
const phoneMasks: readonly (readonly [country: CountryCode, masks: readonly string[]])[] = [
  ['US', ['(212) 6##-####', '415-7##-####', '617.8##.####', '+1 312 4## ####', '206 3## ####']],
  ['GB', ['07911 ######', '+44 7911 ######', '020 7946 ####', '(0161) 496 ####', '0044 7400 ######']],
  ['DE', ['030 2#######', '+49 151 2#######', '0171 4######', '089/5######', '+49 (0)40 3######']],
  ['FR', ['06 1# ## ## ##', '+33 6 2# ## ## ##', '01 4# ## ## ##', '07.5#.##.##.##']],
  ['ES', ['612 ### ###', '+34 91 5## ## ##', '93 4## ## ##', '+34 655 ## ## ##']],
  ['IT', ['347 #######', '+39 06 4#######', '333 12#####', '+39 348 #######']],
  ['NL', ['06-2#######', '+31 6 1#######', '020-6######', '06 4# ## ## ##']],
  ['PL', ['601 ### ###', '+48 512 ### ###', '22 6## ## ##']],
  ['SE', ['070-2## ## ##', '+46 73 5## ## ##', '08-50# ## ###']],
  ['PT', ['912 ### ###', '+351 96# ### ###', '21 3## ## ##']],
  ['TR', ['0532 ### ## ##', '+90 542 ### ## ##', '0 (212) 2## ## ##']],
  ['BR', ['(11) 98###-####', '+55 21 97###-####']],
  ['IN', ['+91 98### #####', '098### #####']],
  ['JP', ['090-2###-####', '+81 90-3###-####']],
  ['AU', ['0412 ### ###', '+61 2 9### ####']],
];

function phoneOf(countries: readonly string[], international: boolean): Maker {
  const masks = phoneMasks.filter(([country]) => countries.includes(country));
  return (chance) => {
    for (;;) {
      const [country, forms] = chance.one(masks);
      const fitting = international ? forms.filter((form) => /^(?:\+|00)/.test(form)) : forms;
      const written = chance.filled(
        chance.one(fitting.length > 0 ? fitting : [`+${getCountryCallingCode(country)}#########`]),
      );
      if (parsePhoneNumberFromString(written, country)?.isValid() === true) return written;
    }
  };
}

const publicIp: Maker = (chance) =>
  `${chance.one([23, 46, 62, 78, 81, 91, 104, 109, 145, 151, 178, 185, 188, 212])}.${chance.whole(1, 250)}.${chance.whole(0, 250)}.${chance.whole(1, 254)}`;

const ipv6: Maker = (chance) => {
  const hex = (length: number): string => chance.text('0123456789abcdef', length);
  return chance.one([
    `2a02:${hex(3)}:${hex(4)}:1:${hex(4)}:${hex(4)}:${hex(4)}:${hex(4)}`,
    `2001:4${hex(2)}0:${hex(4)}::${hex(4)}`,
    `2a01:${hex(3)}::${hex(2)}:1`,
  ]);
};

const anyIp: Maker = (chance) => chance.one([publicIp, publicIp, ipv6])(chance);

const mac: Maker = (chance) => {
  const pairs = Array.from({ length: 5 }, () => chance.text('0123456789abcdef', 2));
  const whole = [chance.one(['3c', 'a4', '00', 'f0', '9c']), ...pairs].join(chance.one([':', '-', ':']));
  return chance.one([whole, whole.toUpperCase()]);
};

const uuid: Maker = (chance) => {
  const hex = (length: number): string => chance.text('0123456789abcdef', length);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
};

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const numericDate: Maker = (chance) => {
  const [day, month, year] = [`1${chance.digits(1)}`, `0${chance.whole(1, 9)}`, chance.whole(1938, 2006)];
  return chance.one([`${day}.${month}.${year}`, `${day}/${month}/${year}`, `${year}-${month}-${day}`]);
};

const englishDate: Maker = (chance) => {
  const [day, month, year] = [chance.whole(1, 28), chance.one(months), chance.whole(1938, 2006)];
  return chance.one([
    `${day} ${month} ${year}`,
    `${month} ${day}, ${year}`,
    `${day} ${month.slice(0, 3)} ${year}`,
    numericDate(chance),
  ]);
};

const passport: Maker = (chance) =>
  chance.filled(chance.one(['#########', '^########', '^^#######', 'C0~X##T4#', '##^^#####'])).toUpperCase();

const licence: Maker = (chance) =>
  chance.one([
    chance.filled('^^^^^6#5###^^9^^'),
    chance.filled('^#######'),
    chance.filled('^###-####-####'),
    chance.filled('########'),
    chance.filled('B0##^^^##^#'),
  ]);

/** Sentences about a datum of one kind, by language. */
export const materials: readonly Material[] = [
  {
    label: 'PII/PAYMENT_CARD',
    family: 'pii/payment-card',
    make: paymentCard,
    count: 60,
    sentences: [
      'I see two charges on the card {} from last night.',
      'Please bill my Visa {}, it expires in 09/27.',
      'Customer gave {} over the phone; charge 49.90.',
      'Card on file: {}',
      'The payment with {} was refused twice.',
      'Belastet wurde die Karte {}.',
      'Meine Kreditkartennummer lautet {}, bitte stornieren.',
      'Le paiement a été fait avec la carte {}.',
      'Cobraron dos veces en mi tarjeta {}.',
      'La carta {} è stata rifiutata.',
      'Mijn creditcard is {} en die werkt niet meer.',
      'Numer karty: {}',
      'Kortnummer {} spärrades i går.',
      'O cartão {} foi clonado.',
      'Kart numaram {}, iade lütfen buraya.',
      'お支払いカード番号は{}です。',
      'refund -> {} (amex?) ok',
      '**Card:** `{}`  \n**Amount:** 12.00 EUR',
      '2025-11-03 12:01:44 INFO charge pan={} amount=1200',
      'const card = "{}"; // from the ticket',
      '{}',
    ],
  },
  {
    label: 'PII/IBAN',
    family: 'pii/iban',
    make: iban,
    count: 60,
    sentences: [
      'Please send the refund to {}.',
      'IBAN: {}',
      'The transfer to {} is pending review since Monday.',
      'Meine neue Bankverbindung ist {}, ab März.',
      'Bitte überweisen Sie auf {}.',
      'Virement à effectuer sur le compte {}.',
      'Mi cuenta es {} y la titular soy yo.',
      "L'IBAN del cliente è {}.",
      'Graag overmaken naar {}.',
      'Proszę o przelew na rachunek {}.',
      'Betala till {} senast fredag.',
      'Transferir para {}, obrigado.',
      'İade için hesabım: {}',
      'payee,iban,amount\nKowal,{},120.00',
      'Account holder L. Berg, {}, BIC unknown.',
      '{}',
    ],
  },
  {
    label: 'PII/CRYPTO_WALLET',
    family: 'pii/crypto-wallet',
    make: cryptoWallet,
    count: 30,
    sentences: [
      'Send the coins to {}.',
      'My wallet address is {}, please check the deposit.',
      'Payout address: {}',
      'Die Auszahlung ging an {}.',
      'Mi monedero es {}.',
      'The customer paid from {} yesterday.',
      'tx ok from={} conf=6',
      'Adresse du portefeuille : {}',
    ],
  },
  {
    label: 'PII/US_SSN',
    family: 'pii/us-ssn',
    make: usSsn,
    count: 40,
    sentences: [
      'Applicant identified by {}.',
      'The number on the W-2 form is {}.',
      'Tax id of the employee: {}',
      'For the background check I used {}.',
      'name: Walsh, no: {}',
      'Her social is {}.',
      'employee_id,ssn_value\n44,{}',
      'Please correct {} on my payslip.',
      '{}',
    ],
  },
  {
    label: 'PII/EMAIL',
    family: 'pii/email',
    make: email,
    count: 60,
    sentences: [
      'You can reach her at {}.',
      'I sent the invoice to {} this morning.',
      'From: {}\nSubject: broken kettle',
      'Bitte antworten Sie an {}, nicht hierher.',
      'Mon adresse est {}.',
      'Escríbame a {} por favor.',
      'La mia mail: {}',
      'Mijn nieuwe adres is {}.',
      'Proszę pisać na {}.',
      'Skicka kvittot till {} tack.',
      'O meu contacto é {}.',
      'E-postam {} olarak değişti.',
      '連絡先は{}です',
      'mailto:{}?subject=Refund',
      'Signed up: <{}>, plan basic',
      '| Lena | {} | active |',
      'User {} logged in from the app.',
      'cc {}; thanks',
    ],
  },
  {
    label: 'PII/PHONE',
    family: 'pii/phone-international',
    make: phoneOf(
      phoneMasks.map(([country]) => country),
      true,
    ),
    count: 40,
    sentences: [
      'Call me back on {}.',
      'The driver can be reached at {} until six.',
      'Rückruf bitte unter {}.',
      'Mon numéro : {}',
      'Mi teléfono es {}.',
      'Il mio cellulare è {}.',
      'Bel me op {} na vijf uur.',
      'Proszę dzwonić: {}',
      'Ring {} efter lunch.',
      'Ligue para {}, por favor.',
      'Beni {} numarasından arayın.',
      'WhatsApp {}',
      '{}',
      'tel:{}',
    ],
  },
  ...(
    [
      ['US', ['Call me at {} after five.', 'Her cell is {}.', 'Phone: {}', 'Text {} when you are outside.']],
      [
        'GB',
        [
          'My mobile is {}.',
          'Ring the customer on {} please.',
          'Tel: {}',
          'Phone {} if the driver gets lost.',
        ],
      ],
      [
        'DE',
        ['Meine Telefonnummer ist {}.', 'Tel.: {}', 'Handy {}, ab 18 Uhr.', 'Rufen Sie mich unter {} an.'],
      ],
      ['FR', ['Mon téléphone : {}', 'Appelez-moi au {}.', 'Tél. {}', 'Portable {} (le soir)']],
      ['ES', ['Mi teléfono es el {}.', 'Llámeme al {}.', 'Móvil: {}']],
      ['IT', ['Il mio telefono è {}.', 'Cellulare: {}', 'Chiamatemi al {}.']],
      ['NL', ['Mijn telefoonnummer is {}.', 'Bel mij op {}.', 'Mobiel: {}']],
      ['PL', ['Mój telefon to {}.', 'Tel. {}', 'Numer komórki: {}']],
      ['SE', ['Mitt telefonnummer är {}.', 'Mobil: {}', 'Ring mig på {}.']],
      ['PT', ['O meu telefone é {}.', 'Telemóvel: {}', 'Ligue-me para o {}.']],
      ['TR', ['Telefonum {}.', 'Cep: {}', 'Beni {} numarasından arayın.']],
    ] as const
  ).map(([country, sentences]) => ({
    label: 'PII/PHONE',
    family: 'pii/phone-national',
    make: phoneOf([country], false),
    count: 5,
    sentences,
  })),
  {
    label: 'PII/IP_ADDRESS',
    family: 'pii/ip-address',
    make: anyIp,
    count: 40,
    sentences: [
      'The last login came from {}.',
      'Blocked IP {} after five attempts.',
      '{} - - [03/Nov/2025:12:00:01 +0000] "GET / HTTP/1.1" 200 512',
      'Die Anmeldung kam von {}.',
      'Connexion depuis {} hier soir.',
      'client_ip={} status=403',
      'Customer IP: {}',
      'ssh root@{} refused',
      'Der Kunde surft mit {}.',
      'inicio de sesión desde {}',
    ],
  },
  {
    label: 'PII/MAC_ADDRESS',
    family: 'pii/mac-address',
    make: mac,
    count: 25,
    sentences: [
      'The router shows the device {}.',
      'MAC: {}',
      'dhcpd: DHCPACK on lease to {} via eth0',
      'Bitte geben Sie das Gerät {} frei.',
      "L'adresse physique est {}.",
      'device {} joined the network',
    ],
  },
  {
    label: 'PII/DATE_OF_BIRTH',
    family: 'pii/date-of-birth',
    make: englishDate,
    count: 30,
    sentences: [
      'She was born on {}.',
      'Date of birth: {}',
      'DOB {}, policy active.',
      'The patient, born {}, asked for a copy.',
      'My birthday is {} if you need to check.',
      '| Birth date | {} |',
      'I was born on {} in Leeds.',
      'd.o.b. {}',
    ],
  },
  {
    label: 'PII/DATE_OF_BIRTH',
    family: 'pii/date-of-birth',
    make: numericDate,
    count: 30,
    sentences: [
      'Geboren am {} in Kassel.',
      'Geburtsdatum: {}',
      'Né le {} à Lyon.',
      'Date de naissance : {}',
      'Fecha de nacimiento: {}',
      'Nací el {}.',
      'Data di nascita: {}',
      'Nato il {} a Torino.',
      'Geboortedatum {}',
      'Data urodzenia: {}',
      'Urodzona {} w Gdyni.',
      'Födelsedatum: {}',
      'Född {} i Malmö.',
      'Data de nascimento: {}',
      'Doğum tarihi: {}',
    ],
  },
  {
    label: 'PII/PASSPORT',
    family: 'pii/passport',
    make: passport,
    count: 36,
    sentences: [
      'My passport number is {}.',
      'Passport no. {}, valid until 2030.',
      'passport: {}',
      'Reisepassnummer: {}',
      'Mein Reisepass hat die Nummer {}.',
      'Numéro de passeport : {}',
      'Mi pasaporte es el {}.',
      'Numero di passaporto {}',
      'Paspoortnummer: {}',
      'Numer paszportu: {}',
      'Passnummer: {}',
      'Passaporte n.º {}',
      'Pasaport numaram {}',
    ],
  },
  {
    label: 'PII/DRIVING_LICENCE',
    family: 'pii/driving-licence',
    make: licence,
    count: 36,
    sentences: [
      "My driver's license number is {}.",
      'Driving licence: {}',
      'Driver license no. {} was used for the rental.',
      'DL number {}',
      'Führerscheinnummer: {}',
      'Mein Führerschein hat die Nummer {}.',
      'Numéro de permis de conduire : {}',
      'Permiso de conducir: {}',
      'Patente di guida n. {}',
      'Rijbewijsnummer {}',
      'Numer prawa jazdy: {}',
      'Körkortsnummer: {}',
      'Carta de condução: {}',
      'Ehliyet numaram {}',
    ],
  },
];

/** How a person introduces the national number of each country. */
const nationalSentences: Readonly<Record<string, readonly string[]>> = {
  GB_NHS: ['Her NHS number is {}.', 'NHS no: {}', 'Patient {} (NHS number) asked for a copy.'],
  GB_NINO: ['My national insurance number is {}.', 'NI number: {}', 'NINO {} was on the form.'],
  DE_TAX_ID: ['Meine Steuer-ID ist {}.', 'Steueridentifikationsnummer: {}', 'IdNr. {} laut Bescheid.'],
  FR_NIR: ['Mon numéro de sécurité sociale est {}.', 'NIR : {}', 'N° de sécurité sociale {}'],
  ES_DNI: ['Mi DNI es {}.', 'DNI: {}', 'con documento nacional de identidad {}'],
  ES_NIE: ['Mi NIE es {}.', 'NIE: {}', 'La titular, con NIE {}, firma aquí.'],
  IT_FISCAL_CODE: ['Il mio codice fiscale è {}.', 'C.F. {}', 'Codice fiscale: {}'],
  NL_BSN: ['Mijn BSN is {}.', 'Burgerservicenummer: {}', 'BSN {} staat op de brief.'],
  PL_PESEL: ['Mój PESEL to {}.', 'PESEL: {}', 'numer PESEL {}'],
  SE_PERSONAL_NUMBER: ['Mitt personnummer är {}.', 'Personnummer: {}', 'Kunden med personnummer {} ringde.'],
  FI_HETU: ['Henkilötunnukseni on {}.', 'Henkilötunnus: {}', 'HETU {}'],
  BE_NATIONAL_NUMBER: [
    'Mijn rijksregisternummer is {}.',
    'Numéro de registre national : {}',
    'Rijksregisternr. {}',
  ],
  PT_NIF: ['O meu NIF é {}.', 'NIF: {}', 'Contribuinte n.º {}'],
  BR_CPF: ['Meu CPF é {}.', 'CPF: {}', 'Cliente com CPF {} pediu reembolso.'],
  CA_SIN: ['My SIN is {}.', 'Social insurance number: {}', 'SIN {} on the T4 slip.'],
  AU_TFN: ['My tax file number is {}.', 'TFN: {}', 'Her TFN is {}.'],
  AU_MEDICARE: ['Medicare card number {}', 'My Medicare number is {}.', 'Medicare no. {}'],
  IN_AADHAAR: ['My Aadhaar number is {}.', 'Aadhaar: {}', 'Aadhaar no. {} was verified.'],
  CN_RESIDENT_ID: ['我的身份证号码是{}。', '身份证号：{}', 'The ID card number of the buyer is {}.'],
  JP_MY_NUMBER: ['マイナンバーは{}です。', '個人番号：{}', 'My Number (individual number): {}'],
  KR_RRN: ['주민등록번호는 {}입니다.', '주민등록번호: {}', 'Resident registration number {}'],
  TR_ID: ['TC kimlik numaram {}.', 'T.C. Kimlik No: {}', 'Kimlik numarası {} olan müşteri aradı.'],
  CH_AHV: ['Meine AHV-Nummer ist {}.', 'AHV-Nr. {}', 'Numéro AVS : {}'],
  NO_BIRTH_NUMBER: [
    'Fødselsnummeret mitt er {}.',
    'Fødselsnummer: {}',
    'Kunden med fødselsnummer {} ringte.',
  ],
  IE_PPS: ['My PPS number is {}.', 'PPSN: {}', 'PPS no. {}'],
};

export const nationalMaterials: readonly Material[] = Object.entries(nationalIds).map(([country, make]) => ({
  label: `PII/${country === 'ES_NIE' ? 'ES_DNI' : country}`,
  family: `pii/${country.toLowerCase().replaceAll('_', '-')}`,
  make,
  count: 6,
  sentences: nationalSentences[country] ?? [],
}));

/** Numbers that are only like personal data, and sentences in which nobody is meant by them. */
export const harmlessNumbers: readonly Omit<Material, 'label'>[] = [
  {
    family: 'pii/not-payment-card',
    make: (chance) => broken(paymentCard(chance)),
    count: 100,
    sentences: [
      'Order {} has been shipped.',
      'Your tracking number is {}.',
      'Parcel {} waits at the pick-up point.',
      'Ihre Sendungsnummer lautet {}.',
      'Numéro de commande {}',
      'El pedido {} ya ha salido.',
      'Serial number {} is not covered by the warranty.',
      'case #{} was closed',
      'batch={} rows=120',
      'Meter reading id {}',
    ],
  },
  {
    family: 'pii/not-iban',
    make: (chance) => broken(iban(chance)),
    count: 60,
    sentences: [
      'Part {} is out of stock.',
      'Voucher code {} has expired.',
      'The lot {} was checked in March.',
      'Artikel {} ist wieder lieferbar.',
      'Reference {} on the pallet label.',
      'Bon de livraison {}',
    ],
  },
  {
    family: 'pii/not-national-id',
    make: (chance) =>
      chance.filled(chance.one(['1########', '#########', '##########', '###########', '############'])),
    count: 120,
    sentences: [
      'Order number {} was delivered.',
      'Ticket {} is closed.',
      'Invoice {} is paid.',
      'Rechnung {} ist bezahlt.',
      'Commande {} expédiée.',
      'Factura {} pagada.',
      'SKU {} is back in stock.',
      'Bestelling {} is onderweg.',
      'Zamówienie {} wysłane.',
      'event_id={} ok',
      '{"order":"{}","state":"PAID"}',
      'Zaak {} is gesloten.',
      'Ärende {} är stängt.',
      'Sipariş {} kargoda.',
      'Pedido {} confirmado.',
      'Ordine {} spedito.',
      'Lot {} checked, 3 faults.',
    ],
  },
  {
    family: 'pii/not-phone',
    make: (chance) =>
      chance.filled(chance.one(['########', '2025####', '##-#####', '####-####', '###-######', '#######'])),
    count: 80,
    sentences: [
      'Order {} has left the warehouse.',
      'Your case number is {}.',
      'Article {} fits this model.',
      'Bestellnummer {}',
      'Numéro de dossier {}',
      'Pedido n.º {}',
      'Return label {} was printed.',
      'build {} passed',
      'the table has {} rows',
      'Vorgang {} wurde geschlossen.',
      'Ordine {} in lavorazione.',
      'ref {} | qty 4',
      'Sak {} er lukket.',
      'Numer paczki {}',
    ],
  },
  {
    family: 'pii/not-ip-address',
    make: (chance) =>
      `${chance.whole(1, 19)}.${chance.whole(0, 30)}.${chance.whole(0, 30)}.${chance.whole(0, 99)}`,
    count: 30,
    sentences: [
      'Please update the app to version {}.',
      'Firmware v{} fixes this.',
      'Fixed in release {}.',
      'Version {} ist da.',
      'La version {} corrige ce défaut.',
      'package-lock: left-pad@{}',
      'See section {} of the manual.',
    ],
  },
  {
    family: 'pii/not-ip-address',
    make: (chance) =>
      chance.one([
        '127.0.0.1',
        '192.0.2.17',
        '198.51.100.4',
        '203.0.113.99',
        '::1',
        '0.0.0.0',
        '255.255.255.0',
        '2001:db8::1',
      ]),
    count: 16,
    sentences: [
      'Open http://{}/ in your browser.',
      'The server listens on {} by default.',
      'In the manual the example uses {}.',
      'ping {} should answer',
    ],
  },
  {
    family: 'pii/not-mac-address',
    make: (chance) =>
      chance.one([
        chance.filled('##:##:##'),
        'ff:ff:ff:ff:ff:ff',
        '00:00:00:00:00:00',
        chance.filled('##-##-##-##'),
      ]),
    count: 16,
    sentences: [
      'The export finished after {}.',
      'broadcast to {}',
      'Signal code {} means all is well.',
      'Laufzeit {}',
    ],
  },
  {
    family: 'pii/not-ssn',
    make: (chance) =>
      chance.one([
        chance.filled('000-##-####'),
        chance.filled('666-##-####'),
        chance.filled('9##-00-####'),
        chance.filled('###-##-0000'),
        chance.filled('###-##-##-#'),
        chance.filled('####-##-##'),
      ]),
    count: 40,
    sentences: [
      'Part number {} is in stock.',
      'Filter {} fits your model.',
      'Catalogue no. {}',
      'Artikelnummer {}',
      'The code on the box reads {}.',
    ],
  },
  {
    family: 'pii/not-email',
    make: (chance) =>
      chance.one([
        'user@example.com',
        'you@example.org',
        'name@example.com',
        'your.name@example.com',
        'foo@bar.example',
        'username@example.net',
        'someone@domain.invalid',
      ]),
    count: 24,
    sentences: [
      'Write it like {}.',
      'Enter your address in the form {}.',
      'placeholder="{}"',
      'Format: {}',
      'Zum Beispiel {}.',
    ],
  },
  {
    family: 'pii/not-email',
    make: (chance) =>
      chance.one([
        '@kestrel on Mastodon',
        'npm install @nestjs/core@12.5.1',
        'meet @ 5 pm',
        '3 kg @ 2.50 EUR',
        'look at home.page for news',
        'git@v2 is a tag',
        'arrived at dawn. com on in',
        '@media (min-width: 40em)',
        '10 units @ 4.99',
        'the crew met at hotel. Net cost was low',
      ]),
    count: 20,
    sentences: ['{}', 'Note: {}', 'As agreed: {}.'],
  },
  {
    family: 'pii/not-date-of-birth',
    make: englishDate,
    count: 30,
    sentences: [
      'The order was placed on {}.',
      'Your contract began on {}.',
      'Our company was founded on {}.',
      'The manual was last revised on {}.',
      'The photo in the archive dates from {}.',
      'Release date: {}',
    ],
  },
  {
    family: 'pii/not-date-of-birth',
    make: numericDate,
    count: 20,
    sentences: [
      'Bestellt am {}.',
      'Livré le {}.',
      'Entregado el {}.',
      'Data dostawy: {}',
      'Leveransdatum {}',
      'Teslim tarihi: {}',
      'Data di consegna: {}',
    ],
  },
  {
    family: 'pii/not-passport',
    make: (chance) =>
      chance.one(['six months', '35 x 45 mm', 'page 2', '10 working days', 'two photos', '85.00 pounds']),
    count: 24,
    sentences: [
      'Your passport must be valid; the rule is {}.',
      'For a new passport allow for {}.',
      'Für den Reisepass gilt: {}.',
      'For the driving licence the office needs {}.',
      'Der Führerschein: {}.',
      'Le permis de conduire : {}.',
    ],
  },
  {
    family: 'pii/not-wallet',
    make: (chance) =>
      chance.one([
        chance.text('0123456789abcdef', 40),
        chance.text('0123456789abcdef', 64),
        chance.text('0123456789abcdef', 32),
      ]),
    count: 30,
    sentences: [
      'commit {}',
      'The SHA of the file is {}.',
      'ETag: "{}"',
      'md5/sha: {}',
      'Prüfsumme {}',
      'image digest sha256:{}',
    ],
  },
  {
    family: 'pii/not-wallet',
    make: uuid,
    count: 24,
    sentences: [
      'Request {} has been handled.',
      'Ihre Vorgangsnummer: {}',
      'trace_id={}',
      'Ticket {} is open.',
      'session {} ended',
    ],
  },
  {
    family: 'pii/not-mac-address',
    make: (chance) => chance.filled('##:1b:##:##:e#:##:0c:##:##:d#:##:##:##:9f:##:##'),
    count: 12,
    sentences: ['MD5 fingerprint: {}', 'The certificate {} is pinned.', 'ssh key {} was added', 'SHA1={}'],
  },
  {
    family: 'pii/not-ip-address',
    make: (chance) => chance.filled('#.#.#.#'),
    count: 30,
    sentences: [
      'Assembly Version={}, Culture=neutral',
      'Please upgrade to {} before Monday.',
      'Fixed in versions 9.1.0.2 and {}.',
      'Download agent-{}.jar from the portal.',
      'requires libfoo>={}',
      'See step {} of the manual.',
      'Driver {} is signed.',
    ],
  },
  {
    family: 'harmless/hash',
    make: (chance) => chance.filled('#f##b#c#d###e##a#4##9#c#1##f##d#e#a##'),
    count: 20,
    sentences: [
      'commit {}',
      'The digest is {}.',
      'etag: "{}"',
      'Objekt {} gespeichert',
      'trace {} took 4 ms',
    ],
  },
];
