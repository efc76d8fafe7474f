import t from 'tap';
import { exactJson } from '../../src/cli/exact-json.ts';

t.equal(
  exactJson({ a: 2n ** 64n - 1n, b: [1, -5n], c: '5' }),
  '{"a":18446744073709551615,"b":[1,-5],"c":"5"}',
);
