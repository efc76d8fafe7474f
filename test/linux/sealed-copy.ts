import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sealedCopy } from '../../src/linux/sealed-copy.ts';

t.test('a sealed copy is the file, and cannot be changed', async (t) => {
  const path = join(t.testdir({ file: 'contents' }), 'file');
  using copy = sealedCopy(path, 0o711);
  const itself = `/proc/self/fd/${copy.number}`;
  t.equal(readFileSync(itself, 'utf8'), 'contents');
  t.equal(fstatSync(copy.number).mode & 0o777, 0o711);
  t.throws(() => writeSync(copy.number, 'x'), { code: 'EPERM' });
  t.throws(() => ftruncateSync(copy.number, 1), { code: 'EPERM' });
  const again = openSync(itself, 'r+');
  t.throws(() => writeSync(again, 'x'), { code: 'EPERM' }, 'nor by who opens it again');
  closeSync(again);
  writeFileSync(path, 'other');
  t.equal(readFileSync(itself, 'utf8'), 'contents', 'and does not change with it');
});
