import t from 'tap';
import { hostId, mappingText, parseMappings } from '../../src/namespaces/id-maps.ts';

const MAPPINGS = [
  { containerID: 0, hostID: 100000, size: 1000 },
  { containerID: 5000, hostID: 7, size: 1 },
];

t.test('the kernel’s text', async (t) => {
  t.equal(mappingText(MAPPINGS), '0 100000 1000\n5000 7 1\n');
});

t.test('read back from the columns of the kernel', async (t) => {
  const text = '         0     100000       1000\n      5000          7          1\n';
  t.same(parseMappings(text), MAPPINGS);
  t.same(parseMappings(''), []);
});

t.test('host ids', async (t) => {
  t.equal(hostId(MAPPINGS, 0), 100000);
  t.equal(hostId(MAPPINGS, 999), 100999);
  t.equal(hostId(MAPPINGS, 1000), undefined);
  t.equal(hostId(MAPPINGS, 5000), 7);
  t.equal(hostId(undefined, 12), 12, 'without mappings ids are the host’s');
});
