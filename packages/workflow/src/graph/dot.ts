import { type Drawable, type DrawnGraph, type DrawnNode, drawingOf, type Form, STATUS_COLOURS } from "./drawing.ts";

/** Draws a workflow, or a run by its rows, in the DOT language of Graphviz. */
export function toDot(given: Drawable): string {
  const graph = drawingOf(given);
  const head = [`digraph ${quote(graph.title)} {`, "  compound=true", '  node [fontname="sans-serif"]'];
  return [...head, ...graphLines(graph, "  "), "}", ""].join("\n");
}

const SHAPES: Readonly<Record<Form, string>> = {
  box: "box",
  round: "ellipse",
  choice: "diamond",
  question: "hexagon",
  circle: "circle",
  message: "cds",
  frame: "box3d",
};

function graphLines({ nodes, edges }: DrawnGraph, indent: string): readonly string[] {
  const arrows = edges.map(
    ({ from, to, label }) => `${indent}${from} -> ${to}${label === "" ? "" : ` [label=${quote(label)}]`}`,
  );
  return [...nodes.flatMap((node) => nodeLines(node, indent)), ...arrows];
}

function nodeLines({ id, lines, form, status, inner, undo }: DrawnNode, indent: string): readonly string[] {
  const fill = status === undefined ? "" : `, style=filled, fillcolor=${quote(STATUS_COLOURS[status])}`;
  const own = `${id} [label=${quote(...lines)}, shape=${inner.length === 0 ? SHAPES[form] : "plaintext"}${fill}]`;
  const drawn =
    inner.length === 0
      ? [`${indent}${own}`]
      : [
          `${indent}subgraph cluster_${id} {`,
          `${indent}  ${own}`,
          ...inner.flatMap((graph) => innerLines(graph, `${indent}  `)),
          `${indent}}`,
        ];
  if (undo === undefined) return drawn;
  return [
    ...drawn,
    `${indent}${id}_undo [label=${quote(undo)}, shape=parallelogram]`,
    `${indent}${id} -> ${id}_undo [style=dotted, label="undone by"]`,
  ];
}

function innerLines(graph: DrawnGraph, indent: string): readonly string[] {
  const label = `${indent}  label=${quote(graph.title === "body" ? "" : graph.title)}`;
  return [`${indent}subgraph cluster_${graph.id} {`, label, ...graphLines(graph, `${indent}  `), `${indent}}`];
}

/** A text in quotes, its lines under each other. */
function quote(...lines: readonly string[]): string {
  const plain = lines.map((line) => line.replaceAll(/\s+/g, " ").replaceAll(/["\\]/g, (character) => `\\${character}`));
  return `"${plain.join("\\n")}"`;
}
