/** An error with the words of what was being done before it, as Go's `errors.Wrap` puts them. */
export function wrap(prefix: string, error: unknown): Error {
  return new Error(`${prefix}: ${(error as Error).message}`, { cause: error });
}
