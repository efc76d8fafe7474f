import t from 'tap';
import { misuse } from '../../src/cli/misuse.ts';
import { parse } from '../../src/cli/parse.ts';

/** A command line → what is wrong with it, and what to do. */
const cases: [line: string, message: string, hint: string][] = [
  ['creat', 'unknown command "creat"', 'did you mean create?'],
  ['rm web1', 'unknown command "rm"', 'did you mean delete?'],
  ['stop web1', 'unknown command "stop"', 'did you mean kill?'],
  ['constructor', 'unknown command "constructor"', 'see "trunc help"'],
  ['create --bundel /b', 'unknown option --bundel', 'did you mean --bundle?'],
  ['create --zzz', 'unknown option --zzz', 'see "trunc help create"'],
  ['list --root /r', 'unknown option --root', '--root goes before the command'],
  ['--roto /r list', 'unknown option --roto', 'did you mean --root?'],
  ['kill web1 --al', 'unknown option --al', 'see "trunc help kill"'],
  ['kill -9 web1', 'unknown option -9', 'the signal comes last: trunc kill ID 9'],
  ['kill -TERM web1', 'unknown option -TERM', 'the signal comes last: trunc kill ID TERM'],
  ['create --bundle', 'flag needs an argument: --bundle', 'see "trunc help create"'],
  [
    '--log-format xml list',
    'invalid value "xml" for --log-format: must be one of text, json',
    'see "trunc help"',
  ],
  ['state', '"state" needs <container-id>', 'trunc state [options] <container-id>'],
  ['seccomp', '"seccomp" needs <action> and <profile>', 'trunc seccomp [options] <action> <profile>'],
  ['list web1', 'unexpected argument "web1" of "list"', 'trunc list [options]'],
  [
    'kill web1 TERM web2',
    'unexpected argument "web2" of "kill"',
    'trunc kill [options] <container-id> [signal]',
  ],
];

for (const [line, message, hint] of cases) {
  t.test(line, async (t) => {
    const { problem, command } = parse(line.split(' '));
    if (problem === undefined) return t.fail('there is no problem');
    return t.match(misuse(problem, command), { message, hint, code: 'USAGE', exitCode: problem.exitCode });
  });
}
