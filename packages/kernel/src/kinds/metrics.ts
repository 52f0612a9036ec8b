/** Numbers about the process, as text for a scraper. */
export interface Metrics {
  readonly name: string;
  /** The media type of what `render` gives. */
  readonly contentType: string;
  render(): Promise<string>;
}
