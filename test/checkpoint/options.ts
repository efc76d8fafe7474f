import t from 'tap';
import { requestFields } from '../../src/checkpoint/messages.ts';
import {
  configFile,
  type DumpFlags,
  dumpOptions,
  type RestoreFlags,
  restoreOptions,
} from '../../src/checkpoint/options.ts';
import { decode, encode } from '../../src/checkpoint/wire.ts';

const common = {
  imagePath: '/i',
  workPath: undefined,
  tcpEstablished: false,
  extUnixSk: false,
  shellJob: false,
  fileLocks: false,
  lazyPages: false,
  autoDedup: false,
  manageCgroupsMode: undefined,
};
const dumpFlags: DumpFlags = {
  ...common,
  parentPath: undefined,
  leaveRunning: false,
  tcpSkipInFlight: false,
  linkRemap: false,
  pageServer: undefined,
  statusFd: undefined,
  preDump: false,
};
const restoreFlags: RestoreFlags = {
  ...common,
  tcpClose: false,
  lsmProfile: undefined,
  lsmMountContext: undefined,
};
const place = { imagesFd: 9, workFd: undefined, configFile: undefined, external: ['mnt[/a]:/a'] };
const dump = (flags: Partial<DumpFlags>) =>
  dumpOptions({ ...dumpFlags, ...flags }, { ...place, pid: 7, rootfs: '/r', freezer: '/sys/fs/cgroup/x' });
const restore = (flags: Partial<RestoreFlags>) =>
  restoreOptions(
    { ...restoreFlags, ...flags },
    {
      ...place,
      root: '/s/c',
      cgroupRoots: [{ ctrl: '', path: '/x' }],
      joined: [{ ns: 'uts', ns_file: '/u' }],
      inherited: [{ key: 'pipe:[5]', fd: 1 }],
    },
  );

t.test('a dump without flags', async (t) => {
  t.match(dump({}), {
    images_dir_fd: 9,
    work_dir_fd: undefined,
    pid: 7,
    root: '/r',
    freeze_cgroup: '/sys/fs/cgroup/x',
    log_file: 'dump.log',
    manage_cgroups_mode: 6,
    leave_running: false,
    track_mem: undefined,
    external: ['mnt[/a]:/a'],
    empty_ns: 0x40000000,
    orphan_pts_master: true,
    notify_scripts: true,
  });
});

t.test('each flag is an option of criu', async (t) => {
  const flags: [Partial<DumpFlags>, object][] = [
    [{ tcpEstablished: true }, { tcp_established: true }],
    [{ extUnixSk: true }, { ext_unix_sk: true }],
    [{ shellJob: true }, { shell_job: true }],
    [{ fileLocks: true }, { file_locks: true }],
    [{ lazyPages: true }, { lazy_pages: true }],
    [{ autoDedup: true }, { auto_dedup: true }],
    [{ leaveRunning: true }, { leave_running: true }],
    [{ tcpSkipInFlight: true }, { tcp_skip_in_flight: true }],
    [{ linkRemap: true }, { link_remap: true }],
    [{ preDump: true }, { track_mem: true }],
    [{ parentPath: '../p' }, { parent_img: '../p', track_mem: true }],
    [{ pageServer: { address: '::1', port: 27 } }, { ps: { address: '::1', port: 27 } }],
    [{ manageCgroupsMode: 'ignore' }, { manage_cgroups_mode: 0 }],
    [{ manageCgroupsMode: 'soft' }, { manage_cgroups_mode: 3 }],
    [{ manageCgroupsMode: 'full' }, { manage_cgroups_mode: 4 }],
    [{ manageCgroupsMode: 'strict' }, { manage_cgroups_mode: 5 }],
  ];
  for (const [flag, option] of flags) t.same(dump(flag), { ...dump({}), ...option }, JSON.stringify(flag));
});

t.test('a restore', async (t) => {
  t.match(restore({}), {
    root: '/s/c',
    log_file: 'restore.log',
    rst_sibling: true,
    cg_root: [{ ctrl: '', path: '/x' }],
    join_ns: [{ ns: 'uts', ns_file: '/u' }],
    inherit_fd: [{ key: 'pipe:[5]', fd: 1 }],
    pid: undefined,
  });
  t.match(restore({ tcpClose: true }), { tcp_close: true });
  t.match(restore({ lsmProfile: 'apparmor:a', lsmMountContext: 'c' }), {
    lsm_profile: 'apparmor:a',
    lsm_mount_context: 'c',
  });
});

t.test('all of it can be encoded', async (t) => {
  const given = (value: object) => JSON.parse(JSON.stringify(value));
  for (const opts of [
    dump({ pageServer: { address: 'a', port: 1 } }),
    restore({ lsmProfile: 'apparmor:a' }),
  ]) {
    const request = { type: 1, opts };
    t.same(decode(requestFields, encode(requestFields, request)), given(request));
  }
});

t.test('the configuration file of criu', async (t) => {
  const annotated = (value: string) => ({ annotations: { 'org.criu.config': value } });
  const none = () => false;
  const runc = (path: string) => path === '/etc/criu/runc.conf';
  t.equal(configFile(annotated('/c'), none), '/c');
  t.equal(
    configFile(annotated(''), () => true),
    undefined,
    'none, said so',
  );
  t.equal(configFile({}, none), undefined);
  t.equal(configFile({}, runc), '/etc/criu/runc.conf');
  t.equal(
    configFile({ annotations: { a: 'b' } }, () => true),
    '/etc/criu/trunc.conf',
  );
});
