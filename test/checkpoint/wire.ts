import t from 'tap';
import { decode, encode } from '../../src/checkpoint/wire.ts';

const inner = { name: [1, 'string'] } as const;
const fields = {
  number: [1, 'int'],
  text: [2, 'string'],
  part: [3, inner],
  truth: [4, 'bool'],
  parts: [16, [inner]],
  texts: [37, ['string']],
} as const;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

t.test('the examples of the format', async (t) => {
  // https://protobuf.dev/programming-guides/encoding
  t.equal(hex(encode(fields, { number: 150 })), '089601');
  t.equal(hex(encode(fields, { text: 'testing' })), '120774657374696e67');
  t.equal(hex(encode({ c: [3, { a: [1, 'int'] }] }, { c: { a: 150 } })), '1a03089601');
  t.equal(hex(encode(fields, { number: -2 })), '08feffffffffffffffff01');
});

t.test('what was encoded is decoded', async (t) => {
  for (const message of [
    {},
    { number: 0 },
    { number: -1 },
    { number: 0x40000000, truth: false },
    { text: '', truth: true },
    { text: 'ü'.repeat(100), part: { name: 'x' } },
    { part: {}, parts: [{ name: 'a' }, {}, { name: 'b' }], texts: ['one', '', 'three'] },
  ]) {
    t.same(decode(fields, encode(fields, message)), message, JSON.stringify(message));
  }
  t.equal(hex(encode(fields, { text: undefined, number: 1 })), '0801', 'nothing of what is undefined');
});

t.test('unknown fields are passed over, of every type', async (t) => {
  const unknown = ['f80107', 'f9010102030405060708', 'fa0103616263', 'fd0101020304'];
  for (const text of unknown)
    t.same(decode(fields, bytes(`0801 ${text} 2001`)), { number: 1, truth: true }, text);
});

t.test('what is no message', async (t) => {
  for (const text of [
    '08',
    '0880',
    '12',
    '1205 61',
    '08 ffffffffffffffffffffff',
    '0b',
    '0a0161',
    '1001',
    '1a020a05',
    '12ffffffffffffffffff01',
  ]) {
    t.throws(() => decode(fields, bytes(text)), { code: 'PROTOCOL', message: /^malformed message: / }, text);
  }
});
