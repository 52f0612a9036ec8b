import { library } from "@mofa/devkit/tsup";

export default library(["index", "sqlite/index", "postgres/index", "mysql/index", "admin/index"]);
