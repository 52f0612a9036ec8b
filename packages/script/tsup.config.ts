import { library } from "@mofa/devkit/tsup";

// The worker is an entry of its own: it is started as a process.
export default library(["index", "worker"]);
