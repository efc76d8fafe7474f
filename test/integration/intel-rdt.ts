import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { only, suite } from '../helpers/requires.ts';
import { attempt, create, nothingLeft, refused, succeed } from '../helpers/runtime.ts';
import { newId, root, temp } from '../helpers/sandbox.ts';

// What is made of it is tested on a directory that stands in for resctrl (test/intel-rdt.ts): nothing but a kernel on a
// CPU that has it can mount one.
suite('root');

// runc 1.1.5 ignores an empty one.
t.test('without resctrl', only('trunc'), async (t) => {
  if (readFileSync('/proc/filesystems', 'utf8').includes('resctrl')) return;
  const result = attempt((config) => Object.assign(config.linux, { intelRdt: {} }), 'true');
  refused(t, result, /linux\.intelRdt: this kernel or CPU has no resctrl\n$/);
});

// runc keeps other records.
t.test(
  'delete removes the groups of the record that were made for the container',
  only('trunc'),
  async (t) => {
    const seen = (intelRdt: object) => {
      const { id } = create(t);
      const file = join(root, id, 'state.json');
      const record = JSON.parse(readFileSync(file, 'utf8'));
      const group = join(temp, newId());
      const monitor = join(group, 'monitor');
      mkdirSync(monitor, { recursive: true });
      record.config.linux.intelRdt = intelRdt;
      writeFileSync(file, JSON.stringify({ ...record, intel_rdt_path: group, intel_rdt_mon_path: monitor }));
      succeed(['delete', id]);
      return [existsSync(group), existsSync(monitor)];
    };
    t.same(seen({}), [false, false]);
    t.same(seen({ closID: 'gold' }), [true, false], 'a group that is named stays');
  },
);

t.test('nothing is left', nothingLeft);
