import t from 'tap';
import { mountPointsOf } from '../../src/linux/mountinfo.ts';

const text = String.raw`22 28 0:20 / /sys rw,relatime shared:7 - sysfs sysfs rw
30 22 0:25 / /sys/fs/resctrl rw,relatime shared:9 - resctrl resctrl rw,cdp
31 22 0:26 / /mnt/a\040b\134c rw,relatime - tmpfs resctrl rw
32 22 0:25 / /mnt/again\011 rw,relatime - resctrl none rw
`;

t.test('the places of a type', async (t) => {
  t.same(mountPointsOf('resctrl', text), ['/sys/fs/resctrl', '/mnt/again\t']);
  t.same(mountPointsOf('tmpfs', text), ['/mnt/a b\\c']);
  t.same(mountPointsOf('tmp', text), []);
});
