import type { Run } from '../../../models/long-runs.js';
import type { TextSegment } from '../../../models/output-text.js';
import type { PersonalDataType } from '../../../models/policy.js';
import type { ClaimOf } from '../claims.js';

/** A stretch of a segment's plain text that is personal data. */
export type Claim = ClaimOf<PersonalDataType>;

/**
 * Finds one kind of personal data in a segment, in order, in time that grows linearly with the text. The segment's runs of
 * digits are found once for all that begin to look at them.
 */
export type ClaimFinder = (segment: TextSegment, digits: readonly Run[]) => Iterable<Claim>;
