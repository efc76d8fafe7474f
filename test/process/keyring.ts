import t from 'tap';
import { spareIds } from '../../src/process/keyring.ts';

t.test('ids whose quota nobody needs', async (t) => {
  const last16 = (last: number) => Array.from({ length: 16 }, (_, index) => last - index);
  t.same(spareIds('         0     100000      65536\n'), last16(65_535));
  t.same(
    spareIds('         0       1000          1\n         1     100000      65536\n'),
    last16(65_536),
    'the widest range',
  );
  t.same(spareIds('         0          0 4294967295\n'), last16(4_294_967_294), 'no user namespace');
  t.same(spareIds('         0       1000          1\n'), [], 'not root itself');
  t.same(spareIds('         0       1000          3\n'), [2, 1]);
});
