import t from 'tap';
import { namespaceId } from '../../src/linux/namespace.ts';
import { refuseHostSysctls } from '../../src/namespaces/host-sysctls.ts';

const own = { net: namespaceId('/proc/self/ns/net'), ipc: namespaceId('/proc/self/ns/ipc') };
const values = { 'net.ipv4.ip_forward': '1', 'kernel/shmmni': '2' };

t.test('of namespaces that are joined', async (t) => {
  t.throws(() => refuseHostSysctls(values, own), {
    message: /^linux\.sysctl\["net\.ipv4\.ip_forward"\]: would/,
  });
  t.throws(() => refuseHostSysctls(values, { net: 'net:[1]', ipc: own.ipc }), {
    message: /^linux\.sysctl\["kernel\/shmmni"\]: would/,
  });
  t.doesNotThrow(() => refuseHostSysctls(values, { net: 'net:[1]', ipc: 'ipc:[1]' }));
  t.doesNotThrow(() => refuseHostSysctls(values, {}), 'new ones are nobody else’s');
  t.doesNotThrow(() => refuseHostSysctls(undefined, own));
});
