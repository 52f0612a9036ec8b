import { type Question, sayIssues, type TaskRecord, toCheck, toJson } from "@mofa/kernel";
import { fail } from "../errors.ts";

/** Copies a question into plain data, or says why it cannot be asked. */
export function checkQuestion(asked: Question): Question {
  const title = typeof asked.title === "string" ? asked.title : "";
  const refuse = (problem: string) => fail("decision.bad_question", { title, problem });
  if (title === "") throw refuse("it has no title.");
  const { options, timeout, fallback } = asked;
  if (options?.length === 0) throw refuse("its list of options is empty. Leave it out to allow any answer.");
  if (options !== undefined && new Set(options).size < options.length) throw refuse("an option is named twice.");
  if (timeout !== undefined && !(timeout >= 0)) throw refuse("its timeout is not a number of milliseconds.");
  if (timeout !== undefined && fallback === undefined)
    throw refuse("it has a timeout but no fallback to answer then. Give both or neither.");
  const question = toJson(asked) as unknown as Question;
  const problems = fallback === undefined ? undefined : findProblems(question, question.fallback);
  if (problems !== undefined) throw refuse(`its fallback is no answer to it: ${problems}.`);
  return question;
}

/** Refuses an answer that the question does not allow. */
export function checkAnswer({ token, question }: TaskRecord, value: unknown): void {
  const problems = findProblems(question, value);
  if (problems !== undefined) throw fail("decision.bad_answer", { token, title: question.title, problems });
}

function findProblems({ options, schema }: Question, value: unknown): string | undefined {
  if (options !== undefined && !options.some((option) => option === value)) {
    return `it must be one of ${options.map((option) => JSON.stringify(option)).join(", ")}`;
  }
  if (schema === undefined) return undefined;
  const checked = toCheck(schema)(value);
  // A JSON Schema is checked at once.
  return "issues" in checked ? sayIssues(checked.issues) : undefined;
}
