import t from 'tap';
import { nearest } from '../../src/spec/nearest.ts';

t.equal(nearest('creat', ['create', 'start']), 'create');
t.equal(nearest('lsit', ['state', 'start', 'list']), 'list');
t.equal(nearest('del', ['create', 'delete']), 'delete');
t.equal(nearest('x', ['ab', 'list']), undefined);
t.equal(nearest('nosuch', ['create', 'list']), undefined);
t.equal(nearest('RLIMIT_NOFIL', ['RLIMIT_NICE', 'RLIMIT_NOFILE']), 'RLIMIT_NOFILE');
t.equal(nearest('nofile', ['RLIMIT_NICE', 'RLIMIT_NOFILE']), 'RLIMIT_NOFILE');
t.equal(nearest('Kill', ['SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_KILL']), 'SCMP_ACT_KILL');
t.equal(nearest('mnt', ['pid', 'mount', 'uts']), 'mount');
t.equal(nearest('', ['pid']), undefined);
t.equal(nearest('pid', []), undefined);
