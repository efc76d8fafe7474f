// Init fails, or is killed, at one of its system calls: the error is that of the command, and all is undone.
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, run } from '../helpers/runtime.ts';
import { leftovers, newId } from '../helpers/sandbox.ts';

suite('root');

/** Calls that init makes, the host only to start it; of some the first one, of others a later one too. */
const CALLS: Record<string, number[]> = {
  open_tree: [1],
  fsopen: [1, 3],
  fsmount: [2],
  move_mount: [1, 4],
  symlinkat: [1],
  pivot_root: [1],
  umount2: [1],
  sethostname: [1],
  setgroups: [1],
  setresgid: [1],
  setresuid: [1],
  capset: [1],
  fchdir: [1],
};

const bundle = makeBundle((config) => {
  config.hostname = 'inside';
  config.process.user = { uid: 1000, gid: 1000, additionalGids: [10] };
  config.linux.maskedPaths = ['/proc/version'];
  config.linux.readonlyPaths = ['/proc/sys'];
  config.process.args = ['/bin/echo', 'ran'];
});

for (const [how, injection] of Object.entries({
  'fails with EIO': 'error=EIO',
  'is killed': 'signal=SIGKILL',
})) {
  // runc makes other system calls.
  t.test(`init ${how}`, only('trunc', 'strace'), async (t) => {
    for (const [call, times] of Object.entries(CALLS)) {
      for (const n of times) {
        const id = newId();
        const wrapper = ['strace', '-f', '-qq', '-o', '/dev/null'];
        wrapper.push('-e', `trace=${call}`, '-e', `inject=${call}:${injection}:when=${n}`);
        const { status, stdout, stderr } = run(['run', id], { bundle, wrapper });
        const name = `${call} ${n}: exit ${status}: ${stderr.trim()}`;
        t.not(status, 0, name);
        t.equal(stdout, '', 'the program does not run');
        t.match(stderr, /^[^\n]*\n?$/, 'at most one line');
        if (status === 1)
          t.match(stderr, how === 'is killed' ? /init/ : /input\/output error/, 'the reason is told');
        // It was the host's: a runtime that is killed is cleaned up after by whoever has called it.
        if (status === null) run(['delete', '--force', id]);
        t.same(leftovers(), [], 'nothing is left');
        run(['delete', '--force', id]);
      }
    }
  });
}

t.test('nothing is left', nothingLeft);
