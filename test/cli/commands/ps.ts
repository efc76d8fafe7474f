import t from 'tap';
import { ownLines } from '../../../src/cli/commands/ps.ts';

const output =
  'UID        PID  PPID CMD\nroot         1     0 init\nroot        12     1 sh 34\nuser        34     1 sh\n';
t.equal(
  ownLines(output, [12]),
  'UID        PID  PPID CMD\nroot        12     1 sh 34\n',
  'by the column PID',
);
t.equal(ownLines(output, []), 'UID        PID  PPID CMD\n', 'the heading alone');
t.equal(
  ownLines('  PID COMMAND\n   12 sh\n', [12]),
  '  PID COMMAND\n   12 sh\n',
  'a column that is moved right',
);
t.throws(() => ownLines('COMMAND\nsh\n', [12]), { code: 'PS_FAILED' }, 'no such column');
