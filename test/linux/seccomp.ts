import t from 'tap';
import { allowCapset, bpf, encodeFilter } from '../../src/linux/seccomp.ts';
import { runFilter } from '../../src/process/seccomp/bpf.ts';

t.test('instructions as the kernel has them', async (t) => {
  const bytes = encodeFilter([
    bpf.loadArchitecture,
    bpf.jumpIfEqual(0xc000003e, 1, 2),
    bpf.return(0x7fff0000),
  ]);
  t.equal(Buffer.from(bytes).toString('hex'), '200000000400000015000102' + '3e0000c0' + '060000000000ff7f');
});

t.test('capset is allowed by its addresses only', async (t) => {
  const arm = process.arch === 'arm64';
  const [architecture, number] = arm ? [0xc00000b7, 91] : [0xc000003e, 126];
  const [header, data] = [0x7f12_3456_7000, 0x7f12_3456_7040];
  const rule = allowCapset(header, data);
  const good = { architecture, number, args: [BigInt(header), BigInt(data)] };
  t.equal(runFilter(rule, good), 0x7fff0000);
  const others = [
    { ...good, architecture: 0x40000003 },
    { ...good, number: 1 },
    { ...good, args: [BigInt(header) + 1n, BigInt(data)] },
    { ...good, args: [BigInt(header), BigInt(data) + 64n] },
    { ...good, args: [BigInt(header) + 2n ** 32n, BigInt(data)] },
    { ...good, args: [BigInt(header), BigInt(data) + 2n ** 32n] },
    { ...good, args: [BigInt(data), BigInt(header)] },
  ];
  for (const other of others) t.equal(runFilter(rule, other), 'next');
});
