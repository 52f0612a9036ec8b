import { library } from "@mofa/devkit/tsup";

// The worker entry is the program of threads and processes that hold an agent.
export default library(["index", "isolation/worker-entry"]);
