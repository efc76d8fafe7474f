import t from 'tap';
import { candidates } from '../../src/cli/completion.ts';
import { commands } from '../../src/cli/table.ts';

const asked: (string | undefined)[] = [];
const host = {
  containers: ({ globals }: { globals: { root: string | undefined } }) => {
    asked.push(globals.root);
    return ['web1', 'web2', 'db'];
  },
};
/** What is proposed for the last word of a line; a space at its end begins a new one. */
const propose = (line: string) => candidates(line.split(' '), host).map(({ word }) => word);

t.test('commands', async (t) => {
  t.same(
    propose(''),
    commands.map(({ name }) => name),
  );
  t.same(propose('st'), ['start', 'state']);
  t.same(propose('--debug sta'), ['start', 'state']);
  t.same(propose('help ex'), ['exec']);
  t.same(propose('nosuch '), []);
});

t.test('options', async (t) => {
  t.same(propose('--log'), ['--log', '--log-format']);
  t.same(propose('create --p'), ['--pidfd-socket', '--pid-file', '--preserve-fds']);
  t.same(propose('delete -'), ['--force', '-f', '--help', '-h']);
  t.notOk(propose('kill -').includes('--all'), 'hidden ones are not shown');
  t.same(propose('exec web1 -'), [], 'behind the container they are those of the program');
  t.same(propose('create -- -'), []);
});

t.test('values', async (t) => {
  t.same(propose('--log-format '), ['text', 'json']);
  t.same(propose('list -f j'), ['json']);
  t.same(propose('create --bundle '), [], 'files are proposed by the shell');
  t.same(propose('run -d '), [], 'a boolean has none, and the ID is a new one');
});

t.test('containers and signals', async (t) => {
  t.same(propose('state '), ['web1', 'web2', 'db']);
  t.same(propose('exec -t we'), ['web1', 'web2']);
  t.same(propose('delete --force d'), ['db']);
  t.same(propose('kill web1 KI'), ['KILL']);
  t.same(propose('exec web1 s'), []);
  asked.length = 0;
  t.same(propose('--root /run/x start web1'), ['web1']);
  t.same(asked, ['/run/x']);
});
