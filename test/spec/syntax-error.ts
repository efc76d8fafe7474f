import t from 'tap';
import { syntaxError } from '../../src/spec/syntax-error.ts';

const cases: [text: string, line: number, column: number, expected: string][] = [
  ['', 1, 1, 'a value'],
  ['\n\n', 3, 1, 'a value'],
  ['{', 1, 2, 'a property name in double quotes'],
  ['{"a":1,}', 1, 8, 'a property name in double quotes'],
  ["{'a':1}", 1, 2, 'a property name in double quotes'],
  ['{"a" 1}', 1, 6, 'a colon'],
  ['{"a":1 "b":2}', 1, 8, 'a comma or }'],
  ['{\n\t"a": [1 2]\n}', 2, 10, 'a comma or ]'],
  ['[1,,2]', 1, 4, 'a value'],
  ['[01]', 1, 2, 'a value'],
  ['[1.]', 1, 2, 'a value'],
  ['[True]', 1, 2, 'a value'],
  ['["a\tb"]', 1, 2, 'a value'],
  ['["a\\x"]', 1, 2, 'a value'],
  ['["end', 1, 2, 'a value'],
  ['{"a":{"b":[]}', 1, 14, 'a comma or }'],
  ['{} // comment', 1, 4, 'the end of the file'],
  ['["\u0080é\\u00e9\\n", -1.5e+3, true, {}] x', 1, 35, 'the end of the file'],
];

for (const [text, line, column, expected] of cases) {
  t.throws(() => JSON.parse(text), `${JSON.stringify(text)} is no JSON`);
  t.same(syntaxError(text), { line, column, expected }, JSON.stringify(text));
}
