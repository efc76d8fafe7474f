import t from 'tap';
import { check } from '../../src/spec/check.ts';
import type { Document } from '../../src/spec/config.ts';
import { complete, minimal } from '../fixtures/good-configs.ts';

const fields = (document: unknown): string[] => check(document as Document).map(({ field }) => field);

t.test('nothing to say', async (t) => {
  t.same(check(complete as Document), []);
  t.same(check(minimal as Document), []);
});

t.test('versions', async (t) => {
  for (const ociVersion of ['1.0.0', '1.0.2-dev', '1.3.0+dev', '1.1.0-rc.3']) {
    t.same(fields({ ...minimal, ociVersion }), [], ociVersion);
  }
  for (const ociVersion of ['', '1', '1.0', 'v1.0.0', '01.0.0', '1.00.0', '2.0.0', '0.9.9', '1.0.0 ']) {
    t.same(fields({ ...minimal, ociVersion }), ['ociVersion'], ociVersion);
  }
});

t.test('an empty path of a namespace asks for a new one', async (t) => {
  const linux = { namespaces: [{ type: 'user', path: '' }] };
  t.same(fields({ ...minimal, linux }).slice(0, 2), ['linux.uidMappings', 'linux.gidMappings']);
});

t.test('a joined user namespace needs no mappings', async (t) => {
  const linux = { namespaces: [{ type: 'user', path: '/proc/1/ns/user' }] };
  t.same(fields({ ...minimal, linux }), []);
});

t.test('adjacent mappings do not overlap', async (t) => {
  const mappings = [
    { containerID: 10, hostID: 110, size: 5 },
    { containerID: 0, hostID: 100, size: 10 },
  ];
  const linux = { namespaces: [{ type: 'user' }], uidMappings: mappings, gidMappings: mappings };
  t.same(fields({ ...minimal, linux }), []);
});

t.test('the kernel takes 340 mappings', async (t) => {
  const mappings = Array.from({ length: 341 }, (_, id) => ({ containerID: id, hostID: id, size: 1 }));
  const linux = { namespaces: [{ type: 'user' }], uidMappings: mappings, gidMappings: mappings.slice(1) };
  const process = { ...minimal.process, user: { uid: 0, gid: 1 } };
  t.same(fields({ ...minimal, process, linux }), ['linux.uidMappings']);
});

t.test('limits that mean none', async (t) => {
  const memory = { limit: -1, swap: -1, reservation: 0 };
  const linux = { resources: { memory, cpu: { quota: -1, period: 0, cpus: '' }, pids: { limit: 0 } } };
  t.same(fields({ ...minimal, linux }), []);
});

t.test('names are measured in bytes', async (t) => {
  const linux = { namespaces: [{ type: 'uts' }] };
  t.same(fields({ ...minimal, linux, hostname: 'x'.repeat(64) }), []);
  t.same(fields({ ...minimal, linux, hostname: 'ä'.repeat(33) }), ['hostname']);
});

t.test('empty names need no namespace', async (t) => {
  t.same(fields({ ...minimal, hostname: '', domainname: '' }), []);
});

t.test('procfs itself may be anywhere below /proc', async (t) => {
  const mounts = [{ destination: '/proc/inner', type: 'proc', source: 'proc' }];
  t.same(fields({ ...minimal, mounts, linux: { namespaces: [{ type: 'mount' }] } }), []);
});
