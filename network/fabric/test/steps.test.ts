import { run, until } from '../src/steps';

const node = (script: string, seconds = 20) => ({ file: process.execPath, args: ['-e', script], seconds });

describe('steps', () => {
  test('a program that fails is told with what it wrote last, without colours and usage', async () => {
    const script = `
      console.error('\\u001b[34mgetting ready\\u001b[0m');
      console.error('Error: \\u001b[31mno such channel\\u001b[0m');
      console.error('Usage:');
      process.exit(1);`;
    await expect(run('asking one for its channels', node(script))).rejects.toThrow(
      /^asking one for its channels failed: Error: no such channel$/,
    );
  });

  test('one that hangs is ended, and told with the time', async () => {
    await expect(run('joining', node('setInterval(() => undefined, 1000)', 0.2))).rejects.toThrow(
      /^joining took longer than 0.2 s$/,
    );
  });

  test('one that is missing is told', async () => {
    await expect(run('joining', { file: '/nowhere/peer', args: [], seconds: 1 })).rejects.toThrow(
      /^joining failed: .*ENOENT/,
    );
  });

  test('no setting of Fabric that the caller has reaches a program', async () => {
    process.env['CORE_PEER_ADDRESS'] = 'elsewhere:7051';
    try {
      const shown = await run(
        'asking',
        node("process.stdout.write(process.env.CORE_PEER_ADDRESS ?? 'none')"),
      );
      expect(shown).toBe('none');
    } finally {
      delete process.env['CORE_PEER_ADDRESS'];
    }
  });

  test('a wait ends with the last reason', async () => {
    let asked = 0;
    const answer = (): Promise<undefined> => Promise.reject(new Error(`refused ${++asked}`));
    await expect(until('electing', 0.2, answer)).rejects.toThrow(
      /^electing took longer than 0.2 s: refused \d+$/,
    );
    expect(asked).toBeGreaterThan(1);
  });
});
