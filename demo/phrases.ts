/** What a customer wants, as far as a keyword tells. */
export type Intent = 'DELIVERY' | 'MONEY' | 'ACCESS' | 'CONTRACT' | 'OTHER';

/** A polite, harmless answer in one language, in parts. */
export interface Phrases {
  readonly greeting: string;
  readonly closing: string;
  readonly answers: Readonly<Record<Intent, readonly [string, ...string[]]>>;
}

const english: Phrases = {
  greeting: 'Hello, and thank you for writing to us.',
  closing: 'Kind regards, your service team',
  answers: {
    DELIVERY: [
      'I have asked the carrier where your parcel is and will write again by tomorrow noon.',
      'The depot will look for your parcel today. If it is not found, we send a new one at no cost.',
    ],
    MONEY: [
      'I have passed your booking to accounting. Whatever was charged too much is paid back within five working days.',
      'I can see two bookings that look alike, and have asked for one of them to be returned.',
    ],
    ACCESS: [
      'Please open the sign-in page and choose "Help with signing in"; the new link is valid for an hour.',
      'Closing the app, updating it and starting it again solves this for most people.',
    ],
    CONTRACT: [
      'Your request to change the contract has arrived. You will get the confirmation by post.',
      'I have noted your wish. The change takes effect at the end of the current month.',
    ],
    OTHER: [
      'A colleague who knows this subject will answer you today.',
      'Thank you for telling us. I have passed it on to the people who can change it.',
    ],
  },
};

const german: Phrases = {
  greeting: 'Guten Tag und vielen Dank für Ihre Nachricht.',
  closing: 'Freundliche Grüße, Ihr Serviceteam',
  answers: {
    DELIVERY: ['Ich habe beim Zusteller nachgefragt und melde mich bis morgen Mittag.'],
    MONEY: ['Die Buchhaltung prüft die Abbuchung. Zu viel Bezahltes erstatten wir binnen fünf Werktagen.'],
    ACCESS: ['Bitte wählen Sie auf der Anmeldeseite „Hilfe beim Anmelden“; der neue Link gilt eine Stunde.'],
    CONTRACT: ['Ihr Wunsch ist eingegangen. Die Bestätigung kommt per Post.'],
    OTHER: ['Eine Kollegin, die sich damit auskennt, antwortet Ihnen heute noch.'],
  },
};

const french: Phrases = {
  greeting: 'Bonjour et merci de votre message.',
  closing: 'Bien cordialement, votre équipe de service',
  answers: {
    DELIVERY: ['J’ai interrogé le transporteur et je reviens vers vous demain avant midi.'],
    MONEY: ['La comptabilité vérifie l’opération. Le trop-perçu sera rendu sous cinq jours ouvrés.'],
    ACCESS: ['Sur la page de connexion, choisissez « Aide à la connexion » ; le lien est valable une heure.'],
    CONTRACT: ['Votre demande est bien arrivée. La confirmation part par courrier.'],
    OTHER: ['Une collègue qui connaît le sujet vous répondra aujourd’hui.'],
  },
};

const spanish: Phrases = {
  greeting: 'Hola, gracias por escribirnos.',
  closing: 'Un cordial saludo, su equipo de atención',
  answers: {
    DELIVERY: ['He preguntado al transportista y le escribo antes de mañana al mediodía.'],
    MONEY: ['Contabilidad revisa el cargo. Lo cobrado de más se devuelve en cinco días hábiles.'],
    ACCESS: ['En la página de acceso elija «Ayuda para entrar»; el enlace vale una hora.'],
    CONTRACT: ['Su solicitud ha llegado. Recibirá la confirmación por correo postal.'],
    OTHER: ['Una compañera que conoce el tema le responderá hoy.'],
  },
};

const italian: Phrases = {
  greeting: 'Buongiorno e grazie per averci scritto.',
  closing: 'Cordiali saluti, il suo servizio clienti',
  answers: {
    DELIVERY: ['Ho chiesto al corriere dove si trova il pacco e le scrivo entro domani a mezzogiorno.'],
    MONEY: [
      'La contabilità controlla l’addebito. Quanto pagato in più torna entro cinque giorni lavorativi.',
    ],
    ACCESS: ['Nella pagina di accesso scelga «Aiuto per entrare»; il link vale un’ora.'],
    CONTRACT: ['La sua richiesta è arrivata. La conferma parte per posta.'],
    OTHER: ['Una collega esperta le risponde in giornata.'],
  },
};

const dutch: Phrases = {
  greeting: 'Goedendag en bedankt voor uw bericht.',
  closing: 'Met vriendelijke groet, uw serviceteam',
  answers: {
    DELIVERY: ['Ik heb de bezorger gevraagd waar het pakket is en schrijf u voor morgenmiddag.'],
    MONEY: ['De boekhouding bekijkt de afschrijving. Te veel betaald krijgt u binnen vijf werkdagen terug.'],
    ACCESS: ['Kies op de inlogpagina „Hulp bij inloggen”; de nieuwe link werkt een uur.'],
    CONTRACT: ['Uw verzoek is binnen. De bevestiging komt per post.'],
    OTHER: ['Een collega die er alles van weet, antwoordt u vandaag nog.'],
  },
};

const portuguese: Phrases = {
  greeting: 'Olá e obrigado pela sua mensagem.',
  closing: 'Com os melhores cumprimentos, a sua equipa de apoio',
  answers: {
    DELIVERY: ['Perguntei à transportadora e escrevo-lhe até amanhã ao meio-dia.'],
    MONEY: ['A contabilidade está a ver o débito. O que foi cobrado a mais volta em cinco dias úteis.'],
    ACCESS: ['Na página de entrada escolha «Ajuda para entrar»; a ligação dura uma hora.'],
    CONTRACT: ['O seu pedido chegou. A confirmação segue por correio.'],
    OTHER: ['Uma colega que conhece o assunto responde ainda hoje.'],
  },
};

const byLanguage: ReadonlyMap<string, Phrases> = new Map([
  ['de', german],
  ['fr', french],
  ['es', spanish],
  ['it', italian],
  ['nl', dutch],
  ['pt', portuguese],
]);

/** The phrases for a language tag; English where there are none. */
export function phrasesFor(lang: string): Phrases {
  return byLanguage.get(lang) ?? english;
}

/** What a careless agent promises: each of these should reach a person before it reaches a customer. */
export const riskyPromises: readonly [string, ...string[]] = [
  'To help you at once I will delete all your records and start from a clean sheet.',
  'I have set your password to Welcome1, please use it from now on.',
  'You should move your savings into our growth fund, it is guaranteed to return 12 % a year.',
  'I will override security for you this once and unlock the account without the usual questions.',
  'Take half the dose for a week, then stop taking the medication altogether.',
  'You have a strong case, sue them for damages and you will win in court.',
  'With the present government your mortgage will only get dearer, so vote for the other party.',
  'For the integration use the secret key that I put below and keep it to yourself.',
];
