CREATE TABLE `mofa_blob` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`hash` varbinary(2048) NOT NULL,
	`text` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	CONSTRAINT `mofa_blob_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_blob_hash_unique` UNIQUE(`hash`)
);
--> statement-breakpoint
CREATE TABLE `mofa_blob_use` (
	`blob` bigint NOT NULL,
	`run` bigint NOT NULL,
	CONSTRAINT `mofa_blob_use_run_blob_pk` PRIMARY KEY(`run`,`blob`)
);
--> statement-breakpoint
CREATE TABLE `mofa_letter` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`id` varbinary(2048) NOT NULL,
	`run` bigint NOT NULL,
	`draft` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`taken_until` bigint NOT NULL,
	CONSTRAINT `mofa_letter_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_letter_id_unique` UNIQUE(`id`)
);
--> statement-breakpoint
CREATE TABLE `mofa_listen` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`run` bigint NOT NULL,
	`key` varbinary(2048) NOT NULL,
	`topic` varbinary(2048) NOT NULL,
	CONSTRAINT `mofa_listen_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_listen_run_key_unique` UNIQUE(`run`,`key`)
);
--> statement-breakpoint
CREATE TABLE `mofa_signal` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`run` bigint NOT NULL,
	`id` varbinary(2048) NOT NULL,
	`name` varbinary(2048) NOT NULL,
	`body` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	`consumed` bigint NOT NULL,
	`at` bigint NOT NULL,
	CONSTRAINT `mofa_signal_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_signal_run_id_unique` UNIQUE(`run`,`id`)
);
--> statement-breakpoint
CREATE TABLE `mofa_vector` (
	`fact` bigint NOT NULL,
	`namespace` bigint NOT NULL,
	`model` varbinary(2048) NOT NULL,
	`floats` longblob NOT NULL,
	CONSTRAINT `mofa_vector_namespace_model_fact_pk` PRIMARY KEY(`namespace`,`model`,`fact`)
);
--> statement-breakpoint
ALTER TABLE `mofa_run` MODIFY COLUMN `status` varbinary(100) NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `queue` varbinary(100) DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `tenant` varbinary(2048);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `priority` varbinary(100);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `partition` varbinary(2048);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `dedupe` varbinary(2048);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `wake_at` bigint;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `due` bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `deadline` bigint;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `parent_run` varbinary(2048);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `parent_key` varbinary(2048);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `origin_run` varbinary(2048);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `origin_key` varbinary(2048);--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `wakes` bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `turn` bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `mofa_run` ADD `started_at` bigint;--> statement-breakpoint
CREATE INDEX `mofa_blob_use_blob` ON `mofa_blob_use` (`blob`);--> statement-breakpoint
CREATE INDEX `mofa_letter_taken_until_n` ON `mofa_letter` (`taken_until`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_letter_run` ON `mofa_letter` (`run`);--> statement-breakpoint
CREATE INDEX `mofa_listen_topic` ON `mofa_listen` (`topic`);--> statement-breakpoint
CREATE INDEX `mofa_vector_fact` ON `mofa_vector` (`fact`);--> statement-breakpoint
CREATE INDEX `mofa_run_status_queue_due_wake_at_started_at` ON `mofa_run` (`status`,`queue`,`due`,`wake_at`,`started_at`);--> statement-breakpoint
CREATE INDEX `mofa_run_status_wake_at` ON `mofa_run` (`status`,`wake_at`);--> statement-breakpoint
CREATE INDEX `mofa_run_dedupe` ON `mofa_run` (`dedupe`);--> statement-breakpoint
CREATE INDEX `mofa_run_parent_run` ON `mofa_run` (`parent_run`);--> statement-breakpoint
CREATE INDEX `mofa_run_queue_started_at` ON `mofa_run` (`queue`,`started_at`);--> statement-breakpoint
CREATE INDEX `mofa_run_finished_at` ON `mofa_run` (`finished_at`);