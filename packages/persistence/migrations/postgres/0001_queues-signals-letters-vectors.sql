CREATE TABLE "mofa_blob" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"hash" text COLLATE "C" NOT NULL,
	"text" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_blob_use" (
	"blob" bigint NOT NULL,
	"run" bigint NOT NULL,
	CONSTRAINT "mofa_blob_use_run_blob_pk" PRIMARY KEY("run","blob")
);
--> statement-breakpoint
CREATE TABLE "mofa_letter" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"run" bigint NOT NULL,
	"draft" text NOT NULL,
	"taken_until" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_listen" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"run" bigint NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"topic" text COLLATE "C" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_signal" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"run" bigint NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"body" text,
	"consumed" bigint NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mofa_vector" (
	"fact" bigint NOT NULL,
	"namespace" bigint NOT NULL,
	"model" text COLLATE "C" NOT NULL,
	"floats" "bytea" NOT NULL,
	CONSTRAINT "mofa_vector_namespace_model_fact_pk" PRIMARY KEY("namespace","model","fact")
);
--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "queue" text COLLATE "C" DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "tenant" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "priority" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "partition" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "dedupe" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "wake_at" bigint;--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "due" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "deadline" bigint;--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "parent_run" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "parent_key" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "origin_run" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "origin_key" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "wakes" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "turn" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "mofa_run" ADD COLUMN "started_at" bigint;--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_blob_hash_unique" ON "mofa_blob" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "mofa_blob_use_blob" ON "mofa_blob_use" USING btree ("blob");--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_letter_id_unique" ON "mofa_letter" USING btree ("id");--> statement-breakpoint
CREATE INDEX "mofa_letter_taken_until_n" ON "mofa_letter" USING btree ("taken_until","n");--> statement-breakpoint
CREATE INDEX "mofa_letter_run" ON "mofa_letter" USING btree ("run");--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_listen_run_key_unique" ON "mofa_listen" USING btree ("run","key");--> statement-breakpoint
CREATE INDEX "mofa_listen_topic" ON "mofa_listen" USING btree ("topic");--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_signal_run_id_unique" ON "mofa_signal" USING btree ("run","id");--> statement-breakpoint
CREATE INDEX "mofa_vector_fact" ON "mofa_vector" USING btree ("fact");--> statement-breakpoint
CREATE INDEX "mofa_run_status_queue_due_wake_at_started_at" ON "mofa_run" USING btree ("status","queue","due","wake_at","started_at");--> statement-breakpoint
CREATE INDEX "mofa_run_status_wake_at" ON "mofa_run" USING btree ("status","wake_at");--> statement-breakpoint
CREATE INDEX "mofa_run_dedupe" ON "mofa_run" USING btree ("dedupe");--> statement-breakpoint
CREATE INDEX "mofa_run_parent_run" ON "mofa_run" USING btree ("parent_run");--> statement-breakpoint
CREATE INDEX "mofa_run_queue_started_at" ON "mofa_run" USING btree ("queue","started_at");--> statement-breakpoint
CREATE INDEX "mofa_run_finished_at" ON "mofa_run" USING btree ("finished_at");