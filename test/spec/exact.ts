import t from 'tap';
import type { Seccomp } from '../../src/spec/config.ts';
import { exactSeccomp } from '../../src/spec/exact.ts';

const text = (value: string, more = '') =>
  `{"x": [1234567890123456789.5, -12345678901234567890, 1e300], "y": "a \\" : 12345678901234567890 \\\\", ${more}
  "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["dup"], "action": "SCMP_ACT_KILL",
  "args": [{"index": 0, "value": ${value}, "valueTwo":0, "op": "SCMP_CMP_EQ"}]}]}}}`;

function valueIn(document: string): unknown {
  const { linux } = JSON.parse(document) as { linux: { seccomp: Seccomp } };
  return exactSeccomp(linux.seccomp, document)?.syscalls?.[0]?.args?.[0]?.value;
}

t.test('numbers that no double can hold', async (t) => {
  for (const value of ['18446744073709551615', '18446744073709551614', '9007199254740993'])
    t.equal(valueIn(text(value)), value);
  for (const value of ['0', '4294967295', '9007199254740991']) t.equal(valueIn(text(value)), Number(value));
});

t.test('no profile, or one that needs no second look', async (t) => {
  t.equal(exactSeccomp(undefined, ''), undefined);
  const seccomp: Seccomp = { defaultAction: 'SCMP_ACT_LOG' };
  t.equal(exactSeccomp(seccomp, ''), seccomp);
});
