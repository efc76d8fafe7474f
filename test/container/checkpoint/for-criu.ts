import { join } from 'node:path';
import t from 'tap';
import { makeForCriu, openForCriu } from '../../../src/container/checkpoint/for-criu.ts';

t.test('a directory that criu cannot be given', async (t) => {
  const directory = t.testdir({ file: '' });
  const failure = (option: string) => ({
    code: 'CRIU_IMAGE',
    field: option,
    message: new RegExp(`^${option}`),
  });
  t.throws(() => openForCriu('--work-path', join(directory, 'missing')), failure('--work-path'));
  t.throws(() => makeForCriu('--image-path', join(directory, 'file/below')), failure('--image-path'));
});
