import t from 'tap';
import { repeatedNames, syntaxError } from '../../src/spec/syntax-error.ts';

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
  t.match(syntaxError(text), { line, column, expected }, JSON.stringify(text));
}

/** A text → what stands there instead, and the usual mistake. */
const mistakes: [text: string, found: string, hint: RegExp | undefined][] = [
  ['', 'the end of the file', undefined],
  ['{"a":', 'the end of the file', undefined],
  ['{"a": 1 "b": 2}', '"\\""', undefined],
  ['\ufeff{}', '"\ufeff"', /byte order mark/],
  ['\ufffd\ufffd{\0}\0', '"\ufffd"', /save it as UTF-8/],
  ['{\0}\0', '"\\u0000"', /save it as UTF-8/],
  ['[1,]', '"]"', /comma before it is one too many/],
  ['{"a": 1,\n}', '"}"', /comma before it is one too many/],
  ['{} // end', '"//"', /no comments/],
  ['{\n# one\n}', '"#"', /no comments/],
  ['{/* one */}', '"/*"', /no comments/],
  ["{'a': 1}", '"\'"', /double quotes/],
  ['["a\tb"]', '"\\""', /this string has no end/],
  ['[True]', '"True"', /lower case/],
  ['[0x1f]', '"0x1f"', /decimal/],
  ['[+1]', '"+1"', /decimal/],
  ['[NaN]', '"NaN"', undefined],
];

for (const [text, found, hint] of mistakes) {
  const error = syntaxError(text);
  t.equal(error.found, found, JSON.stringify(text));
  t.match(error, { hint }, `hint of ${JSON.stringify(text)}`);
}

t.same(
  repeatedNames('{"a": {"b": 1,\n"b": 2}, "c": [{"b": 1}, {"b": 2}],\n\n"a": "a"}'),
  [
    { name: 'b', line: 2 },
    { name: 'a', line: 4 },
  ],
  'names that stand twice',
);
t.same(repeatedNames('{"a": {"a": ["a", "a"]}}'), []);
