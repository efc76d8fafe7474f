import t from 'tap';
import { netCls } from '../../../src/cgroups/v1/net-cls.ts';

t.same(netCls({}), []);
t.same(netCls({ network: { classID: 0 } }), []);
t.same(netCls({ network: { classID: 1048577 } }), [
  { file: 'net_cls.classid', value: '1048577', field: 'linux.resources.network.classID' },
]);
