import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import t from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { donor, enter } from '../helpers/namespaces.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';

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

t.test('domainname', only(['trunc', 'newer runc', 'crun']), async (t) => {
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

t.test('in a namespace that is joined', async (t) => {
  const pid = donor(t, '--uts');
  const name = () =>
    spawnSync('nsenter', [`--uts=/proc/${pid}/ns/uts`, 'hostname'], { encoding: 'utf8' }).stdout;
  const joined: Change = (config) => enter(config, 'uts', `/proc/${pid}/ns/uts`);
  t.equal(inside(joined, 'hostname'), hostname());
  const renamed: Change = (config) => {
    joined(config);
    config.hostname = 'shared';
  };
  t.equal(inside(renamed, 'hostname'), 'shared');
  t.equal(name(), 'shared\n', 'who is in it sees it too');
});

t.test('with a user namespace', async (t) => {
  const change: Change = (config) => {
    withUserNamespace(config);
    config.hostname = 'x'.repeat(64);
    if (runtime.kind !== 'runc') config.domainname = 'nis.example'; // newer than 1.1.5
  };
  const [host, domain] = inside(change, 'hostname; cat /proc/sys/kernel/domainname').split('\n');
  t.equal(host, 'x'.repeat(64), 'the longest there can be');
  if (runtime.kind !== 'runc') t.equal(domain, 'nis.example');
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
