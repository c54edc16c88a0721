import type { TextSegment } from '../../../models/output-text.js';
import type { PersonalDataType } from '../../../models/policy.js';
import type { ClaimOf } from '../claims.js';

/** A stretch of a segment's plain text that is personal data. */
export type Claim = ClaimOf<PersonalDataType>;

/** Finds one kind of personal data in a segment, in order, in time that grows linearly with the text. */
export type ClaimFinder = (segment: TextSegment) => Iterable<Claim>;
