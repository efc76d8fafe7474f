import { type Command, help, text } from './command.ts';

export const seccompCommand = {
  name: 'seccomp',
  description: 'explain a seccomp profile: "seccomp check PROFILE"',
  details:
    'PROFILE is a file as linux.seccomp, a config.json, a bundle, or what Docker and Podman take. It is compiled as for a ' +
    'container, and the answers are those of the compiled filter.',
  positionals: [
    { name: 'action', required: true, description: '"check"' },
    { name: 'profile', required: true, description: 'file or directory' },
  ],
  options: [
    {
      name: 'syscall',
      alias: 's',
      type: 'string',
      multiple: true,
      description: 'what happens to these system calls, NAME[,NAME] or numbers, and by which rule',
    },
    text('diff', 'another profile: the system calls that PROFILE treats differently'),
    {
      name: 'cap',
      type: 'string',
      multiple: true,
      description: "of an engine's profile: a capability beside Docker's default ones",
    },
    {
      name: 'format',
      alias: 'f',
      type: 'string',
      default: 'text',
      choices: ['text', 'json'],
      description: 'format of the output',
    },
    help,
  ],
  examples: [
    ['trunc seccomp check profile.json', 'what it allows and forbids, and what is notable'],
    ['trunc seccomp check --syscall clone3,mount /bundles/web', 'what happens to two system calls'],
    ['trunc seccomp check --diff old.json new.json', 'what the new one changes'],
  ],
} as const satisfies Command;
