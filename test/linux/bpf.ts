import t from 'tap';
import { loadDeviceProgram } from '../../src/linux/bpf.ts';

const needs = { skip: process.getuid?.() === 0 ? false : 'needs root' };
const EXIT = { code: 0x95, dst: 0, src: 0, off: 0, imm: 0 };
const ALLOW = { code: 0xb4, dst: 0, src: 0, off: 0, imm: 1 };

t.test('a program that the verifier takes', needs, async (t) => {
  using program = loadDeviceProgram([ALLOW, EXIT]);
  t.ok(program.number >= 0);
});

t.test('and one that it refuses, with its reason', needs, async (t) => {
  t.throws(() => loadDeviceProgram([EXIT]), {
    message: /^bpf: .*: the verifier says: .*R0 !read_ok/,
    errno: 'EACCES',
  });
});
