/** How to encrypt, with certificates as text. */
// A type, not an interface: it is plain data, and goes into a plugin's options as such.
export type TlsOptions = {
  /** Who may have signed the server's certificate. Default: those whom Node trusts. */
  readonly ca?: string;
  /** Our own certificate and its key, where the server asks for one. */
  readonly cert?: string;
  readonly key?: string;
  /** The name in the server's certificate, where it is not the host of the address. */
  readonly servername?: string;
  /** `false` encrypts, and believes whoever answers. */
  readonly rejectUnauthorized?: boolean;
};

/** Which server, and how patient to be with it. */
export interface ServerOptions {
  /** Where it is, as whom, and which database: `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** Encrypts the connection: `true` checks the server's certificate, an object says how. Default: as the address says. */
  readonly tls?: boolean | TlsOptions;
  /** At most this many connections at once. Default 10. */
  readonly connections?: number;
  /** Milliseconds to wait for one connection. Default 10,000. */
  readonly connectTimeout?: number;
  /** Milliseconds for which work waits for a server that went away, trying again. Default 10,000. */
  readonly reconnectTimeout?: number;
  /** Milliseconds after which the server stops one statement. Default 30,000. */
  readonly statementTimeout?: number;
  /** `manual` refuses tables that are not of this version instead of upgrading them. Default `auto`. */
  readonly migrate?: "auto" | "manual";
  /** What the store, session, journal and memory are called. Default: the name of the database system. */
  readonly name?: string;
}

const TLS = {
  type: "object",
  properties: {
    ca: { type: "string", minLength: 1 },
    cert: { type: "string", minLength: 1 },
    key: { type: "string", minLength: 1 },
    servername: { type: "string", minLength: 1 },
    rejectUnauthorized: { type: "boolean" },
  },
  additionalProperties: false,
} as const;

/** The options as a plugin's schema. */
export const SERVER_OPTIONS = {
  url: { type: "string", minLength: 1 },
  tls: { anyOf: [{ type: "boolean" }, TLS] },
  connections: { type: "integer", minimum: 1 },
  connectTimeout: { type: "integer", minimum: 1 },
  reconnectTimeout: { type: "integer", minimum: 0 },
  statementTimeout: { type: "integer", minimum: 1 },
  migrate: { enum: ["auto", "manual"] },
  name: { type: "string", minLength: 1 },
} as const;

/** What is taken where nothing is said. */
export const DEFAULTS = {
  connections: 10,
  connectTimeout: 10_000,
  reconnectTimeout: 10_000,
  statementTimeout: 30_000,
} as const;
