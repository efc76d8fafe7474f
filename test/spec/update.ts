import t from 'tap';
import { updateResources } from '../../src/spec/update.ts';

t.same(
  updateResources({ memory: { limit: 5 } }, {}),
  { merged: { memory: { limit: 5 } }, touched: {} },
  'nothing',
);

const docker = {
  memory: { limit: 0, reservation: 0, swap: 0 },
  cpu: { shares: 512, quota: 0, period: 0, cpus: '', mems: '' },
  pids: { limit: 0 },
  blockIO: { weight: 0 },
};
const old = { memory: { limit: 7 }, cpu: { quota: 3, shares: 9 }, pids: { limit: 4 } };
t.same(
  updateResources(old, docker),
  { merged: { ...old, cpu: { quota: 3, shares: 512 } }, touched: { cpu: { quota: 3, shares: 512 } } },
  'zeros and empty texts leave what there is; a touched group is complete',
);
t.same(updateResources({}, { memory: { limit: -1 } }).touched.memory, { limit: -1, swap: -1 }, 'no limit');
t.same(
  updateResources({ memory: { limit: 5, swap: 9 } }, { memory: { limit: -1, swap: 8 } }).touched.memory,
  { limit: -1, swap: 8 },
  'an own value for swap',
);
t.same(
  updateResources({ cpu: { shares: 5 } }, { cpu: { idle: 1 } }).touched.cpu,
  { idle: 1 },
  'idle has no shares',
);
t.same(
  updateResources({ cpu: { burst: 5 } }, { cpu: { burst: 0 } }).touched.cpu,
  { burst: 0 },
  'no burst any more',
);

const rate = (minor: number, rate: number) => ({ major: 8, minor, rate });
t.same(
  updateResources(
    { blockIO: { weight: 10, throttleReadBpsDevice: [rate(0, 1), rate(1, 2)] } },
    { blockIO: { throttleReadBpsDevice: [rate(1, 3), rate(2, 4)] } },
  ).touched.blockIO,
  { weight: 10, throttleReadBpsDevice: [rate(0, 1), rate(1, 3), rate(2, 4)] },
  'one entry for each device',
);
t.same(
  updateResources({ unified: { a: '1', b: '2' } }, { unified: { b: '3' } }).touched.unified,
  { a: '1', b: '3' },
  'unified',
);
const deny = { allow: false, access: 'rwm' };
const allow = { allow: true, type: 'c' as const, major: 1, minor: 11, access: 'r' };
t.same(
  updateResources({ devices: [deny] }, { devices: [allow] }).touched.devices,
  [deny, allow],
  'device rules',
);
t.same(updateResources({ devices: [deny] }, { devices: [] }).touched, {}, 'no device rules');
