import t from 'tap';
import { complete } from '../fixtures/good-configs.ts';
import { missingIn } from '../helpers/schema.ts';

t.same(
  missingIn(complete, 'config.json'),
  // There is no such flag yet; the others are for other platforms.
  ['linux.personality.flags[]', 'freebsd', 'solaris', 'vm', 'windows', 'zos'],
  'the sample has every property for Linux, and every list has an entry',
);
t.same(missingIn(complete.process, 'process.json'), [], 'and so what exec may be given');
t.same(missingIn(complete.linux.resources, 'resources.json'), [], 'and what update may be given');
