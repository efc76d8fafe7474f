import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { reasonIn, reasonInLog } from '../../src/checkpoint/log.ts';

const LOG = `(00.000000) Version: 3.17.1 (gitid 0)
(00.004155) vdso: Parsing at 7fff x
(00.004217) Error (criu/vdso.c:630): vdso: Unexpected rt vDSO area bounds
(00.004230) Warn  (criu/x.c:1): not so bad
(00.004240)     12: Error (criu/vdso.c:668): vdso: Failed to fill
(00.004250) Error (criu/vdso.c:668): vdso: Failed to fill
(00.004260) Error (criu/kerndat.c:1): third
(00.004270) Error (criu/cr-dump.c:1): fourth
`;

t.test('the first errors of the log, without times and places', async (t) => {
  t.equal(reasonIn(LOG), 'vdso: Unexpected rt vDSO area bounds; vdso: Failed to fill; third');
  t.equal(reasonIn('(00.1) fine\n'), undefined);
  t.equal(reasonIn(`(00.1) Error (a.c:1): ${'x'.repeat(1000)}\n`)?.length, 200);
});

t.test('a log that is not there says nothing', async (t) => {
  const file = join(t.testdir(), 'log');
  t.equal(reasonInLog(file), undefined);
  writeFileSync(file, LOG);
  t.match(reasonInLog(file), /^vdso: Unexpected/);
});
