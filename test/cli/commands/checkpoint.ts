import t from 'tap';
import { readPageServer } from '../../../src/cli/commands/checkpoint.ts';

t.test('--page-server', async (t) => {
  t.equal(readPageServer(undefined), undefined);
  t.same(readPageServer('10.0.0.1:27'), { address: '10.0.0.1', port: 27 });
  t.same(readPageServer('host.example:65535'), { address: 'host.example', port: 65535 });
  t.same(readPageServer('[::1]:27'), { address: '::1', port: 27 });
  for (const text of ['', 'host', 'host:', ':27', 'host:0', 'host:65536', '::1:27', '[]:1', 'host:1x']) {
    t.throws(() => readPageServer(text), { code: 'USAGE', field: '--page-server' }, text);
  }
});
