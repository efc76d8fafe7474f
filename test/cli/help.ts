import t from 'tap';
import { helpText } from '../../src/cli/help.ts';
import { commands, globalOptions } from '../../src/cli/table.ts';

t.test('help of the program names every command and global option', async (t) => {
  const text = await helpText();
  for (const { name, description } of commands) {
    t.match(text, new RegExp(`^  trunc ${name} .*${description.split(' ')[0]}`, 'm'));
  }
  for (const { name } of globalOptions) t.match(text, `--${name} `);
  t.match(text, /[^\n]\n$/);
});

t.test('help of a command names its arguments and options, but no hidden ones', async (t) => {
  for (const command of commands) {
    const text = await helpText(command);
    t.match(text, new RegExp(`^trunc ${command.name} \\[options\\]`));
    for (const { name } of command.positionals) t.match(text, name);
    for (const option of command.options) {
      const shown = text.includes(`--${option.name} `);
      t.equal(shown, !('hidden' in option), `${command.name} --${option.name}`);
    }
  }
});
