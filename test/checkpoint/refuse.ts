import t from 'tap';
import { refuseForCriu } from '../../src/checkpoint/refuse.ts';
import { minimal } from '../fixtures/good-configs.ts';

const spec = (...namespaces: object[]) =>
  ({ ...minimal, linux: { namespaces } }) as Parameters<typeof refuseForCriu>[0];
const own = { type: 'mount' };
const plain = { field: 'mounts[0]', idmap: false };

t.test('what criu can restore', async (t) => {
  t.doesNotThrow(() =>
    refuseForCriu(
      spec(
        own,
        { type: 'cgroup' },
        { type: 'user' },
        { type: 'network', path: '/n' },
        { type: 'time', path: '/t' },
      ),
      [plain],
    ),
  );
});

t.test('what it cannot', async (t) => {
  const refused = (message: RegExp, asked: ReturnType<typeof spec>, steps = [plain]) =>
    t.throws(() => refuseForCriu(asked, steps), { code: 'CRIU_UNSUPPORTED', message });
  refused(/no mount namespace of its own, and criu/, spec());
  refused(/no mount namespace of its own/, spec({ type: 'mount', path: '/m' }));
  refused(/a user namespace is joined by path, and criu/, spec(own, { type: 'user', path: '/u' }));
  refused(/a cgroup namespace is joined by path/, spec(own, { type: 'cgroup', path: '/c' }));
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
  };
  const notifying = { ...minimal, linux: { namespaces: [own], seccomp } } as ReturnType<typeof spec>;
  refused(/^linux\.seccomp: SCMP_ACT_NOTIFY has a listener outside, and criu/, notifying);
  refused(/^mounts\[3\]: owners are mapped/, spec(own), [
    plain,
    { field: 'mounts[3]', idmap: 'idmap' as never },
  ]);
});
