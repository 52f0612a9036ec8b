import { expect, test } from "vitest";
import { parseAddress, tlsOf } from "./address.ts";

const options = { name: "postgres", schemes: ["postgres", "postgresql"], port: 5432 } as const;

test("an address is taken apart, and named without user and password", () => {
  const address = parseAddress("postgresql://ann%40home:p%2Fw@[::1]/my%20base?sslmode=no-verify", options);
  expect(address).toMatchObject({ host: "::1", port: 5432, user: "ann@home", password: "p/w", database: "my base" });
  expect(address.file).toBe("postgres://[::1]:5432/my base");
  expect([tlsOf(address, undefined), tlsOf(address, false)]).toEqual([{ rejectUnauthorized: false }, false]);
  expect(tlsOf(address, true)).toEqual({ rejectUnauthorized: true });
});

test.each([
  ["no url: s3cret", "is not a URL"],
  ["mysql://ann:s3cret@localhost/test", 'begins with "mysql:"'],
  ["postgres://ann:s3cret@localhost", "names no database"],
  ["postgres://localhost/test", "names no user"],
  ["postgres://ann:s3cret%zz@localhost/test", "hexadecimal"],
  ["postgres://ann:s3cret@localhost/test?ssl=true", 'it has "ssl"'],
])("%s is refused without being repeated", (url, words) => {
  const refused = () => parseAddress(url, options);
  expect(refused).toThrow(
    expect.objectContaining({ code: "database.bad_url", message: expect.stringContaining(words) }),
  );
  expect(refused).toThrow(expect.objectContaining({ message: expect.not.stringContaining("s3cret") }));
});
