CREATE TABLE `mofa_blob` (
	`n` integer PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`text` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_blob_hash_unique` ON `mofa_blob` (`hash`);--> statement-breakpoint
CREATE TABLE `mofa_blob_use` (
	`blob` integer NOT NULL,
	`run` integer NOT NULL,
	PRIMARY KEY(`run`, `blob`)
);
--> statement-breakpoint
CREATE INDEX `mofa_blob_use_blob` ON `mofa_blob_use` (`blob`);--> statement-breakpoint
CREATE TABLE `mofa_letter` (
	`n` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`run` integer NOT NULL,
	`draft` text NOT NULL,
	`taken_until` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_letter_id_unique` ON `mofa_letter` (`id`);--> statement-breakpoint
CREATE INDEX `mofa_letter_taken_until_n` ON `mofa_letter` (`taken_until`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_letter_run` ON `mofa_letter` (`run`);--> statement-breakpoint
CREATE TABLE `mofa_listen` (
	`n` integer PRIMARY KEY NOT NULL,
	`run` integer NOT NULL,
	`key` text NOT NULL,
	`topic` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_listen_run_key_unique` ON `mofa_listen` (`run`,`key`);--> statement-breakpoint
CREATE INDEX `mofa_listen_topic` ON `mofa_listen` (`topic`);--> statement-breakpoint
CREATE TABLE `mofa_signal` (
	`n` integer PRIMARY KEY NOT NULL,
	`run` integer NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`body` text,
	`consumed` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_signal_run_id_unique` ON `mofa_signal` (`run`,`id`);--> statement-breakpoint
CREATE TABLE `mofa_vector` (
	`fact` integer NOT NULL,
	`namespace` integer NOT NULL,
	`model` text NOT NULL,
	`floats` blob NOT NULL,
	PRIMARY KEY(`namespace`, `model`, `fact`)
);
--> statement-breakpoint
CREATE INDEX `mofa_vector_fact` ON `mofa_vector` (`fact`);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `queue` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `tenant` text;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `priority` text;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `partition` text;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `dedupe` text;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `wake_at` integer;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `due` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `deadline` integer;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `parent_run` text;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `parent_key` text;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `origin_run` text;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `origin_key` text;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `wakes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `turn` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `started_at` integer;--> statement-breakpoint
DROP INDEX `mofa_run_lease_until`;--> statement-breakpoint
CREATE INDEX `mofa_run_lease_until` ON `mofa_run` (`lease_until`) WHERE "mofa_run"."lease_until" is not null;--> statement-breakpoint
CREATE INDEX `mofa_run_status_queue_due_wake_at_started_at` ON `mofa_run` (`status`,`queue`,`due`,`wake_at`,`started_at`);--> statement-breakpoint
CREATE INDEX `mofa_run_status_wake_at` ON `mofa_run` (`status`,`wake_at`) WHERE "mofa_run"."wake_at" is not null;--> statement-breakpoint
CREATE INDEX `mofa_run_dedupe` ON `mofa_run` (`dedupe`) WHERE "mofa_run"."dedupe" is not null;--> statement-breakpoint
CREATE INDEX `mofa_run_parent_run` ON `mofa_run` (`parent_run`) WHERE "mofa_run"."parent_run" is not null;--> statement-breakpoint
CREATE INDEX `mofa_run_queue_started_at` ON `mofa_run` (`queue`,`started_at`) WHERE "mofa_run"."started_at" is not null;--> statement-breakpoint
CREATE INDEX `mofa_run_finished_at` ON `mofa_run` (`finished_at`) WHERE "mofa_run"."finished_at" is not null;