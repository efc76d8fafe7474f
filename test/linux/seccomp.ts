import t from 'tap';
import { allowSignalMask, answerKeyed, bpf, encodeFilter, newCallKey } from '../../src/linux/seccomp.ts';
import { runFilter } from '../../src/process/seccomp/bpf.ts';

t.test('instructions as the kernel has them', async (t) => {
  const bytes = encodeFilter([
    bpf.loadArchitecture,
    bpf.jumpIfEqual(0xc000003e, 1, 2),
    bpf.return(0x7fff0000),
  ]);
  t.equal(Buffer.from(bytes).toString('hex'), '200000000400000015000102' + '3e0000c0' + '060000000000ff7f');
});

t.test('some system calls are allowed to who has the key', async (t) => {
  const arm = process.arch === 'arm64';
  const architecture = arm ? 0xc00000b7 : 0xc000003e;
  const [read, write, capset] = arm ? [63, 64, 91] : [0, 1, 126];
  const key = [0x1234_5678_9abc, 0xf_edcb_a987_6543] as const;
  const [fifth, sixth] = key.map(BigInt) as [bigint, bigint];
  for (const names of [['capset'], ['read', 'capset'], ['capset', 'sendmsg', 'read']] as const) {
    const rule = answerKeyed(names, key);
    const good = { architecture, number: capset, args: [1n, 2n, 3n, 4n, fifth, sixth] };
    const others = [
      { ...good, architecture: 0x40000003 },
      { ...good, number: write },
      { ...good, args: [] },
      { ...good, args: [fifth, sixth] },
      ...[1n, -1n, 2n ** 32n, 2n ** 51n].flatMap((change) => [
        { ...good, args: [0n, 0n, 0n, 0n, fifth + change, sixth] },
        { ...good, args: [0n, 0n, 0n, 0n, fifth, sixth + change] },
      ]),
      { ...good, args: [0n, 0n, 0n, 0n, sixth, fifth] },
    ];
    t.equal(runFilter(rule, good), 0x7fff0000, names.join());
    t.equal(runFilter(rule, { ...good, number: read }), names.length > 1 ? 0x7fff0000 : 'next');
    for (const other of others) t.equal(runFilter(rule, other), 'next');
  }
});

t.test('no two keys are the same', async (t) => {
  const keys = Array.from({ length: 100 }, newCallKey);
  t.equal(new Set(keys.flat()).size, 200);
  for (const word of keys.flat()) t.ok(Number.isSafeInteger(word) && word >= 0);
});

t.test('a call chain may set its signal mask', async (t) => {
  const arm = process.arch === 'arm64';
  const mask = {
    architecture: arm ? 0xc00000b7 : 0xc000003e,
    number: arm ? 135 : 14,
    args: [2n, 77n, 0n, 8n],
  };
  t.equal(runFilter(allowSignalMask(), mask), 0x7fff0000);
  for (const other of [{ architecture: 0x40000003 }, { number: arm ? 134 : 13 }, { args: [0n] }])
    t.equal(runFilter(allowSignalMask(), { ...mask, ...other }), 'next');
});

t.test('a keyed call can be answered instead of made', async (t) => {
  const architecture = process.arch === 'arm64' ? 0xc00000b7 : 0xc000003e;
  const rule = answerKeyed(['write'], [1, 2], 0x50000);
  const number = process.arch === 'arm64' ? 64 : 1;
  t.equal(runFilter(rule, { architecture, number, args: [9n, 9n, 9n, 9n, 1n, 2n] }), 0x50000);
});
