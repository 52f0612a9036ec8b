import { library } from "@mofa/devkit/tsup";

export default library(["main"]);
