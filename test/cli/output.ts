import t from 'tap';
import { table } from '../../src/cli/output.ts';

t.test('narrow columns are 12 wide, and the last one is not padded', async (t) => {
  t.equal(
    table([
      ['ID', 'PID', 'OWNER'],
      ['web1', '7', 'root'],
    ]),
    ['ID          PID         OWNER\n', 'web1        7           root\n'].join(''),
  );
});

t.test('a long cell widens its column, with 3 spaces after it', async (t) => {
  t.equal(
    table([
      ['ID', 'PID'],
      ['0123456789', '1'],
      ['0123456789abcdef', '2'],
    ]),
    ['ID                 PID\n', '0123456789         1\n', '0123456789abcdef   2\n'].join(''),
  );
});

t.test('9 letters fit into 12 columns, 10 do not', async (t) => {
  t.equal(table([['123456789', 'x']]), '123456789   x\n');
  t.equal(table([['1234567890', 'x']]), '1234567890   x\n');
});

t.test('letters are counted, not UTF-16 units', async (t) => {
  t.equal(table([['🐳', 'x']]), '🐳           x\n');
});

t.test('empty cells keep their place', async (t) => {
  t.equal(table([['', 'x']]), `${' '.repeat(12)}x\n`);
});
