import t from 'tap';
import { io, ioWeight } from '../../../src/cgroups/v2/io.ts';

const device = { major: 8, minor: 16 };

t.test('nothing asked for', async (t) => {
  t.same(io({}), []);
  t.same(
    io({ blockIO: { weight: 0, weightDevice: [{ ...device, weight: 0 }], throttleReadBpsDevice: [] } }),
    [],
  );
});

t.test('weights of blkio as weights of io', async (t) => {
  t.same([1, 10, 11, 100, 500, 1000].map(ioWeight), [1, 1, 11, 910, 4950, 10000]);
  t.same(io({ blockIO: { weight: 500, weightDevice: [{ ...device, weight: 10 }] } }), [
    {
      file: 'io.bfq.weight',
      value: '500',
      field: 'linux.resources.blockIO.weight',
      otherwise: { file: 'io.weight', value: '4950', field: 'linux.resources.blockIO.weight' },
    },
    {
      file: 'io.bfq.weight',
      value: '8:16 10',
      field: 'linux.resources.blockIO.weightDevice[0].weight',
      otherwise: {
        file: 'io.weight',
        value: '8:16 1',
        field: 'linux.resources.blockIO.weightDevice[0].weight',
      },
    },
  ]);
});

t.test('throttling: 0 lifts a limit, where the kernel wants a word', async (t) => {
  const values = io({
    blockIO: {
      throttleReadBpsDevice: [{ ...device, rate: 1048576 }],
      throttleWriteBpsDevice: [{ ...device, rate: 0 }],
      throttleReadIOPSDevice: [{ ...device, rate: 5 }, device],
      throttleWriteIOPSDevice: [{ ...device, rate: 77 }],
    },
  });
  t.same(
    values.map(({ file, value }) => `${file} ${value}`),
    ['rbps=1048576', 'wbps=max', 'riops=5', 'riops=max', 'wiops=77'].map((limit) => `io.max 8:16 ${limit}`),
  );
  t.equal(values[3]?.field, 'linux.resources.blockIO.throttleReadIOPSDevice[1]');
});
