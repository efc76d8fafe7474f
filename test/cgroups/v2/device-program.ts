import t from 'tap';
import { deviceProgram } from '../../../src/cgroups/v2/device-program.ts';
import type { DeviceRule } from '../../../src/spec/config.ts';

/** What the program answers, by a machine that knows the few instructions that it may have. */
function run(rules: DeviceRule[], type: 'b' | 'c', device: string, access: string): boolean {
  const program = deviceProgram(rules);
  if (program === undefined) return true;
  const [major = 0, minor = 0] = device.split(':').map(Number);
  const mask = [...access].reduce((sum, letter) => sum | ({ m: 1, r: 2, w: 4 }[letter] ?? 0), 0);
  const context = new Map([
    [0, type === 'b' ? 1 : 2],
    [2, mask],
    [4, major],
    [8, minor],
  ]);
  const r: number[] = Array(10).fill(0);
  for (let at = 0; ; at++) {
    const instruction = program[at];
    if (instruction === undefined) throw new Error(`no instruction ${at}`);
    const { code, dst, off, imm } = instruction;
    const value = r[dst] as number;
    if (code === 0x95) return r[0] === 1;
    else if (code === 0x61 || code === 0x69) r[dst] = context.get(off) as number;
    else if (code === 0xb4) r[dst] = imm;
    else if (code === 0x54) r[dst] = value & imm;
    else if (code === 0x05 || (code === 0x56 && value !== imm) || (code === 0x46 && value & imm)) at += off;
    else if (code !== 0x56 && code !== 0x46) throw new Error(`unknown code ${code}`);
  }
}

const char = (allow: boolean, major: number, minor: number, access = 'rwm'): DeviceRule => ({
  allow,
  type: 'c',
  major,
  minor,
  access,
});

t.test('no rules: the default devices only', async (t) => {
  for (const device of ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:2', '10:200', '136:0', '136:77'])
    t.ok(run([], 'c', device, 'rwm'), device);
  t.ok(run([], 'c', '1:11', 'm') && run([], 'b', '8:0', 'm'), 'any node can be made');
  t.notOk(run([], 'c', '1:11', 'r') || run([], 'b', '1:3', 'r') || run([], 'c', '10:229', 'w'));
  t.notOk(run([], 'c', '1:11', 'rm'), 'all that is asked for has to be allowed');
});

t.test('everything is allowed: no program', async (t) => {
  t.equal(deviceProgram([{ allow: false }, { allow: true, access: 'rwm' }]), undefined);
  t.equal(deviceProgram([{ allow: true }, char(true, 1, 3)]), undefined);
  t.not(deviceProgram([{ allow: true }, char(false, 1, 11)]), undefined);
});

t.test('what is taken out of everything', async (t) => {
  const rules = [{ allow: true }, char(false, 10, 237), char(false, 1, 3)];
  t.notOk(run(rules, 'c', '10:237', 'r') || run(rules, 'c', '10:237', 'm'), 'its node cannot be made either');
  t.ok(run(rules, 'c', '1:3', 'rw'), 'a default device');
  t.ok(run(rules, 'c', '10:238', 'rwm'));
});

t.test('what engines send', async (t) => {
  const rules = [{ allow: false, access: 'rwm' }, char(true, 10, 229, 'rwm'), char(true, 7, -1, 'r')];
  t.ok(run(rules, 'c', '10:229', 'rw'));
  t.ok(run(rules, 'c', '7:3', 'r'));
  t.notOk(run(rules, 'c', '7:3', 'rw') || run(rules, 'c', '10:230', 'r') || run(rules, 'b', '10:229', 'r'));
});

t.test('the last rule that speaks of a device decides', async (t) => {
  const hole = [char(true, 8, -1), char(false, 8, 3, 'w')];
  t.ok(run(hole, 'c', '8:3', 'r') && run(hole, 'c', '8:4', 'rw'));
  t.notOk(run(hole, 'c', '8:3', 'w') || run(hole, 'c', '8:3', 'rw'));
  const mended = [...hole, char(true, 8, 3, 'w')];
  t.ok(run(mended, 'c', '8:3', 'rw'));
  t.ok(
    run([char(true, 8, 0, 'r'), char(true, 8, -1, 'w')], 'c', '8:0', 'rw'),
    'each kind of access by its rule',
  );
  const all = [{ allow: true } as const, char(false, 1, -1)];
  t.notOk(run(all, 'c', '1:11', 'r'));
  t.ok(run(all, 'c', '1:3', 'rw') && run(all, 'c', '2:0', 'rw') && run(all, 'b', '1:11', 'rw'));
  t.notOk(run([char(true, 1, 11), { allow: false }], 'c', '1:11', 'r'), 'void');
});

t.test('no instruction is out of reach: the verifier would refuse the program', async (t) => {
  const program =
    deviceProgram([{ allow: true }, char(false, 1, -1), char(true, 1, 11, 'r'), char(false, 1, 12, 'w')]) ??
    [];
  const reached = new Set([0]);
  program.forEach(({ code, off }, at) => {
    if (!reached.has(at)) return;
    if (code === 0x56 || code === 0x46 || code === 0x05) reached.add(at + 1 + off);
    if (code !== 0x05 && code !== 0x95) reached.add(at + 1);
  });
  t.equal(reached.size, program.length);
});
