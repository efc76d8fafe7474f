import t from 'tap';
import type { Linux } from '../../src/spec/config.ts';
import { hasNew, namespaceOf, rootfsPath } from '../../src/spec/query.ts';

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
