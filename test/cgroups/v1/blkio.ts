import t from 'tap';
import { blkio } from '../../../src/cgroups/v1/blkio.ts';
import type { BlockIO } from '../../../src/spec/config.ts';

const writes = (blockIO: BlockIO) =>
  blkio({ blockIO }).map(({ file, value, otherwise }) => [
    file,
    value,
    otherwise?.file ?? '',
    otherwise?.value ?? '',
  ]);
const device = { major: 8, minor: 16 };

t.test('nothing asked for', async (t) => {
  t.same(blkio({}), []);
  t.same(
    writes({ weight: 0, leafWeight: 0, weightDevice: [{ ...device, weight: 0 }], throttleReadBpsDevice: [] }),
    [],
  );
});

t.test('weights, by either name of the file', async (t) => {
  t.same(writes({ weight: 300, weightDevice: [{ ...device, weight: 500 }] }), [
    ['blkio.bfq.weight', '300', 'blkio.weight', '300'],
    ['blkio.bfq.weight_device', '8:16 500', 'blkio.weight_device', '8:16 500'],
  ]);
  t.same(writes({ leafWeight: 200, weightDevice: [{ ...device, leafWeight: 400 }] }), [
    ['blkio.leaf_weight', '200', '', ''],
    ['blkio.leaf_weight_device', '8:16 400', '', ''],
  ]);
});

t.test('throttling: 0 lifts a limit', async (t) => {
  t.same(blkio({ blockIO: { throttleReadBpsDevice: [{ ...device, rate: 1048576 }] } }), [
    {
      file: 'blkio.throttle.read_bps_device',
      value: '8:16 1048576',
      field: 'linux.resources.blockIO.throttleReadBpsDevice[0]',
    },
  ]);
  t.same(
    writes({
      throttleWriteBpsDevice: [{ ...device, rate: 0 }],
      throttleReadIOPSDevice: [{ ...device, rate: 18446744073709552000 }],
      throttleWriteIOPSDevice: [device, { ...device, rate: 7 }],
    }),
    [
      ['blkio.throttle.write_bps_device', '8:16 0', '', ''],
      ['blkio.throttle.read_iops_device', '8:16 18446744073709551615', '', ''],
      ['blkio.throttle.write_iops_device', '8:16 0', '', ''],
      ['blkio.throttle.write_iops_device', '8:16 7', '', ''],
    ],
  );
});
