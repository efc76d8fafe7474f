import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inheritedPipes, readDescriptors, writeDescriptors } from '../../src/checkpoint/descriptors.ts';

t.test('what was written is read', async (t) => {
  const directory = t.testdir();
  const names = ['/dev/null', 'pipe:[77]', 'pipe:[78]'];
  writeDescriptors(directory, names);
  t.equal(readFileSync(join(directory, 'descriptors.json'), 'utf8'), '["/dev/null","pipe:[77]","pipe:[78]"]');
  t.same(readDescriptors(directory), names);
  t.same(inheritedPipes(names), [
    { key: 'pipe:[77]', fd: 1 },
    { key: 'pipe:[78]', fd: 2 },
  ]);
  t.same(inheritedPipes(['', '', '', 'pipe:[1]']), [], 'three at most');
});

t.test('what is no such list', async (t) => {
  const directory = t.testdir();
  t.throws(() => readDescriptors(directory), {
    errno: 'ENOENT',
    message: /holds no checkpoint: .*descriptors\.json: no such file/,
  });
  for (const text of ['{}', '[1]', 'null', '', '[']) {
    writeFileSync(join(directory, 'descriptors.json'), text);
    t.throws(() => readDescriptors(directory), { message: /descriptors\.json(:| is not valid JSON)/ }, text);
  }
});
