/** What work came to: its value, or what it threw. */
export const caught = (work: Promise<unknown>) =>
  work.then(
    (value) => value,
    (error: unknown) => error,
  );
