/** Loads and attaches filters on the version 2 hierarchy of this machine; needs root. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openCgroup } from '../../../src/cgroups/open.ts';
import { filterDevices } from '../../../src/cgroups/v2/devices.ts';
import {
  attachDeviceProgram,
  attachedDevicePrograms,
  loadDeviceProgram,
  replaceDeviceProgram,
} from '../../../src/linux/bpf.ts';
import { O_DIRECTORY, O_RDONLY, openPath } from '../../../src/linux/path.ts';
import type { DeviceRule } from '../../../src/spec/config.ts';

const isRoot = process.getuid?.() === 0;
const top = isRoot ? openCgroup({ cgroupsPath: '/x', id: 'x' }).paths['']?.replace(/\/x$/, '') : undefined;
const needs = { skip: top ? false : 'needs root and a mounted version 2' };
const nodes = mkdtempSync(join(tmpdir(), 'trunc-devices-'));
t.teardown(() => rmSync(nodes, { recursive: true }));

function cgroup(t: Test, name: string): string {
  const dir = `${top}/trunc-test-${process.pid}-${Date.now()}-${name}`;
  mkdirSync(dir);
  t.teardown(() => rmdirSync(dir));
  return dir;
}

/** The exit status of a shell that runs `script` in the cgroup. */
function inside(dir: string, script: string): number | null {
  return spawnSync('/bin/sh', ['-c', `echo $$ > ${dir}/cgroup.procs && { ${script}; } 2>/dev/null`]).status;
}

function programs(dir: string): number {
  using directory = openPath(dir, O_RDONLY | O_DIRECTORY);
  const programs = attachedDevicePrograms(directory);
  for (const program of programs) program.close();
  return programs.length;
}

const kmsg = (allow: boolean, access: string): DeviceRule => ({
  allow,
  type: 'c',
  major: 1,
  minor: 11,
  access,
});

t.test('a filter holds for who is inside, and is replaced', needs, async (t) => {
  const dir = cgroup(t, 'filter');
  const node = join(nodes, 'kmsg');
  filterDevices(dir, [{ allow: false, access: 'rwm' }]);
  t.equal(programs(dir), 1);
  t.equal(inside(dir, 'echo > /dev/null && exec 3< /dev/zero'), 0, 'the default devices');
  t.equal(inside(dir, `mknod ${node} c 1 11`), 0, 'a node can be made');
  t.not(inside(dir, `exec 3< ${node}`), 0, 'but not used');
  t.equal(spawnSync('/bin/sh', ['-c', `exec 3< ${node}`]).status, 0, 'not outside');

  filterDevices(dir, [{ allow: false }, kmsg(true, 'r')]);
  t.equal(programs(dir), 1, 'one program');
  t.equal(inside(dir, `exec 3< ${node}`), 0);
  t.not(inside(dir, `exec 3> ${node}`), 0, 'read-only');

  filterDevices(dir, [{ allow: true }, kmsg(false, 'r')]);
  t.not(inside(dir, `exec 3< ${node}`), 0, 'everything but this');
  filterDevices(dir, [{ allow: true }]);
  t.equal(programs(dir), 0);
  t.equal(inside(dir, `exec 3<> ${node}`), 0, 'everything');
});

t.test(
  'while it is replaced, what both allow is allowed, and what both refuse is refused',
  needs,
  async (t) => {
    const dir = cgroup(t, 'replaced');
    const fuse = { allow: true, type: 'c', major: 10, minor: 229, access: 'r' } as const;
    const rules = [[{ allow: false }], [{ allow: false }, fuse], [{ allow: true }, kmsg(false, 'rw')]];
    filterDevices(dir, rules[0] as DeviceRule[]);
    const node = join(nodes, 'kmsg-again');
    spawnSync('mknod', [node, 'c', '1', '11']);
    const [stop, count] = [join(nodes, 'stop'), join(nodes, 'count')];
    writeFileSync(count, '');
    const script = `echo $$ > ${dir}/cgroup.procs; n=0
    until [ -e ${stop} ]; do
      n=$((n+1)); (exec 3</dev/zero) || echo refused; (exec 3<${node}) 2>/dev/null && echo allowed; echo $n >${count}
    done`;
    const child = spawn('/bin/sh', ['-c', script]);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    let replaced = 0;
    const tried = () => Number(readFileSync(count, 'utf8'));
    for (const end = Date.now() + 1000; Date.now() < end || replaced < 20 || tried() < 20; replaced += 1) {
      filterDevices(dir, rules[replaced % rules.length] as DeviceRule[]);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    writeFileSync(stop, '');
    await once(child, 'close');
    t.equal(output, '', `${replaced} filters, tried ${tried()} times`);
    t.equal(programs(dir), 1);
  },
);

t.test('in the place of another filter, in one step', needs, async (t) => {
  const dir = cgroup(t, 'step');
  const answer = { code: 0xb4, dst: 0, src: 0, off: 0, imm: 1 };
  const program = () => loadDeviceProgram([answer, { ...answer, code: 0x95, imm: 0 }]);
  using directory = openPath(dir, O_RDONLY | O_DIRECTORY);
  using first = program();
  using second = program();
  attachDeviceProgram(directory, first);
  t.equal(replaceDeviceProgram(directory, first, second), true);
  t.equal(programs(dir), 1);
  t.equal(replaceDeviceProgram(directory, first, second), false, 'which is no longer there');
});

t.test('many rules', needs, async (t) => {
  const dir = cgroup(t, 'many');
  const rules = Array.from(
    { length: 1000 },
    (_, minor): DeviceRule => ({
      allow: minor % 2 === 0,
      type: 'b',
      major: 300,
      minor,
      access: minor % 3 ? 'r' : 'rwm',
    }),
  );
  filterDevices(dir, [...rules, kmsg(true, 'w')]);
  t.equal(inside(dir, `exec 3> ${join(nodes, 'kmsg')}`), 0);
});

t.test('no cgroup', needs, async (t) => {
  t.throws(() => filterDevices(nodes, []), {
    code: 'CGROUP_DEVICES',
    field: 'linux.resources.devices',
    message: new RegExp(`^linux.resources.devices: filter devices of cgroup ${nodes}: `),
  });
  t.throws(() => filterDevices(`${nodes}/none`, []), { code: 'CGROUP_DEVICES', errno: 'ENOENT' });
});
