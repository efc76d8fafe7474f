import t from 'tap';
import { configureLog } from '../../src/log.ts';
import { unknownProperties, warnOfUnknownProperties } from '../../src/spec/unknown-properties.ts';
import { complete, extended, minimal } from '../fixtures/good-configs.ts';

t.test('nothing to say', async (t) => {
  t.same(unknownProperties(complete), []);
  for (const document of [null, [], 'x', 5]) t.same(unknownProperties(document), []);
});

t.test('everything outside of the specification', async (t) => {
  t.same(
    unknownProperties(extended).map(({ field }) => field),
    [
      'process.user.shell',
      'process.nice',
      '["org.example"]',
      'hooks.preflight',
      'linux.namespaces[0].id',
      'linux.resources.disk',
      'linux.resources.cpu.turbo',
    ],
  );
});

t.test('what may have been meant', async (t) => {
  const document = {
    ...minimal,
    constructor: 1,
    mounts: [{ destination: '/x', option: [] }],
    linux: { resource: {}, resources: { memory: { Limit: 5 }, rdma: { x: { handles: 1 } } } },
  };
  t.same(unknownProperties(document), [
    { field: 'constructor', message: 'unknown property, ignored' },
    { field: 'mounts[0].option', message: 'unknown property, ignored; did you mean options?' },
    { field: 'linux.resource', message: 'unknown property, ignored; did you mean resources?' },
    { field: 'linux.resources.memory.Limit', message: 'unknown property, ignored; did you mean limit?' },
    { field: 'linux.resources.rdma.x.handles', message: 'unknown property, ignored' },
  ]);
});

t.test('names of maps are free', async (t) => {
  const annotations = { anything: 'x' };
  t.same(
    unknownProperties({ ...minimal, annotations, linux: { sysctl: annotations, netDevices: { eth0: {} } } }),
    [],
  );
});

t.test('as warnings', async (t) => {
  const lines: string[] = [];
  configureLog({ format: 'json', debug: true, sink: (line) => lines.push(line) });
  warnOfUnknownProperties({ ...minimal, hostnam: 'x' });
  configureLog({ format: 'text', debug: false });
  t.match(JSON.parse(lines.join('')), {
    level: 'warning',
    msg: 'config.json: hostnam: unknown property, ignored; did you mean hostname?',
  });
});
