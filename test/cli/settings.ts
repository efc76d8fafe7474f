import { statSync } from 'node:fs';
import t from 'tap';
import { parse } from '../../src/cli/parse.ts';
import { countListenFds, readSettings, systemdOptions } from '../../src/cli/settings.ts';

function settings(line: string[], environment: NodeJS.ProcessEnv = {}, uid?: number) {
  return readSettings(parse([...line, 'list']).globals, environment, uid);
}

t.test('defaults', async (t) => {
  t.match(settings([]), {
    root: '/run/trunc',
    rootGiven: false,
    systemdCgroup: false,
    rootless: 'auto',
    listenFds: 0,
  });
});

t.test('options', async (t) => {
  t.match(settings(['--root', '/x/../y/']), { root: '/y', rootGiven: true });
  t.match(settings(['--root', 'here']), { root: `${process.cwd()}/here` });
  t.match(settings(['--rootless=true', '--systemd-cgroup']), { rootless: true, systemdCgroup: true });
  t.match(settings(['--cgroup-manager', 'systemd']), { systemdCgroup: true, noCgroup: false });
  t.match(settings(['--cgroup-manager=disabled']), { systemdCgroup: false, noCgroup: true });
  t.match(settings(['--cgroup-manager=cgroupfs']), { systemdCgroup: false, noCgroup: false });
  t.match(settings(['--rootless=false']), { rootless: false });
  for (const root of ['/', '', '//', '/x/..']) {
    t.throws(() => settings(['--root', root]), { code: 'ROOT_INVALID' }, `--root "${root}"`);
  }
});

t.test('root in $XDG_RUNTIME_DIR', async (t) => {
  const XDG_RUNTIME_DIR = t.testdir({});
  t.equal(settings([], { XDG_RUNTIME_DIR }, 1000).root, `${XDG_RUNTIME_DIR}/trunc`);
  t.equal(statSync(`${XDG_RUNTIME_DIR}/trunc`).mode & 0o7777, 0o1700, 'sticky, so that cleaners spare it');
  t.equal(settings([], { XDG_RUNTIME_DIR: '' }, 1000).root, '/run/trunc');
  t.equal(settings(['--root', '/r'], { XDG_RUNTIME_DIR }, 1000).root, '/r');
  t.throws(() => settings([], { XDG_RUNTIME_DIR: '/proc/nonexistent' }, 1000), {
    message: /^\$XDG_RUNTIME_DIR: /,
  });
  t.equal(settings([], { XDG_RUNTIME_DIR, USER: 'root' }, 0).root, '/run/trunc');
});

t.test('where systemd is', async (t) => {
  t.same(systemdOptions({}, false), {
    user: false,
    addresses: [
      { address: 'unix:path=/run/dbus/system_bus_socket', peer: false },
      { address: 'unix:path=/run/systemd/private', peer: true },
    ],
    timeoutMs: 30_000,
  });
  const environment = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/bus', TRUNC_SYSTEMD_TIMEOUT: '0.5' };
  t.match(systemdOptions(environment, false), { addresses: [{ address: 'unix:path=/bus' }], timeoutMs: 500 });
  t.match(systemdOptions({ XDG_RUNTIME_DIR: '/run/user/7' }, true), {
    user: true,
    addresses: [
      { address: 'unix:path=/run/user/7/bus' },
      { address: 'unix:path=/run/user/7/systemd/private' },
    ],
  });
  t.equal(systemdOptions({ TRUNC_SYSTEMD_TIMEOUT: 'soon' }, false).timeoutMs, 30_000, 'no number');
});

t.test('sockets of socket activation', async (t) => {
  t.equal(countListenFds({}, 7), 0);
  t.equal(countListenFds({ LISTEN_FDS: '2' }, 7), 0, 'meant for nobody');
  t.equal(countListenFds({ LISTEN_FDS: '2', LISTEN_PID: '7' }, 7), 2);
  t.equal(countListenFds({ LISTEN_FDS: '2', LISTEN_PID: '8' }, 7), 0, 'meant for another process');
  t.equal(countListenFds({ LISTEN_FDS: '-2', LISTEN_PID: '7' }, 7), 0);
  t.equal(countListenFds({ LISTEN_FDS: 'x', LISTEN_PID: '7' }, 7), 0);
});
