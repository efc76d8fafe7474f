import t from 'tap';
import { parseIdList } from '../../src/spec/id-list.ts';

t.test('lists', async (t) => {
  t.same(parseIdList('0'), [[0, 0]]);
  t.same(parseIdList('0-3,7'), [
    [0, 3],
    [7, 7],
  ]);
  t.same(parseIdList(' 4 , 6 - 6 '), [
    [4, 4],
    [6, 6],
  ]);
});

t.test('what is none', async (t) => {
  for (const text of ['', ' ', ',', '1,', '-1', '1-', '3-1', '1-2-3', 'all', '0x1', '1.5', '1e1', '+1'])
    t.equal(parseIdList(text), undefined, JSON.stringify(text));
});
