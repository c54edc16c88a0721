/**
 * The version of the detectors, which every decision names: the beginning of the SHA-256 of their sources and of the
 * versions of the packages that they use. A test holds it to them and says what it has to be.
 */
export const detectorVersion = 'e86aaba73d72b25b';
