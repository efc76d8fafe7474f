import t from 'tap';
import { readUser } from '../../src/cli/exec-user.ts';

t.test('numbers', async (t) => {
  t.same(readUser(undefined, []), { additionalGids: [] }, 'nothing is asked for');
  t.same(readUser('1', []), { uid: 1, additionalGids: [] });
  t.same(readUser('0', []), { uid: 0, additionalGids: [] });
  t.same(readUser('1:2', ['3', '0']), { uid: 1, gid: 2, additionalGids: [3, 0] });
  t.same(readUser('4294967294:0', []), { uid: 4294967294, gid: 0, additionalGids: [] });
});

t.test('everything else is refused, with what was found', async (t) => {
  const users = [
    '',
    ' ',
    ':',
    '1:',
    ':1',
    '01',
    '00',
    '1:02',
    ' 1',
    '1 ',
    '1a',
    'a',
    '-1',
    '+1',
    '0x1',
    '1e3',
    '1.0',
  ];
  const more = [
    '1:2:3',
    '1::',
    '4294967295',
    '4294967296',
    '99999999999999999999',
    '１',
    '1\n',
    'root',
    '0:wheel',
  ];
  for (const user of [...users, ...more]) {
    t.throws(
      () => readUser(user, []),
      {
        code: 'USER_INVALID',
        message: `--user: must be UID[:GID], numbers from 0 to 4294967294 without leading zeros, found ${JSON.stringify(user)}`,
      },
      JSON.stringify(user),
    );
  }
  for (const group of ['', '01', '1:2', 'x', '4294967295'])
    t.throws(() => readUser('1', [group]), {
      code: 'USER_INVALID',
      message: /^--additional-gids: must be a number from 0/,
    });
});
