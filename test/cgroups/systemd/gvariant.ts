import t from 'tap';
import { parseGvariant } from '../../../src/cgroups/systemd/gvariant.ts';

const cases: [text: string, signature: string, value: unknown][] = [
  ['true', 'b', true],
  ['5', 'i', 5n],
  ['-0x10', 'i', -16n],
  ['uint64 123456789', 't', 123456789n],
  ['byte 0xff', 'y', 255n],
  ['1.5', 'd', 1.5],
  ['double 2', 'd', 2],
  ["'inactive-or-failed'", 's', 'inactive-or-failed'],
  ['"it\\\'s\\n"', 's', "it's\n"],
  ["objectpath '/a'", 'o', '/a'],
  ["['a', 'b']", 'as', ['a', 'b']],
  ['@as []', 'as', []],
  ['[uint32 1, 2]', 'au', [1n, 2n]],
  ['[byte 1, 0x02]', 'ay', [1n, 2n]],
  ["('x', uint64 5)", '(st)', ['x', 5n]],
  ["[('/dev/null', 'rw')]", 'a(ss)', [['/dev/null', 'rw']]],
  [' [ [1] , [2] ] ', 'aai', [[1n], [2n]]],
];
for (const [text, signature, value] of cases) t.same(parseGvariant(text), { signature, value }, text);

const wrong = [
  '',
  'foo',
  "'open",
  '[1, "a"]',
  '[]',
  '1 2',
  'uint32 -1',
  'byte 256',
  '2147483648',
  '(1',
  'int32 1.5',
];
for (const text of wrong) t.throws(() => parseGvariant(text), SyntaxError, text);
