CREATE TABLE "mofa_document" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"version" bigint NOT NULL,
	"body" text NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_entry" (
	"place" bigint PRIMARY KEY NOT NULL,
	"turn" text NOT NULL,
	"body" text NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_fact" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"namespace" bigint NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"text" text NOT NULL,
	"meta" text,
	"words" bigint NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_namespace" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"facts" bigint NOT NULL,
	"words" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_row" (
	"place" bigint PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"key" text NOT NULL,
	"parent" text NOT NULL,
	"type" text COLLATE "C" NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"body" text,
	"error" text,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_run" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"version" text COLLATE "C",
	"input" text NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	"output" text,
	"error" text,
	"epoch" bigint NOT NULL,
	"owner" text COLLATE "C",
	"lease_until" bigint,
	"takeovers" bigint NOT NULL,
	"cancel_requested" text,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"finished_at" bigint
);
--> statement-breakpoint
CREATE TABLE "mofa_session" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"length" bigint NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_task" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"token" text COLLATE "C" NOT NULL,
	"run" bigint NOT NULL,
	"key" text NOT NULL,
	"question" text NOT NULL,
	"expires_at" bigint,
	"status" text COLLATE "C" NOT NULL,
	"answer" text,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_word" (
	"namespace" bigint NOT NULL,
	"word" text COLLATE "C" NOT NULL,
	"fact" bigint NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "mofa_word_namespace_word_fact_pk" PRIMARY KEY("namespace","word","fact")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_document_id_unique" ON "mofa_document" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_fact_namespace_id_unique" ON "mofa_fact" USING btree ("namespace","id");--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_namespace_id_unique" ON "mofa_namespace" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_run_id_unique" ON "mofa_run" USING btree ("id");--> statement-breakpoint
CREATE INDEX "mofa_run_status_n" ON "mofa_run" USING btree ("status","n");--> statement-breakpoint
CREATE INDEX "mofa_run_name_n" ON "mofa_run" USING btree ("name","n");--> statement-breakpoint
CREATE INDEX "mofa_run_lease_until" ON "mofa_run" USING btree ("lease_until");--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_session_id_unique" ON "mofa_session" USING btree ("id");--> statement-breakpoint
CREATE INDEX "mofa_session_at_id" ON "mofa_session" USING btree ("at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_task_token_unique" ON "mofa_task" USING btree ("token");--> statement-breakpoint
CREATE INDEX "mofa_task_status_n" ON "mofa_task" USING btree ("status","n");--> statement-breakpoint
CREATE INDEX "mofa_task_run_n" ON "mofa_task" USING btree ("run","n");--> statement-breakpoint
CREATE INDEX "mofa_word_fact" ON "mofa_word" USING btree ("fact");