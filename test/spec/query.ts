import t from 'tap';
import type { Linux } from '../../src/spec/config.ts';
import { delegatesCgroup, hasNew, namespaceOf, rootfsPath } from '../../src/spec/query.ts';

t.test('namespaces', async (t) => {
  const namespaces: Linux['namespaces'] = [
    { type: 'pid' },
    { type: 'network', path: '/run/netns/x' },
    { type: 'ipc', path: '' },
  ];
  const spec = { linux: { namespaces } };
  t.same(namespaceOf(spec, 'network'), { type: 'network', path: '/run/netns/x' });
  t.equal(namespaceOf(spec, 'user'), undefined);
  t.equal(namespaceOf({}, 'user'), undefined);
  t.same(
    (['pid', 'network', 'ipc', 'user'] as const).map((type) => hasNew(spec, type)),
    [true, false, true, false],
  );
});

t.test('rootfsPath', async (t) => {
  t.equal(rootfsPath({ root: { path: 'rootfs' } }, '/b'), '/b/rootfs');
  t.equal(rootfsPath({ root: { path: './x/../rootfs/' } }, '/b'), '/b/rootfs');
  t.equal(rootfsPath({ root: { path: '/srv/root' } }, '/b'), '/srv/root');
});

t.test('a cgroup is handed over where it can be written to and shows nothing of the host', async (t) => {
  const linux: Linux = { namespaces: [{ type: 'cgroup' }] };
  const mount = {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['rw', 'nosuid'],
  };
  t.equal(delegatesCgroup({ linux, mounts: [mount] }), true);
  t.equal(delegatesCgroup({ linux, mounts: [{ ...mount, options: ['ro'] }] }), false);
  t.equal(delegatesCgroup({ linux, mounts: [{ ...mount, destination: '/cgroup' }] }), false);
  t.equal(delegatesCgroup({ linux, mounts: [{ ...mount, source: 'cgroup2' }] }), false);
  t.equal(delegatesCgroup({ linux }), false);
  t.equal(
    delegatesCgroup({ linux: { namespaces: [{ type: 'cgroup', path: '/x' }] }, mounts: [mount] }),
    false,
  );
});
