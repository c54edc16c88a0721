import type { SafetyDetectorPort } from '../../ports/safety-detector.js';
import { KeywordDetector } from './keyword-detector.js';
import { PatternDetector } from './pattern-detector.js';
import { PersonalDataDetector } from './personal-data-detector.js';
import { SecretDetector } from './secret-detector.js';
import { TopicDetector } from './topic-detector.js';

/** The detectors that every output passes, in the order in which the gate asks them. */
export function safetyDetectors(): readonly SafetyDetectorPort[] {
  return [
    new SecretDetector(),
    new PersonalDataDetector(),
    new KeywordDetector(),
    new PatternDetector(),
    new TopicDetector(),
  ];
}
