import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { findCriu, requireCriu, versionNumber } from '../../src/checkpoint/criu.ts';

t.test('versions as numbers', async (t) => {
  t.equal(versionNumber({ major_number: 3, minor_number: 17, sublevel: 1 }), 31701);
  t.equal(versionNumber({ major_number: 4, minor_number: 0 }), 40000);
  t.equal(
    versionNumber({ major_number: 3, minor_number: 17, gitid: 'v3.17-5' }),
    31800,
    'one on the way to the next',
  );
});

t.test('the first of the PATH that can be executed', async (t) => {
  const directory = t.testdir({ a: {}, b: { criu: '' }, c: { criu: '' } });
  const PATH = `relative::${directory}/a:${directory}/b:${directory}/c`;
  t.equal(findCriu({ PATH }), undefined);
  chmodSync(join(directory, 'c/criu'), 0o755);
  t.match(findCriu({ PATH }), { file: `${directory}/c/criu`, environment: { PATH } });
  t.equal(findCriu({}), undefined);
});

t.test('none, and one that is none', async (t) => {
  t.throws(() => requireCriu({ PATH: '/no/such' }), {
    code: 'CRIU_MISSING',
    message: 'no criu in the PATH "/no/such"',
    hint: /install/,
  });
  const directory = t.testdir();
  writeFileSync(join(directory, 'criu'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  t.throws(() => requireCriu({ PATH: directory }), {
    code: 'CRIU',
    message: /criu: it has ended before its time/,
  });
});
