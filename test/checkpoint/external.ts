import t from 'tap';
import {
  externalCgroups,
  externalMounts,
  externalNamespaces,
  joinedNamespaces,
  parseCgroups,
  restoredCgroups,
  restoredMounts,
} from '../../src/checkpoint/external.ts';
import { parseMounts } from '../../src/linux/mountinfo.ts';

const namespaces = (...types: [string, string?][]) =>
  ({ linux: { namespaces: types.map(([type, path]) => ({ type, path })) } }) as Parameters<
    typeof externalNamespaces
  >[0];

t.test('what is mounted from the host has one name at the checkpoint and at the restore', async (t) => {
  const spec = { linux: { maskedPaths: ['/proc/kcore', '/proc/acpi'] } };
  const mounts = externalMounts(
    spec,
    [{ destination: '/data', source: '/srv/data' }],
    [{ path: '/dev/tty' }],
  );
  t.same(mounts, [
    { path: '/data', name: '/data', source: '/srv/data', onlyFile: false },
    { path: '/dev/tty', name: '/dev/tty', source: '/dev/tty', onlyFile: false },
    { path: '/proc/kcore', name: '/dev/null', source: '/dev/null', onlyFile: true },
    { path: '/proc/acpi', name: '/dev/null', source: '/dev/null', onlyFile: true },
  ]);
  t.same(restoredMounts(mounts), [
    'mnt[/data]:/srv/data',
    'mnt[/dev/tty]:/dev/tty',
    'mnt[/dev/null]:/dev/null',
  ]);
  t.same(externalMounts({}, [], []), []);
});

const MOUNTINFO = `21 1 0:19 / / rw - ext4 /dev/vda rw
30 21 0:25 / /sys/fs/cgroup ro - tmpfs cgroup rw
31 30 0:26 /a/b /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
32 30 0:27 /a/b /sys/fs/cgroup/systemd ro - cgroup cgroup rw,name=systemd
33 30 0:28 / /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids
`;

t.test('hierarchies of which the container sees its own part without a namespace', async (t) => {
  const mounts = parseMounts(MOUNTINFO);
  t.same(externalCgroups(namespaces(['pid']), mounts), [
    'mnt[/sys/fs/cgroup/cpu,cpuacct]:cgroup-cpu,cpuacct',
    'mnt[/sys/fs/cgroup/systemd]:cgroup-systemd',
    'mnt[/sys/fs/cgroup/pids]:cgroup-pids',
  ]);
  t.same(externalCgroups(namespaces(['cgroup']), mounts), [], 'with one they are filesystems like others');
  const own = '4:cpu,cpuacct:/x\n3:name=systemd:/x\n2:pids:/\n0::/x\n';
  t.same(
    restoredCgroups(own, {
      cpu: '/c/cpu/x',
      cpuacct: '/c/cpu/x',
      'name=systemd': '/c/systemd/x',
      '': '/c/u/x',
    }),
    ['mnt[cgroup-cpu,cpuacct]:/c/cpu/x', 'mnt[cgroup-systemd]:/c/systemd/x', 'mnt[cgroup-unified]:/c/u/x'],
  );
});

t.test('version 2 alone is shown as a whole', async (t) => {
  const mounts = parseMounts('31 30 0:26 / /sys/fs/cgroup ro master:8 - cgroup2 cgroup2 rw\n');
  t.same(externalCgroups(namespaces(), mounts), ['mnt[/sys/fs/cgroup]:cgroup-unified']);
  t.same(restoredCgroups('0::/a/b\n', { '': '/sys/fs/cgroup/a/b' }), ['mnt[cgroup-unified]:/sys/fs/cgroup']);
});

t.test('the cgroups of a process', async (t) => {
  t.same(parseCgroups('2:cpu,cpuacct:/a:b\n0::/\n'), [
    { controllers: 'cpu,cpuacct', path: '/a:b' },
    { controllers: '', path: '/' },
  ]);
});

t.test('namespaces that are joined by path', async (t) => {
  const spec = namespaces(['network', '/n'], ['pid', '/p'], ['uts', '/u'], ['ipc'], ['mount'], ['user', '']);
  t.same(externalNamespaces(spec), [
    { kind: 'net', path: '/n', key: 'extRootNetNS' },
    { kind: 'pid', path: '/p', key: 'extRootPidNS' },
  ]);
  t.same(joinedNamespaces(spec), [{ ns: 'uts', ns_file: '/u' }]);
  t.same(externalNamespaces(namespaces(['network'], ['pid'])), []);
});
