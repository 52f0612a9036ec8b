import { type Drawable, type DrawnGraph, type DrawnNode, drawingOf, type Form, STATUS_COLOURS } from "./drawing.ts";

/** Draws a workflow, or a run by its rows, as a Mermaid flowchart. */
export function toMermaid(given: Drawable): string {
  const graph = drawingOf(given);
  const colours = Object.entries(STATUS_COLOURS).map(
    ([status, colour]) => `  classDef ${status} fill:${colour},color:#000`,
  );
  return ["flowchart TD", ...graphLines(graph, "  "), ...colours, ...statusLines(graph), ""].join("\n");
}

const BRACKETS: Readonly<Record<Form, readonly [string, string]>> = {
  box: ["[", "]"],
  round: ["([", "])"],
  choice: ["{", "}"],
  question: ["{{", "}}"],
  circle: ["((", "))"],
  message: [">", "]"],
  frame: ["[[", "]]"],
};

function graphLines({ nodes, edges }: DrawnGraph, indent: string): readonly string[] {
  const arrows = edges.map(
    ({ from, to, label }) => `${indent}${from} -->${label === "" ? "" : `|"${plain(label)}"|`} ${to}`,
  );
  return [...nodes.flatMap((node) => nodeLines(node, indent)), ...arrows];
}

function nodeLines(node: DrawnNode, indent: string): readonly string[] {
  const { id, lines, form, inner, undo } = node;
  const label = `"${lines.map(plain).join("<br/>")}"`;
  const [open, close] = BRACKETS[form];
  const own = inner.length === 0 ? [`${indent}${id}${open}${label}${close}`] : frameLines(node, label, indent);
  if (undo === undefined) return own;
  return [...own, `${indent}${id}_undo[/"${plain(undo)}"/]`, `${indent}${id} -.->|"undone by"| ${id}_undo`];
}

/** One body stands in its node's frame; several branches have frames of their own in it. */
function frameLines({ id, inner }: DrawnNode, label: string, indent: string): readonly string[] {
  const [only] = inner;
  const within =
    inner.length === 1 && only?.title === "body"
      ? graphLines(only, `${indent}  `)
      : inner.flatMap((graph) => [
          `${indent}  subgraph ${graph.id}["${plain(graph.title)}"]`,
          ...graphLines(graph, `${indent}    `),
          `${indent}  end`,
        ]);
  return [`${indent}subgraph ${id}[${label}]`, ...within, `${indent}end`];
}

function statusLines({ nodes }: DrawnGraph): readonly string[] {
  return nodes.flatMap(({ id, status, inner }) => [
    ...(status === undefined ? [] : [`  class ${id} ${status}`]),
    ...inner.flatMap(statusLines),
  ]);
}

const SPECIAL = /[&<>"#`;|\\[\]{}()]/g;

/** Text that says nothing to Mermaid: what could is written by its number. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(SPECIAL, (character) => `#${character.charCodeAt(0)};`);
}
