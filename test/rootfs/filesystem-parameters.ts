import t from 'tap';
import { filesystemParameters } from '../../src/rootfs/filesystem-parameters.ts';
import { planMounts } from '../../src/rootfs/mount-plan.ts';
import type { Mount } from '../../src/spec/config.ts';

const of = (mount: Partial<Mount>, label?: string) => {
  const [step] = planMounts({ mounts: [{ destination: '/m', ...mount }] }, '/bundle');
  return filesystemParameters(step as NonNullable<typeof step>, label);
};

t.test('source, flags and options', async (t) => {
  t.same(of({ type: 'tmpfs', source: 'x', options: ['nosuid', 'sync', 'size=1m', 'huge'] }), [
    ['source', 'x'],
    ['sync'],
    ['size', '1m'],
    ['huge'],
  ]);
  t.same(
    of({ type: 'ext4', source: '/dev/sdz', options: ['ro'] }),
    [['source', '/dev/sdz'], ['ro']],
    'a device that is read-only',
  );
  t.same(of({ type: 'ext4', source: '/dev/sdz', options: ['rro'] }), [['source', '/dev/sdz'], ['ro']]);
});

t.test('labels', async (t) => {
  const label = 'system_u:object_r:svirt_sandbox_file_t:s0:c715,c811';
  for (const type of ['tmpfs', 'devpts', 'ext4', 'overlay'])
    t.same(of({ type }, label), [['context', label]], type);
  for (const type of ['proc', 'sysfs', 'mqueue']) t.same(of({ type }, label), [], type);
  t.same(of({ type: 'tmpfs', options: ['fscontext=a:b:c'] }, label), [['fscontext', 'a:b:c']], 'its own');
  t.same(of({ type: 'tmpfs' }, ''), [], 'an empty label is none');
});

t.test('layers of an overlay', async (t) => {
  const short = ['lowerdir=/a:/b', 'upperdir=/u', 'workdir=/w'];
  t.same(of({ type: 'overlay', options: short }), [
    ['lowerdir', '/a:/b'],
    ['upperdir', '/u'],
    ['workdir', '/w'],
  ]);
  const long = `/${'l'.repeat(200)}`;
  const options = [`lowerdir=${long}:/with\\:colon:/with\\\\backslash::/data`];
  t.same(of({ type: 'overlay', options: [...options, 'xino'] }), [
    ['lowerdir', options[0]?.slice(9)],
    ['xino'],
  ]);
  t.same(of({ type: 'overlay', options: [`${options}:${long}`] }), [
    ['lowerdir+', long],
    ['lowerdir+', '/with:colon'],
    ['lowerdir+', '/with\\backslash'],
    ['datadir+', '/data'],
    ['lowerdir+', long],
  ]);
});
