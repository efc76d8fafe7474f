import { hostname } from 'node:os';
import t from 'tap';
import { withoutNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused } from '../helpers/runtime.ts';

suite('root');

t.test('hostname', async (t) => {
  const before = hostname();
  t.equal(
    inside((config) => {
      config.hostname = 'a-name.example';
    }, 'hostname; uname -n'),
    'a-name.example\na-name.example',
  );
  t.equal(hostname(), before);
  t.equal(
    inside(() => {}, 'hostname'),
    before,
    "unset, it is the host's",
  );
});

// Newer than runc 1.1.5.
t.test('domainname', only(['trunc', 'crun']), async (t) => {
  t.equal(
    inside((config) => {
      config.domainname = 'nis.example';
    }, 'cat /proc/sys/kernel/domainname'),
    'nis.example',
  );
});

t.test('neither can be set without a UTS namespace of the container', async (t) => {
  refused(
    t,
    attempt((config) => {
      withoutNamespace(config, 'uts');
      config.hostname = 'other';
    }, 'true'),
    /hostname|uts/i,
  );
});

t.test('a name that is too long', async (t) => {
  refused(
    t,
    attempt((config) => {
      config.hostname = 'x'.repeat(65);
    }, 'true'),
    /hostname|invalid argument/,
  );
});

t.test('nothing is left', nothingLeft);
