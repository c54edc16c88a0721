import Sequencer from '@jest/test-sequencer';

/** Where files last for minutes, which no size tells. What comes last is waited for by one worker alone. */
const long = ['/test/fault/', '/test/e2e/fleet-'];

const isLong = ({ path }) => long.some((place) => path.includes(place));

/** Jest's order, by how long a file took or how large it is, behind the files that take longest. */
export default class LongestFirst extends Sequencer {
  /** @override */
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
