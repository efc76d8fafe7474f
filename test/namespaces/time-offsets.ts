import t from 'tap';
import { timeOffsetsText } from '../../src/namespaces/time-offsets.ts';
import type { TimeOffsets } from '../../src/spec/config.ts';

t.test('the kernel’s text', async (t) => {
  t.equal(
    timeOffsetsText({ monotonic: { secs: -5, nanosecs: 7 }, boottime: { secs: 86400 } }),
    'monotonic -5 7\nboottime 86400 0\n',
  );
  t.equal(timeOffsetsText({}), '');
  const withMore = { boottime: { nanosecs: 5 }, tai: null } as TimeOffsets;
  t.equal(timeOffsetsText(withMore), 'boottime 0 5\n', 'unknown properties have no effect');
});
