/**
 * The beginning of the SHA-256 of all sources that a decision is made by, and of the versions of the packages that they use. A
 * test holds it to them and says what it has to be.
 */
const sources = '9859899395c3a5a8';

/**
 * The version of the detectors, which every decision names: of what decides, and of the Unicode data of the runtime, by which
 * texts are brought into their plain form.
 */
export const detectorVersion = `${sources}-u${process.versions.unicode ?? '0'}`;
